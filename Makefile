# Installation and pins; the verbs stand in make/*.mk, one line each, and what they do in ops/, local/ and infra/preview.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# The clouds' SDKs are hundreds of modules: compiled once, a plan takes half the time and 60 MB less. uv compiles nothing,
# so the installation ends with one plan on each cloud.
export PYTHONDONTWRITEBYTECODE :=
PYTHON ?= python3
UV_VERSION := 0.13.8
VENV := .venv
PY := $(VENV)/bin/python
# Caches stay in the checkout like all else; name a shared one to spare downloads.
export UV_CACHE_DIR ?= $(CURDIR)/.tools/uv
# uv trusts what git and curl trust here, a company's own authority included, and not only the roots that it brings.
export UV_SYSTEM_CERTS ?= true
export PYRIGHT_PYTHON_CACHE_DIR ?= $(CURDIR)/.tools/pyright
export PRE_COMMIT_HOME ?= $(CURDIR)/.tools/pre-commit
STACK ?=
STACKS ?= .
ARGS ?=

# What people, branches and pull requests give stands in single quotes in the recipes. What would end the quotes, start a
# line, or be expanded by make is refused before anything runs; `value` does not expand. ARGS, CMD and EDITOR are words for
# the shell on purpose.
GIVEN := STACK STACKS CONFIG BASE OUT RELEASE DUMP DATABASE REF IMAGE_TAG FILE DAGS PLUGINS REQUIREMENTS IMAGE TAG BRANCH BY \
  REASON URL NUMBER HEAD DAG SERVICE PORT BASE_IMAGE CHARTS EARLIER DROP MAIL
define newline


endef
unsafe = $(findstring ',$(1))$(findstring $$,$(1))$(findstring `,$(1))$(findstring $(newline),$(1))
from_outside = $(filter command environment,$(origin $(1)))
$(foreach name,$(GIVEN),$(if $(and $(call from_outside,$(name)),$(call unsafe,$(value $(name)))),$(error \
  $(name) may hold no single quote, dollar, backtick or line break)))

# --- installation: each set into the checkout, nothing elsewhere; what it says is not the output of a verb ---------------------------------------------

$(VENV)/.uv:
	@command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON) on the PATH: Python 3.11 or later is needed; PYTHON=… names another" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv --clear $(VENV)
	@$(PY) -m pip install -q --no-cache-dir --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV)/.installed: $(VENV)/.uv requirements/dev.txt
	@echo "installing the development environment into $(VENV) …" >&2
	@VIRTUAL_ENV=$(VENV) $(PY) -m uv pip sync -q --require-hashes requirements/dev.txt
	@for folder in . examples/azure; do $(PY) -m infra.preview --stack production --stacks $$folder --json >/dev/null 2>&1 & done; wait
	@touch $@

# Airflow as the image has it (image/requirements.txt), and PostgreSQL, in a virtualenv of its own
AIRFLOW := .airflow
.PRECIOUS: $(AIRFLOW)/.installed
$(AIRFLOW)/.installed: $(VENV)/.uv image/requirements.txt image/requirements-local.txt
	@if test -S $(AIRFLOW)/run/supervisor.sock; then echo "other pins than what runs here: stopping it first" >&2; $(MAKE) --no-print-directory stop; fi
	@rm -f $@  # else a broken-off installation would pass for one
	@echo "installing Airflow into $(AIRFLOW)/venv …" >&2
	@test -x $(AIRFLOW)/venv/bin/python || $(PY) -m uv venv -q --relocatable --python $(PY) $(AIRFLOW)/venv
	@$(PY) -m uv pip sync -q --python $(AIRFLOW)/venv/bin/python --require-hashes image/requirements.txt image/requirements-local.txt
	@touch $@

install: $(VENV)/.installed  ## install the program and its tools into .venv

pins: $(VENV)/.uv  ## compile the pinned requirement files again
	$(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/program.in -o requirements.txt
	$(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements.txt requirements/dev.in -o requirements/dev.txt
	$(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate image/requirements.in -o image/requirements.txt
	$(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c image/requirements.txt image/requirements-local.in -o image/requirements-local.txt
	$(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/checkov.in -o requirements/checkov.txt
	$(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements/dev.txt requirements/bot.in -o requirements/bot.txt

# in the order in which `make help` shows them
include $(addprefix make/,$(addsuffix .mk,local secrets stack preflight ops delivery image judge quality))

.PHONY: help install pins
help:  ## list the verbs
	@awk -F ':.*## ' '/^# --- / {gsub(/^# -+ | -+$$/, ""); title = $$0} \
	  /^[a-z][a-z0-9-]*:.*## / {if (title) print "\n" title; title = ""; printf "  %-15s %s\n", $$1, $$2}' $(filter make/%,$(MAKEFILE_LIST)) Makefile
