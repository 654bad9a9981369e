# --- the plan on AWS or Azure, judged by checkov (ops/judge) ---------------------------------------------------------------------

CHECKOV := .venv-checkov
.PRECIOUS: $(CHECKOV)/.installed
$(CHECKOV)/.installed: $(VENV)/.uv requirements/checkov.txt
	@echo "installing checkov into $(CHECKOV) …" >&2
	@test -x $(CHECKOV)/bin/python || $(PY) -m uv venv -q --python $(PY) $(CHECKOV)
	@$(PY) -m uv pip sync -q --python $(CHECKOV)/bin/python --require-hashes requirements/checkov.txt
	@touch $@

judge: $(VENV)/.installed $(CHECKOV)/.installed  ## let checkov judge the plan of a stack on AWS or Azure: STACK=production [STACKS=examples/azure]
	@$(PY) -m ops judge $(WITH_STACK) $(ARGS)

.PHONY: judge
