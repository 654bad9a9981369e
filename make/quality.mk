# --- quality (CONTRIBUTING.md) -------------------------------------------------------------------------------------------

check: lint types test  ## lint, types and tests: what CI runs

lint: $(VENV)/.installed  ## ruff, formatting included
	@$(VENV)/bin/ruff check -q --output-format concise .
	@$(VENV)/bin/ruff format -q --check .

# Built by Go from the module proxy, whose checksums stand behind the version; its caches stay in the checkout too.
ACTIONLINT_VERSION := v1.7.12
ACTIONLINT := $(CURDIR)/.tools/bin/actionlint-$(ACTIONLINT_VERSION)
$(ACTIONLINT):
	@command -v go >/dev/null || { echo "no go: install Go, which builds actionlint $(ACTIONLINT_VERSION)" >&2; exit 2; }
	@GOBIN=$(@D) GOPATH=$(CURDIR)/.tools/go GOCACHE=$(CURDIR)/.tools/go-cache GOFLAGS=-modcacherw \
	  go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION) && mv $(@D)/actionlint $@

lint-workflows: $(ACTIONLINT)  ## actionlint over .github/workflows, with shellcheck where that is there
	@$(ACTIONLINT)

types: $(VENV)/.installed  ## pyright, strict
	@$(VENV)/bin/pyright

format: $(VENV)/.installed  ## let ruff format and mend what it can
	@$(VENV)/bin/ruff format -q .
	@$(VENV)/bin/ruff check -q --fix .

TESTS ?= tests
# Those that start a whole Airflow run last, one after the other: on two cores they would wait for the rest.
WHOLE = $(filter tests,$(TESTS))
test: $(VENV)/.installed $(AIRFLOW)/.installed  ## all tests that this machine can run; TESTS=tests/unit for some
	@$(VENV)/bin/pytest -n 2 --dist loadgroup $(TESTS) $(if $(WHOLE),--ignore=tests/real) $(ARGS)
	$(if $(WHOLE),@$(VENV)/bin/pytest -n 2 --dist loadgroup tests/real $(ARGS))
	@$(MAKE) --no-print-directory suites

suites:
	@echo "Suites of their own, which \`make test\` does not run:"
	@awk -F ':.*## ' '/^(test-[a-z]+|e2e):.*## / {printf "  make %-12s %s\n", $$1, $$2}' make/quality.mk

# The helm of the PATH, else one that Go builds from the module proxy, as actionlint is.
HELM_VERSION := v3.22.0
HELM := $(or $(shell command -v helm),$(CURDIR)/.tools/helm-$(HELM_VERSION)/helm)
$(CURDIR)/.tools/helm-$(HELM_VERSION)/helm:
	@command -v go >/dev/null || { echo "no helm: install Helm, or Go, which builds helm $(HELM_VERSION)" >&2; exit 2; }
	@echo "building helm $(HELM_VERSION) …" >&2
	@GOBIN=$(@D) GOPATH=$(CURDIR)/.tools/go GOCACHE=$(CURDIR)/.tools/go-cache GOFLAGS=-modcacherw \
	  go install helm.sh/helm/v3/cmd/helm@$(HELM_VERSION)

CHARTS ?=
WITH_HELM = PATH='$(dir $(HELM))':"$$PATH"
PULLED = $(WITH_HELM) $(PY) -m tests.charts.pinned $(if $(CHARTS),--from '$(CHARTS)')
test-charts: $(VENV)/.installed $(HELM)  ## render the pinned charts: needs helm or Go, and their repositories or CHARTS=FOLDER (archives, sources)
	@$(PULLED)
	@$(WITH_HELM) $(VENV)/bin/pytest -n 2 --dist loadgroup tests/charts $(ARGS)

chart-pins: $(VENV)/.installed $(HELM)  ## after a new version of a chart: write what the tests know of it: [CHARTS=FOLDER]
	@$(PULLED) --write

test-live: $(VENV)/.installed  ## try the plan's objects on a cluster, in namespaces of their own: needs kubectl and KUBECONFIG (kind, minikube, …)
	@$(VENV)/bin/pytest -m live --timeout 1200 tests/live $(ARGS)

e2e: $(VENV)/.installed  ## the local stack's whole life on a cluster by the CLI, from a fresh clone: needs pulumi, kubectl, KUBECONFIG, NEXT_IMAGE; an hour
	@$(VENV)/bin/pytest -x --timeout 3600 tests/e2e $(ARGS)

# The version that requirements.txt pins the SDK of: the CLI of another minor version works as a rule.
PULUMI_SDK = $(shell sed -n 's/^pulumi==\([0-9.]*\).*/\1/p' requirements.txt)
test-engine: $(VENV)/.installed  ## every shipped stack on Pulumi's engine, with simulated clouds: needs pulumi on PATH, no account
	@command -v pulumi >/dev/null && command -v pulumi-language-python >/dev/null || { \
	  echo "no pulumi with its pulumi-language-python on the PATH: install the Pulumi CLI $(PULUMI_SDK) (docs/operations.md)" >&2; exit 2; }
	@$(VENV)/bin/pytest -n auto --dist loadgroup --timeout 1800 tests/engine -k 'not survives' $(ARGS)
	@$(PY) -m tests.engine.table changes

test-survival: $(VENV)/.installed  ## all that can go wrong in a stack's life, and docs/survival.md from it: needs pulumi on PATH, an hour
	@$(VENV)/bin/pytest -n auto --timeout 3600 tests/engine/test_survival.py $(ARGS)
	@$(PY) -m tests.engine.table survival

.PHONY: check lint lint-workflows types format test suites test-charts chart-pins test-engine test-survival test-live e2e
