"""The invariants of what holds data on AWS; `tests/program/invariants_aws.py` has the others and the list of all."""

import json
from collections.abc import Iterator
from typing import Any

from infra.preview.model import Plan
from tests.program.reading import expected, production
from tests.program.stacks import UNKNOWN

INSTANCE = "aws:rds/instance:Instance"
KEPT = (
    INSTANCE,
    "aws:efs/fileSystem:FileSystem",
    "aws:kms/key:Key",
    "aws:route53/zone:Zone",
    "aws:s3/bucket:Bucket",
)


def own_key(given: Any) -> Any:
    """The key that a resource should name: one of the plan, not known yet, or one that is there."""
    return given if str(given).startswith("arn:aws:kms:") else UNKNOWN


def data_is_protected(plan: Plan) -> Iterator[str]:
    """In production what holds data is protected; elsewhere nothing blocks a destroy."""
    for resource in plan.of_type(*KEPT):
        if resource.options.protect != production(plan):
            yield f"{resource.urn}: protect is {resource.options.protect}"


def database_is_safe(plan: Plan) -> Iterator[str]:
    """The instance is encrypted, private, backed up, and never deleted without a snapshot of a fresh name."""
    for instance in plan.of_type(INSTANCE):
        key = own_key(instance.inputs.get("kmsKeyId"))
        yield from expected(
            instance,
            {
                "storageEncrypted": True,
                "kmsKeyId": None if instance.inputs.get("snapshotIdentifier") else key,
                "publiclyAccessible": False,
                "deletionProtection": True,
                "copyTagsToSnapshot": True,
                "skipFinalSnapshot": False,
                "finalSnapshotIdentifier": UNKNOWN,  # of a random id, that only the `up` knows
                "multiAz": production(plan),
                "performanceInsightsEnabled": True,
                "deleteAutomatedBackups": False,
            },
        )
        if instance.inputs["backupRetentionPeriod"] < 7:
            yield f"{instance.urn}: backups of {instance.inputs['backupRetentionPeriod']} days"


def database_speaks_tls(plan: Plan) -> Iterator[str]:
    """Own parameter group with force_ssl, PostgreSQL 15 or later, the authority is pinned."""
    groups = plan.of_type("aws:rds/parameterGroup:ParameterGroup")
    for group in groups:
        parameters = {one["name"]: one["value"] for one in group.inputs["parameters"]}
        if parameters.get("rds.force_ssl") != "1" or parameters.get("ssl_min_protocol_version") != "TLSv1.2":
            yield f"{group.urn}: {parameters}"
        if int(group.inputs["family"].removeprefix("postgres")) < 15:
            yield f"{group.urn}: {group.inputs['family']}"
    for instance in plan.of_type(INSTANCE):
        yield from expected(instance, {"caCertIdentifier": "rds-ca-rsa2048-g1", "parameterGroupName": UNKNOWN})
        if not {group.urn for group in groups} & set(instance.depends_on):
            yield f"{instance.urn}: not with its own parameter group"


def images_are_immutable(plan: Plan) -> Iterator[str]:
    """Tags stay what they were, images are scanned and encrypted, and only outside production thrown away."""
    for repository in plan.of_type("aws:ecr/repository:Repository"):
        yield from expected(
            repository,
            {
                "imageTagMutability": "IMMUTABLE",
                "imageScanningConfiguration.scanOnPush": True,
                "forceDelete": not production(plan),
            },
        )
        if repository.inputs["encryptionConfigurations"][0]["encryptionType"] != "KMS":
            yield f"{repository.urn}: not encrypted by our key"


def files_are_encrypted(plan: Plan) -> Iterator[str]:
    """The file system is encrypted, with a policy and a mount target in each zone; every writer is Airflow."""
    zones = [
        subnet for one in plan.of_type("aws:eks/cluster:Cluster") for subnet in one.inputs["vpcConfig"]["subnetIds"]
    ]
    targets = plan.of_type("aws:efs/mountTarget:MountTarget")
    if len(targets) != len(zones) or len(zones) < 2:
        yield f"{len(targets)} mount targets in the nodes' {len(zones)} subnets, one a zone"
    for system in plan.of_type("aws:efs/fileSystem:FileSystem"):
        yield from expected(system, {"encrypted": True, "kmsKeyId": own_key(system.inputs.get("kmsKeyId"))})
        policies = plan.of_type("aws:efs/fileSystemPolicy:FileSystemPolicy")
        if not any(system.urn in policy.depends_on for policy in policies):
            yield f"{system.urn}: no policy"
    for point in plan.of_type("aws:efs/accessPoint:AccessPoint"):
        yield from expected(
            point,
            {
                "posixUser": {"uid": 50000, "gid": 0},
                "rootDirectory.creationInfo.ownerUid": 50000,
                "rootDirectory.creationInfo.ownerGid": 0,
            },
        )


def buckets_are_closed(plan: Plan) -> Iterator[str]:
    """No public access, our key, TLS alone, an end to what is kept."""
    for bucket in plan.of_type("aws:s3/bucket:Bucket"):
        name = bucket.inputs["bucket"]
        beside = {one.type.rpartition(":")[2]: one for one in plan if one.inputs.get("bucket") == name}
        blocked = beside["BucketPublicAccessBlock"].inputs
        if not all(item for key, item in blocked.items() if key != "bucket") or len(blocked) != 5:
            yield f"{bucket.urn}: public access {blocked}"
        (denied,) = json.loads(beside["BucketPolicy"].inputs["policy"])["Statement"]
        if denied["Effect"] != "Deny" or denied["Condition"] != {"Bool": {"aws:SecureTransport": "false"}}:
            yield f"{bucket.urn}: policy {denied}"
        (rule,) = beside["BucketServerSideEncryptionConfiguration"].inputs["rules"]
        if rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] != "aws:kms":
            yield f"{bucket.urn}: encrypted by {rule}"
        (kept,) = beside["BucketLifecycleConfiguration"].inputs["rules"]
        if not kept.get("expiration", {}).get("days"):
            yield f"{bucket.urn}: kept for ever"
