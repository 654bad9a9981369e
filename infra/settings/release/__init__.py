"""One Airflow of a stack: an entry of `releases`."""

from infra.settings.release.dags import BundleDags, GitDags, GitRepository, ImageDags, ShareDags
from infra.settings.release.execution import Celery, Image, Tasks
from infra.settings.release.logs import ObjectStoreLogs, PodLogs, ShareLogs
from infra.settings.release.model import Release
from infra.settings.release.serving import Admin, Cleanup, EgressRule, Email

__all__ = [
    "Admin",
    "BundleDags",
    "Celery",
    "Cleanup",
    "EgressRule",
    "Email",
    "GitDags",
    "GitRepository",
    "Image",
    "ImageDags",
    "ObjectStoreLogs",
    "PodLogs",
    "Release",
    "ShareDags",
    "ShareLogs",
    "Tasks",
]
