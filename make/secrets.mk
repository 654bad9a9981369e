# --- settings: connections, variables, pools, users (docs/settings-as-code.md) -----------------------------------------

FILE ?=
RELEASE ?=
SECRET = $(PY) -m ops.secret $(1) $(WITH_STACK) --release '$(RELEASE)'

edit-secret: $(VENV)/.installed  ## edit a stack's settings in $EDITOR: STACK=local|… [RELEASE=…] [STACKS=examples/azure]
	@$(call SECRET,edit)

apply-secret: $(VENV)/.installed  ## store a settings file and deploy it: STACK=… FILE=…|- [ARGS=--yes] [STACKS=…]; STACK=local: sync
	@$(call SECRET,apply) --file '$(FILE)' -- $(ARGS)

.PHONY: edit-secret apply-secret
