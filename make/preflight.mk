# --- questions to the cloud or the cluster before the first `up` (ops/preflight) --------------------------------------------------------

preflight: $(VENV)/.installed  ## ask the cloud or the cluster, read-only, whether a stack can be built there: STACK=…
	@$(PY) -m ops preflight $(WITH_STACK)

MAIL ?=
prove: $(VENV)/.installed  ## take an ephemeral copy of a stack through its life in its account, destroy it, and report: STACK=… [MAIL=you@…] [YES=1]
	@$(PY) -m ops prove $(WITH_STACK) --mail-to '$(MAIL)' $(if $(YES),--yes)

.PHONY: preflight prove
