"""Airflow on a cluster.

Imports nothing itself: `config` and `sync` also run where no Pulumi is installed (`make up`, the image).
"""
