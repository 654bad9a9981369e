"""Airflow and PostgreSQL as processes of this machine: what `make up` runs (docs/local.md)."""
