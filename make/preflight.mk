# --- questions to the cloud or the cluster before the first `up` (ops/preflight) --------------------------------------------------------

preflight: $(VENV)/.installed  ## ask the cloud or the cluster, read-only, whether a stack can be built there: STACK=…
	@$(PY) -m ops preflight $(WITH_STACK)

.PHONY: preflight
