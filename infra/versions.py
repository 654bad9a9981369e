"""Every pin of a chart, an image, Kubernetes and Airflow, one a line. Python's own pins are in requirements.txt."""

AIRFLOW = "3.3.2"  # chart 1.22.0 defaults to 3.2.2, which no longer starts from PyPI; this pair was seen to run
AIRFLOW_CHART = "1.22.0"
AIRFLOW_CHART_REPOSITORY = "https://airflow.apache.org"

KUBERNETES_DEFAULT = "1.34"
KUBERNETES_KNOWN = ("1.32", "1.33", "1.34", "1.35")  # ingress-nginx was last tested with 1.35

POSTGRES_MAJOR = 17  # offered by RDS and Flexible Server, and in Airflow 3.3's list of supported versions
POSTGRES_KNOWN = (14, 15, 16, 17)
POSTGRES_IMAGE = "postgres:17.7-bookworm"  # the official image, for the existing cluster's own database
