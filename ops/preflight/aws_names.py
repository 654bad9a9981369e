"""The names that a stack gives on AWS: free, or the stack's own from an earlier `up`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from infra.cloud.aws.registry import IMAGES
from infra.cloud.aws.stack import Place
from ops.preflight.answer import Answer, answer
from ops.preflight.aws_client import Question, Region, absent

Tags = dict[str, str]


def names_taken(place: Place, region: Region) -> Iterator[Question]:
    """A question for each fixed name; it fails where something else has it."""
    looks: list[tuple[str, Callable[[], Tags]]] = [
        (f"cluster {place.cluster_name}", partial(_cluster, region, place.cluster_name)),
        (f"database {place.database_name}", partial(_database, region, place.database_name)),
    ]
    for image in IMAGES:
        name = place.repository_name(image)
        looks.append((f"repository {name}", partial(_repository, region, name)))
    for release in place.settings.releases:
        name = place.bucket_name(release.name)
        looks.append((f"bucket {name}", partial(_bucket, region, name)))
    for what, tags in looks:
        yield what, partial(_free_or_own, place, what, tags)


def _free_or_own(place: Place, what: str, tags: Callable[[], Tags]) -> Iterator[Answer]:
    try:
        given = tags()
    except ClientError as error:
        if not absent(error):
            raise
        yield answer(what, True, "free", "")
        return
    own = all(given.get(key) == place.tags[key] for key in ("project", "stack"))
    found = "made by this stack" if own else "taken by something else"
    yield answer(what, own, found, "set airflow:prefix, which begins every name, or remove what is there")


def _cluster(region: Region, name: str) -> Tags:
    return region["eks"].describe_cluster(name=name)["cluster"].get("tags", {})


def _database(region: Region, name: str) -> Tags:
    (instance,) = region["rds"].describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return _pairs(instance["TagList"])


def _repository(region: Region, name: str) -> Tags:
    (repository,) = region["ecr"].describe_repositories(repositoryNames=[name])["repositories"]
    return _pairs(region["ecr"].list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"])


def _bucket(region: Region, name: str) -> Tags:
    """A bucket of somebody else refuses to say anything, and so is taken; an own one may have no tags at all."""
    try:
        region["s3"].head_bucket(Bucket=name)
        return _pairs(region["s3"].get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if absent(error):
            raise
        return {}


def _pairs(tags: Sequence[Mapping[str, str]]) -> Tags:
    """Tags as most services list them, `Key` and `Value`."""
    return {one["Key"]: one["Value"] for one in tags}
