"""Every pin of a chart, an image, Kubernetes and Airflow, one a line. Python's own pins are in requirements.txt."""

from datetime import date

AIRFLOW = "3.3.2"  # chart 1.22.0 defaults to 3.2.2, which no longer starts from PyPI; this pair was seen to run
AIRFLOW_CHART = "1.22.0"
# The official image on Python 3.12. Its digest stands alike in two public repositories that pin it and run it in CI
# (November 2026); no registry could be asked here, so compare it with `docker buildx imagetools inspect` once.
AIRFLOW_IMAGE = "apache/airflow"
AIRFLOW_IMAGE_TAG = "3.3.2-python3.12"
AIRFLOW_IMAGE_DIGEST = "sha256:9df9c8be4096b9cc626bd7cb1f2b8c712eef66c59c615f8c7e6200871ca10bd1"
STATSD_IMAGE_TAG = "v0.30.0"  # quay.io/prometheus/statsd-exporter, the chart's own
GIT_SYNC_IMAGE_TAG = "v4.4.2"  # registry.k8s.io/git-sync/git-sync, the chart's own
REDIS_IMAGE_TAG = "7.2.11-bookworm"  # the last line under the BSD licence; the chart's 7.2-bookworm moves
RABBITMQ_IMAGE = "rabbitmq:4.1.4-alpine"  # the official image; Celery needs no plugin of it
AIRFLOW_CHART_REPOSITORY = "https://airflow.apache.org"

KUBERNETES_DEFAULT = "1.35"  # EKS' standard support of 1.34 ends on 2 December 2026, that of 1.35 on 27 March 2027
# What each cloud supports in November 2026, without the price of its long-term support; the preflight asks the cloud.
# EKS' 1.37 is left out as long as there is no autoscaler of it.
KUBERNETES_KNOWN = {
    "aws": ("1.34", "1.35", "1.36"),
    "azure": ("1.34", "1.35", "1.36", "1.37"),
    "existing": ("1.32", "1.33", "1.34", "1.35", "1.36", "1.37"),
}
KUBERNETES_ENDS = {  # the project's own support: kubernetes.io/releases
    "1.34": date(2026, 10, 27),
    "1.35": date(2027, 2, 28),
    "1.36": date(2027, 6, 28),
    "1.37": date(2027, 10, 28),
}

POSTGRES_MAJOR = 17  # offered by RDS and Flexible Server, and in Airflow 3.3's list of supported versions
POSTGRES_KNOWN = (14, 15, 16, 17)
POSTGRES_ENDS = {  # the last release of each: postgresql.org/support/versioning
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
}
POSTGRES_IMAGE = (
    "postgres:17.9-bookworm"  # official; for the existing cluster's own database; as of docker-library, 02/2026
)

# Charts of the platform: the newest in their public repositories on 22 August 2026 (Chart.yaml at that commit or tag)
INGRESS_NGINX_CHART = "4.15.1"  # controller 1.15.1; kubernetes/ingress-nginx dbb11b92, 20 March 2026: the last release
INGRESS_NGINX_REPOSITORY = "https://kubernetes.github.io/ingress-nginx"
INGRESS_NGINX_LAST = (1, 35)  # the newest Kubernetes in its README's table of tested versions
TRAEFIK_CHART = "41.3.0"  # Traefik 3.7.11; traefik/traefik-helm-chart a8a66d00
TRAEFIK_REPOSITORY = "https://traefik.github.io/charts"
CERT_MANAGER_CHART = "v1.21.1"  # cert-manager/cert-manager, tag v1.21.1
CERT_MANAGER_REPOSITORY = "https://charts.jetstack.io"
MONITORING_CHART = "88.5.3"  # kube-prometheus-stack, operator 0.93.1; prometheus-community/helm-charts cf408a29
MONITORING_REPOSITORY = "https://prometheus-community.github.io/helm-charts"
KEDA_CHART = "2.20.2"  # kedacore/charts 1444d00d
KEDA_REPOSITORY = "https://kedacore.github.io/charts"
CHAOSKUBE_IMAGE = "ghcr.io/linki/chaoskube:v0.39.1"  # linki/chaoskube, tag v0.39.1; its chart's repository of images

AUTOSCALER_CHART = "9.59.0"
AUTOSCALER_CHART_REPOSITORY = "https://kubernetes.github.io/autoscaler"
# One for each of KUBERNETES_KNOWN on AWS: the autoscaler carries the scheduler of its own minor version.
AUTOSCALER_IMAGES = {"1.34": "v1.34.4", "1.35": "v1.35.1", "1.36": "v1.36.1"}
POSTGRES_EXPORTER_IMAGE = "quay.io/prometheuscommunity/postgres-exporter:v0.20.1"  # its repository, tag v0.20.1
