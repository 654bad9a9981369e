# --- Airflow on this machine (docs/local.md) ----------------------------------------------------------------------
PORT ?= 1234
SERVICE ?=
DAG ?=
CONF ?= {}
CMD ?=
YES ?=
LOCAL := $(AIRFLOW)/venv/bin/python -m local

.PHONY: up start stop restart status logs shell check-dags run clean
up: $(AIRFLOW)/.installed  ## Airflow on this machine, in the foreground; PORT=1234
	@$(LOCAL) up --port '$(PORT)'

start: $(AIRFLOW)/.installed  ## the same in the background
	@$(LOCAL) up --port '$(PORT)' --detach

# These ask what runs: they install nothing, and change nothing under it.
THERE := test -f $(AIRFLOW)/.installed || { echo "no Airflow in this checkout yet: make up installs and starts it" >&2; exit 2; }

stop:  ## stop it
	@if test -f $(AIRFLOW)/.installed; then $(LOCAL) stop; else echo "nothing runs here"; fi

# on the port that it had, unless another is given
restart: HAD = $(if $(filter file,$(origin PORT)),$(shell cat $(AIRFLOW)/run/port 2>/dev/null))
restart:  ## stop, then start in the background on the same port
	@$(MAKE) --no-print-directory stop
	@$(MAKE) --no-print-directory start $(addprefix PORT=,$(HAD))

status:  ## what runs, since when, how healthy
	@$(THERE)
	@$(LOCAL) status

logs:  ## follow the logs; SERVICE=scheduler for one
	@$(THERE)
	@$(LOCAL) logs --service "$(SERVICE)" $(ARGS)

shell:  ## a shell in Airflow's environment; CMD="airflow dags list" for one command
	@$(THERE)
	@$(LOCAL) shell -- $(CMD)

check-dags: $(AIRFLOW)/.installed  ## import errors, load times and flake8 over dags/ and plugins/
	@$(LOCAL) check-dags

run: export CONF := $(value CONF)
run:  ## run a DAG and show its logs: DAG=taskflow_pipeline CONF='{"key": 1}' [ARGS="--timeout 7200"]
	@test -n "$(DAG)" || { echo "say which: make run DAG=taskflow_pipeline" >&2; exit 2; }
	@$(THERE)
	@$(LOCAL) run --conf "$$CONF" $(ARGS) "$(DAG)"

clean:  ## stop it and remove .airflow (database, logs, keys); YES=1 does not ask
	@if test -f $(AIRFLOW)/.installed; then $(LOCAL) clean $(if $(YES),--yes); else rm -rf $(AIRFLOW); fi
