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
# Those that start a whole Airflow run alone and last: two at once on two cores would wait for each other.
WHOLE = $(filter tests,$(TESTS))
test: $(VENV)/.installed $(AIRFLOW)/.installed  ## all tests that this machine can run; TESTS=tests/unit for some
	@$(VENV)/bin/pytest -n 2 --dist loadgroup $(TESTS) $(if $(WHOLE),--ignore=tests/real) $(ARGS)
	$(if $(WHOLE),@$(VENV)/bin/pytest tests/real $(ARGS))

test-live: $(VENV)/.installed  ## try the plan's objects on the cluster of KUBECONFIG: namespaces of their own, removed after
	@$(VENV)/bin/pytest -m live --timeout 1200 tests/live $(ARGS)

.PHONY: check lint lint-workflows types format test test-live
