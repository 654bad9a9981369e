# --- delivery (docs/delivery.md) -----------------------------------------------------------------------------------

BRANCH ?=
BY ?=
REASON ?=
IF_MINE ?=
URL ?=
NUMBER ?=
HEAD ?=
IF_FREE ?=

lock: $(VENV)/.installed  ## take a stack for a branch, so that no other is deployed over it: STACK=… BRANCH=… [REASON=…] [IF_FREE=1]
	@$(PY) -m ops lock $(WITH_STACK) --branch '$(BRANCH)' --by '$(BY)' --reason '$(REASON)' $(if $(IF_FREE),--if-free)

unlock: $(VENV)/.installed  ## give a stack back: STACK=… BRANCH=… [IF_MINE=1] [ARGS=--force]
	@$(PY) -m ops unlock $(WITH_STACK) --branch '$(BRANCH)' $(if $(IF_MINE),--if-mine) $(ARGS)

where: $(VENV)/.installed  ## say who has a stack: STACK=…
	@$(PY) -m ops where $(WITH_STACK)

canary: $(VENV)/.installed  ## run the canary DAG on each release of a stack: STACK=… [URL=…]
	@$(PY) -m ops canary $(WITH_STACK) --url '$(URL)' $(ARGS)

how-to-go-back: $(VENV)/.installed  ## say how the version before comes back: STACK=…
	@$(PY) -m ops how-to-go-back $(WITH_STACK)

plan-comment: $(VENV)/.installed  ## write a plan under its pull request: NUMBER=… HEAD=… FILE=… (GITHUB_TOKEN in the environment)
	@$(PY) -m ops plan-comment --number '$(NUMBER)' --head '$(HEAD)' --file '$(FILE)'

publish: $(VENV)/.installed  ## build the image and push it to where a stack pulls it from: STACK=… [IMAGE_TAG=…] [REQUIREMENTS=…]
	@$(PY) -m ops publish $(WITH_STACK) --image-tag '$(IMAGE_TAG)' --dags '$(DAGS)' --requirements '$(REQUIREMENTS)'

bot: $(VENV)/.installed  ## run the Slack bot on this machine, with its variables in the environment (docs/delivery.md)
	@$(PY) -m bot

.PHONY: bot publish lock unlock where canary how-to-go-back plan-comment
