# --- the image that the clusters run (docs/image.md) ---------------------------------------------------------------
DAGS ?= dags
PLUGINS ?= plugins
REQUIREMENTS ?=
AIRFLOW_VERSION := $(shell sed -n 's/^apache-airflow==\([^ ]*\).*/\1/p' image/requirements.txt)
# A tag is never used twice: registries here are immutable. It begins with Airflow's version, which settings compare.
TAG ?= $(AIRFLOW_VERSION)-$(shell git rev-parse --short=12 HEAD)$(shell test -z "$$(git status --porcelain)" || echo -dirty)
IMAGE ?= airflow
DOCKER ?= docker
# a mirror of the image that the Dockerfile begins with, where Docker Hub is out of reach
BASE_IMAGE ?=
WITH_DOCKER = command -v $(DOCKER) >/dev/null || { echo "no $(DOCKER): install Docker with buildx, or Podman and say DOCKER=podman" >&2; exit 2; }
# BuildKit and Podman know named contexts, and an ignore file for each Dockerfile; Docker without buildx neither
CAN_BUILD = $(WITH_DOCKER); $(DOCKER) build --help 2>/dev/null | grep -q -- --build-context || { \
  echo "\`$(DOCKER) build\` knows no --build-context: install Docker's plugin buildx, or Podman and say DOCKER=podman" >&2; exit 2; }
# Docker's format with Podman too: OCI's drops the shell that the official image sets
BUILD = BUILDAH_FORMAT=docker $(DOCKER) build --tag '$(IMAGE):$(TAG)' $(if $(BASE_IMAGE),--build-arg 'BASE_IMAGE=$(BASE_IMAGE)')

.PHONY: image push
image:  ## build the image; DAGS=../dags REQUIREMENTS=../requirements.txt for another repository's
	@$(CAN_BUILD)
	@code=0; miss() { echo "$$1: no such $$2" >&2; code=2; }; \
	  test -d '$(DAGS)' || miss 'DAGS=$(DAGS)' folder; test -d '$(PLUGINS)' || miss 'PLUGINS=$(PLUGINS)' folder; \
	  test -z '$(REQUIREMENTS)' -o -f '$(REQUIREMENTS)' || miss 'REQUIREMENTS=$(REQUIREMENTS)' file; exit $$code
	file='$(or $(REQUIREMENTS),image/requirements.txt)'; \
	  $(BUILD) --file image/Dockerfile --build-context 'dags=$(DAGS)' --build-context 'plugins=$(PLUGINS)' \
	  --build-context "extra=$$(dirname "$$file")" --build-arg "EXTRA=$$(basename "$$file")" image

push:  ## push it: IMAGE=<the stack's registry>/airflow, as `make outputs STACK=…` says
	@case '$(IMAGE)' in */*) ;; *) echo 'IMAGE=$(IMAGE): name the registry, as in IMAGE=registry.example.org/airflow' >&2; exit 2;; esac
	@case '$(TAG)' in *-dirty) echo 'TAG=$(TAG): commit first, so that the tag says what is in it; or give a TAG' >&2; exit 2;; esac
	@$(WITH_DOCKER)
	@$(DOCKER) push '$(IMAGE):$(TAG)' || { \
	  echo 'not pushed: `make image IMAGE=$(IMAGE) TAG=$(TAG)` builds it; registryLoginCommand of `make outputs STACK=…` logs in' >&2; exit 1; }

# The bot's has its own name and tag; `make push IMAGE=… TAG=…` takes it too.
bot-image: IMAGE = airflow-bot
bot-image:  ## build the Slack bot's image: IMAGE=<a registry>/airflow-bot [TAG=…] (docs/delivery.md)
	@$(CAN_BUILD)
	$(BUILD) --file image/bot.Dockerfile .

.PHONY: bot-image
