# --- the image that the clusters run (docs/image.md) ---------------------------------------------------------------
DAGS ?= dags
PLUGINS ?= plugins
REQUIREMENTS ?=
AIRFLOW_VERSION := $(shell sed -n 's/^apache-airflow==\([^ ]*\).*/\1/p' image/requirements.txt)
# A tag is never used twice: registries here are immutable. It begins with Airflow's version, which settings compare.
TAG ?= $(AIRFLOW_VERSION)-$(shell git rev-parse --short=12 HEAD)$(shell test -z "$$(git status --porcelain)" || echo -dirty)
IMAGE ?= airflow
DOCKER ?= docker
WITH_DOCKER = command -v $(DOCKER) >/dev/null || { echo "no $(DOCKER): install Docker with buildx, or name another, as in DOCKER=podman" >&2; exit 2; }
WITH_BUILDX = $(WITH_DOCKER); $(DOCKER) buildx version >/dev/null 2>&1 || { echo "$(DOCKER) has no buildx, which names build contexts: install its plugin" >&2; exit 2; }

.PHONY: image push
image:  ## build the image; DAGS=../dags REQUIREMENTS=../requirements.txt for another repository's
	@$(WITH_BUILDX)
	@for path in '$(DAGS)' '$(PLUGINS)' $(if $(REQUIREMENTS),'$(REQUIREMENTS)'); do test -e "$$path" || { echo "$$path: no such file or folder" >&2; exit 2; }; done
	$(DOCKER) buildx build --load --file image/Dockerfile --tag '$(IMAGE):$(TAG)' \
	  --build-context 'dags=$(DAGS)' --build-context 'plugins=$(PLUGINS)' \
	  --build-context 'extra=$(if $(REQUIREMENTS),$(dir $(REQUIREMENTS)),image)' --build-arg 'EXTRA=$(notdir $(REQUIREMENTS))' image

push:  ## push it: IMAGE=<the stack's registry>/airflow, as `make outputs STACK=…` says
	@case '$(IMAGE)' in */*) ;; *) echo 'IMAGE=$(IMAGE): name the registry, as in IMAGE=registry.example.org/airflow' >&2; exit 2;; esac
	@case '$(TAG)' in *-dirty) echo 'TAG=$(TAG): commit first, so that the tag says what is in it; or give a TAG' >&2; exit 2;; esac
	@$(WITH_DOCKER)
	$(DOCKER) push '$(IMAGE):$(TAG)'

# The bot's has its own name and tag; `make push IMAGE=… TAG=…` takes it too.
bot-image: IMAGE = airflow-bot
bot-image:  ## build the Slack bot's image: IMAGE=<a registry>/airflow-bot [TAG=…] (docs/delivery.md)
	@$(WITH_BUILDX)
	$(DOCKER) buildx build --load --file image/bot.Dockerfile --tag '$(IMAGE):$(TAG)' .

.PHONY: bot-image
