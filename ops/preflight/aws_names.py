"""The names that a stack gives on AWS: free, or the stack's own from an earlier `up`."""

from collections.abc import Callable, Iterator
from functools import partial

from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from infra.cloud.aws.database import LOGS
from infra.cloud.aws.registry import IMAGES
from infra.cloud.aws.stack import Place
from infra.settings.aws import NewNetwork
from ops.preflight.answer import Answer, answer
from ops.preflight.aws_client import Question, Region, Tags, absent, own, pairs


def names_taken(place: Place, region: Region) -> Iterator[Question]:
    """A question for each fixed name; it fails where something else has it."""
    logs = [place.cluster_logs, *map(place.database_logs, LOGS)]
    if isinstance(place.cloud.network, NewNetwork):
        logs.append(place.flow_logs)
    looks: list[tuple[str, Callable[[], Tags | None]]] = [
        (f"cluster {place.cluster_name}", partial(_cluster, region, place.cluster_name)),
        (f"database {place.database_name}", partial(_database, region, place.database_name)),
        # Roles belong to the account, so that a stack in another region may have their names: one stands for all.
        (f"role {place.role_name('cluster')}", partial(_role, region, place.role_name("cluster"))),
        *((f"log group {path}", partial(_log_group, place, region, path)) for path in logs),
    ]
    for image in IMAGES:
        name = place.repository_name(image)
        looks.append((f"repository {name}", partial(_repository, region, name)))
    for release in place.settings.releases:
        name = place.bucket_name(release.name)
        looks.append((f"bucket {name}", partial(_bucket, region, name)))
    for what, tags in looks:
        yield what, partial(_free_or_own, place, what, tags)


def _free_or_own(place: Place, what: str, tags: Callable[[], Tags | None]) -> Iterator[Answer]:
    try:
        given = tags()
    except ClientError as error:
        if not absent(error):
            raise
        given = None
    if given is None:
        yield answer(what, True, "free", "")
        return
    found = "made by this stack" if own(place, given) else "taken by something else"
    yield answer(what, own(place, given), found, "set airflow:prefix, which begins every name, or remove what is there")


def _cluster(region: Region, name: str) -> Tags:
    return region["eks"].describe_cluster(name=name)["cluster"].get("tags", {})


def _database(region: Region, name: str) -> Tags:
    (instance,) = region["rds"].describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return pairs(instance["TagList"])


def _role(region: Region, name: str) -> Tags:
    return pairs(region["iam"].get_role(RoleName=name)["Role"].get("Tags", []))


def _log_group(place: Place, region: Region, path: str) -> Tags | None:
    """A group that a service wrote to once more after a `destroy` has no tags, and would stop the next `up`."""
    listed = region["logs"].describe_log_groups(logGroupNamePrefix=path)["logGroups"]
    if path not in {one["logGroupName"] for one in listed}:
        return None
    return region["logs"].list_tags_for_resource(resourceArn=place.arn("logs", f"log-group:{path}"))["tags"]


def _repository(region: Region, name: str) -> Tags:
    (repository,) = region["ecr"].describe_repositories(repositoryNames=[name])["repositories"]
    return pairs(region["ecr"].list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"])


def _bucket(region: Region, name: str) -> Tags:
    """A bucket of somebody else refuses to say anything, and so is taken; an own one may have no tags at all."""
    try:
        region["s3"].head_bucket(Bucket=name)
        return pairs(region["s3"].get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if absent(error):
            raise
        return {}
