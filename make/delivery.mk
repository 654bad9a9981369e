# --- delivery (docs/delivery.md) -----------------------------------------------------------------------------------

BRANCH ?=
BY ?=
REASON ?=
IF_MINE ?=
URL ?=
NUMBER ?=
HEAD ?=
IF_FREE ?=

# These come from people, branches and pull requests, and stand in single quotes below: what would end the quotes, start
# a line, or be expanded by make is refused before anything runs. `value` does not expand.
define newline


endef
GIVEN := BRANCH BY REASON URL NUMBER HEAD FILE STACK REF IMAGE_TAG
unsafe = $(findstring ',$(1))$(findstring $$,$(1))$(findstring `,$(1))$(findstring $(newline),$(1))
$(foreach name,$(GIVEN),$(if $(call unsafe,$(value $(name))),$(error $(name) may hold no quote, dollar, backtick or line break)))

lock: $(VENV)/.installed  ## take a stack for a branch, so that no other is deployed over it: STACK=… BRANCH=… [REASON=…] [IF_FREE=1]
	@$(PY) -m ops lock --stack '$(STACK)' --branch '$(BRANCH)' --by '$(BY)' --reason '$(REASON)' $(if $(IF_FREE),--if-free)

unlock: $(VENV)/.installed  ## give a stack back: STACK=… BRANCH=… [IF_MINE=1] [ARGS=--force]
	@$(PY) -m ops unlock --stack '$(STACK)' --branch '$(BRANCH)' $(if $(IF_MINE),--if-mine) $(ARGS)

where: $(VENV)/.installed  ## say who has a stack: STACK=…
	@$(PY) -m ops where --stack '$(STACK)'

canary: $(VENV)/.installed  ## run the canary DAG on each release of a stack: STACK=… [URL=…]
	@$(PY) -m ops canary $(WITH_STACK) --url '$(URL)' $(ARGS)

how-to-go-back: $(VENV)/.installed  ## say how the version before comes back: STACK=…
	@$(PY) -m ops how-to-go-back --stack '$(STACK)'

plan-comment: $(VENV)/.installed  ## write a plan under its pull request: NUMBER=… HEAD=… FILE=… (GITHUB_TOKEN in the environment)
	@$(PY) -m ops plan-comment --number '$(NUMBER)' --head '$(HEAD)' --file '$(FILE)'

publish: $(VENV)/.installed  ## build the image and push it to where a stack pulls it from: STACK=… IMAGE_TAG=…
	@$(PY) -m ops publish $(WITH_STACK) --image-tag '$(IMAGE_TAG)'

bot: $(VENV)/.installed  ## run the Slack bot on this machine, with its variables in the environment (docs/delivery.md)
	@$(PY) -m bot

.PHONY: bot publish lock unlock where canary how-to-go-back plan-comment
