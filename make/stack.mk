# --- a stack -----------------------------------------------------------------------------------------------------

CONFIG ?=
preview: $(VENV)/.installed  ## plan a stack without an account: STACK=production [STACKS=examples/azure] [CONFIG="k=v …"] [ARGS=…]
	@$(PY) -m infra.preview $(if $(STACK),--stack $(STACK)) --stacks $(STACKS) $(foreach pair,$(CONFIG),--config '$(pair)') $(ARGS)

.PHONY: preview
