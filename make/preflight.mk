# --- questions to the cloud before the first `up` (ops/preflight) --------------------------------------------------------

preflight: $(VENV)/.installed  ## ask the cloud, read-only, whether a stack can be built there: STACK=…
	@$(PY) -m ops preflight $(WITH_STACK)

.PHONY: preflight
