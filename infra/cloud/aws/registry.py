"""ECR: where the image of Airflow is pushed to. Nodes pull by their role, without a secret."""

import json

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.keys import Keys
from infra.cloud.aws.stack import Stack
from infra.contracts import Registry

IMAGES = ("airflow",)

#: What nobody runs any more goes; a rollback finds the last hundred.
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "untagged layers",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 14,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": "all but the last hundred",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100},
                "action": {"type": "expire"},
            },
        ]
    }
)


class Repositories(pulumi.ComponentResource):
    """One repository an image, below the stack's name."""

    def __init__(self, name: str, stack: Stack, keys: Keys, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("airflow:aws:Repositories", name, None, opts)
        for image in IMAGES:
            repository = aws.ecr.Repository(
                image,
                name=stack.repository_name(image),
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
                encryption_configurations=[
                    aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=keys.data.arn)
                ],
                force_delete=not stack.keep,
                tags=stack.tags,
                opts=pulumi.ResourceOptions(parent=self),
            )
            aws.ecr.LifecyclePolicy(
                image, repository=repository.name, policy=LIFECYCLE, opts=pulumi.ResourceOptions(parent=self)
            )
        self.register_outputs({})


def build(stack: Stack, keys: Keys, opts: pulumi.ResourceOptions) -> Registry:
    """The promise that every cloud makes: an image `airflow` is pushed to `url`/airflow."""
    Repositories("registry", stack, keys, opts)
    suffix = "amazonaws.com.cn" if stack.cloud.partition == "aws-cn" else "amazonaws.com"
    host = f"{stack.cloud.account}.dkr.ecr.{stack.cloud.region}.{suffix}"
    return Registry(
        url=f"{host}/{stack.names.resource()}",
        login_command=(
            f"aws ecr get-login-password --region {stack.cloud.region}"
            f" | docker login --username AWS --password-stdin {host}"
        ),
    )
