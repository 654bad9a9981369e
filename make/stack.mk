# --- the plan of a stack, without an account (docs/preview.md) --------------------------------------------------------

CONFIG ?=
preview: $(VENV)/.installed  ## plan a stack without an account: STACK=production [STACKS=examples/azure] [CONFIG="k=v …"] [ARGS=…]
	@$(PY) -m infra.preview $(WITH_STACK) $(foreach pair,$(CONFIG),--config '$(pair)') $(ARGS)

BASE ?= origin/main
OUT ?=
plan-diff: $(VENV)/.installed  ## what a change does to every stack, as a Markdown comment: [BASE=origin/main] [OUT=FILE]
	@$(PY) -m ops plan-diff --base '$(BASE)' $(if $(OUT),--out '$(OUT)')

.PHONY: preview plan-diff
