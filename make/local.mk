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
	@$(LOCAL) up --port $(PORT)

start: $(AIRFLOW)/.installed  ## the same in the background
	@$(LOCAL) up --port $(PORT) --detach

stop: $(AIRFLOW)/.installed  ## stop it
	@$(LOCAL) stop

restart: stop start  ## stop, then start in the background

status: $(AIRFLOW)/.installed  ## what runs, since when, how healthy
	@$(LOCAL) status

logs: $(AIRFLOW)/.installed  ## follow the logs; SERVICE=scheduler for one
	@$(LOCAL) logs --service "$(SERVICE)" $(ARGS)

shell: $(AIRFLOW)/.installed  ## a shell in Airflow's environment; CMD="airflow dags list" for one command
	@$(LOCAL) shell -- $(CMD)

check-dags: $(AIRFLOW)/.installed  ## import errors, load times and flake8 over dags/ and plugins/
	@$(LOCAL) check-dags

run: $(AIRFLOW)/.installed  ## run a DAG and show its logs: DAG=taskflow_pipeline CONF='{"key": 1}'
	@test -n "$(DAG)" || { echo "say which: make run DAG=taskflow_pipeline" >&2; exit 2; }
	@$(LOCAL) run --conf '$(CONF)' "$(DAG)"

clean:  ## stop it and remove .airflow (database, logs, keys); YES=1 does not ask
	@if test -x $(AIRFLOW)/venv/bin/python; then $(LOCAL) clean $(if $(YES),--yes); else rm -rf $(AIRFLOW); fi
