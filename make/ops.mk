# --- work on a stack (docs/operations.md) -------------------------------------------------------------------------------

WITH_STACK = --stack '$(STACK)' --stacks '$(STACKS)'
DUMP ?=
DATABASE ?=
REF ?=
IMAGE_TAG ?=
SSH_KEY ?=
RESET ?=
EARLIER ?=
DROP ?=

secrets: $(VENV)/.installed  ## make the secrets of a stack that can be made, and say which a person brings: STACK=… [SSH_KEY=1]
	@$(PY) -m ops secrets $(WITH_STACK) $(if $(SSH_KEY),--ssh-key)

deploy: $(VENV)/.installed  ## make a stack what its file says, by `pulumi up`: STACK=… [REF=the DAGs' branch|RESET=1] [IMAGE_TAG=…] [YES=1]
	@$(PY) -m ops deploy $(WITH_STACK) --ref '$(REF)' --branch '$(BRANCH)' $(if $(RESET),--reset) \
	  --image-tag '$(IMAGE_TAG)' -- $(if $(YES),--yes --skip-preview) $(ARGS)

deploy-preview: $(VENV)/.installed  ## plan against what is there, by `pulumi preview`, and change nothing: STACK=… [REF=branch]
	@$(PY) -m ops deploy $(WITH_STACK) --ref '$(REF)' --branch '$(BRANCH)' --preview -- --diff $(ARGS)

destroy: $(VENV)/.installed  ## delete what a stack made, by `pulumi destroy`: STACK=… [ARGS=…]
	@$(PY) -m ops destroy $(WITH_STACK) -- $(ARGS)

outputs: $(VENV)/.installed  ## show what a stack exports: STACK=… [ARGS=--json]
	@$(PY) -m ops outputs $(WITH_STACK) $(ARGS)

ui: $(VENV)/.installed  ## open a UI, by its ingress or a forwarded port: STACK=… [SERVICE=flower|grafana] [RELEASE=…] [ARGS=--no-browser]
	@$(PY) -m ops ui $(WITH_STACK) $(if $(SERVICE),--service '$(SERVICE)') $(if $(RELEASE),--release '$(RELEASE)') $(ARGS)

dump: $(VENV)/.installed  ## dump the database in an existing cluster now: STACK=…
	@$(PY) -m ops dump $(WITH_STACK)

restore: $(VENV)/.installed  ## put a dump back, or list them: STACK=… [DUMP=latest] [DATABASE=…] [ARGS=--yes]
	@$(PY) -m ops restore $(WITH_STACK) $(if $(DUMP),--dump '$(DUMP)') $(if $(DATABASE),--database '$(DATABASE)') $(ARGS)

rotate-fernet: $(VENV)/.installed  ## give a release a new Fernet key; again after an interruption: STACK=… [RELEASE=…] [EARLIER=COMMIT] [ARGS=…]
	@$(PY) -m ops rotate-fernet $(WITH_STACK) $(if $(RELEASE),--release '$(RELEASE)') $(if $(EARLIER),--earlier '$(EARLIER)') -- $(ARGS)

rotate-database: $(VENV)/.installed  ## give a release new passwords of its database, without a pause; again after an interruption: STACK=… [RELEASE=…] [ARGS=…]
	@$(PY) -m ops rotate-database $(WITH_STACK) $(if $(RELEASE),--release '$(RELEASE)') -- $(ARGS)

remove-release: $(VENV)/.installed  ## take a release out of a stack; its data stays: STACK=… RELEASE=… [DROP=airflow_RELEASE] [YES=1] [ARGS=--no-copy]
	@$(PY) -m ops remove-release $(WITH_STACK) --release '$(RELEASE)' --drop '$(DROP)' $(if $(YES),--yes) $(ARGS) -- $(if $(YES),--yes --skip-preview)

upload-dags: $(VENV)/.installed  ## make a release's DAG share what dags/ and plugins/ are: STACK=… [RELEASE=…] [DAGS=dags] [PLUGINS=plugins]
	@$(PY) -m ops upload-dags $(WITH_STACK) $(if $(RELEASE),--release '$(RELEASE)') --dags '$(DAGS)' --plugins '$(PLUGINS)' $(ARGS)

adopt: $(VENV)/.installed  ## take up what a killed run had made and could not write down: STACK=… [ARGS=…]
	@$(PY) -m ops adopt $(WITH_STACK) -- $(ARGS)

unlock-release: $(VENV)/.installed  ## free Helm releases that a killed run left pending: STACK=… [RELEASE=…] [ARGS=--yes]
	@$(PY) -m ops unlock-release $(WITH_STACK) $(if $(RELEASE),--release '$(RELEASE)') $(ARGS)

docs: $(VENV)/.installed  ## write docs/settings.md and Pulumi.yaml's declarations from the models
	@$(PY) -m ops docs $(ARGS)

.PHONY: secrets deploy deploy-preview destroy outputs ui dump restore rotate-fernet rotate-database remove-release upload-dags adopt unlock-release docs
