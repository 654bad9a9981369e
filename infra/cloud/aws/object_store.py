"""S3: a bucket per release for its logs, encrypted, private, over TLS, and forgetful after the release's retention."""

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.identity import Grant
from infra.cloud.aws.keys import Keys
from infra.cloud.aws.policies import Statement, deny_plain, document
from infra.cloud.aws.stack import Stack
from infra.contracts import LOGS_CONNECTION, LogStore, ObjectStore, Peer


class LogBucket(pulumi.ComponentResource):
    """A bucket and all that makes it safe. Its name is known before it is made."""

    arn: str
    bucket: aws.s3.Bucket
    safeguards: list[pulumi.Resource]

    def __init__(
        self, name: str, stack: Stack, keys: Keys, release: str, days: int, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("airflow:aws:LogBucket", name, None, opts)
        self.child = pulumi.ResourceOptions(parent=self, provider=stack.provider)
        self.arn = stack.bucket_arn(release)
        self.bucket = aws.s3.Bucket(
            name,
            bucket=stack.bucket_name(release),
            # Task logs are worth their retention, not a blocked `destroy`; production's are for a person to empty.
            force_destroy=not stack.keep,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, provider=stack.provider, protect=stack.keep or None),
        )
        self.safeguards = [self._private(name), self._encrypted(name, keys), self._forgets(name, days)]
        self.register_outputs({})

    def _private(self, name: str) -> pulumi.Resource:
        blocked = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=self.bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child,
        )
        aws.s3.BucketOwnershipControls(
            name,
            bucket=self.bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self.child,
        )
        return aws.s3.BucketPolicy(
            name,
            bucket=self.bucket.bucket,
            policy=document(deny_plain("s3:*", self.arn, f"{self.arn}/*")),
            # S3 refuses two changes of a bucket's access at the same time.
            opts=pulumi.ResourceOptions(parent=self, provider=self.child.provider, depends_on=[blocked]),
        )

    def _encrypted(self, name: str, keys: Keys) -> pulumi.Resource:
        by_default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms", kms_master_key_id=keys.data.arn
        )
        return aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=self.bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=by_default,
                    bucket_key_enabled=True,  # one call to KMS for many small logs
                )
            ],
            opts=self.child,
        )

    def _forgets(self, name: str, days: int) -> pulumi.Resource:
        versions = aws.s3.BucketVersioning(
            name,
            bucket=self.bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self.child,
        )
        return aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=self.bucket.bucket,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="retention",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
                    noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=7
                    ),
                    abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=1
                    ),
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, provider=self.child.provider, depends_on=[versions]),
        )


def grant(bucket: str, key: pulumi.Input[str]) -> Grant:
    """Read and write a release's own logs, and nothing else; `bucket` and `key` are ARNs."""
    return Grant(
        (
            Statement(["s3:GetObject", "s3:PutObject"], [f"{bucket}/*"]),
            Statement(["s3:ListBucket", "s3:GetBucketLocation"], [bucket]),
            Statement(["kms:GenerateDataKey", "kms:Decrypt"], [key]),
        )
    )


def build(stack: Stack, keys: Keys) -> ObjectStore:
    """The promise that every cloud makes."""

    def logs(release: str, days: int, opts: pulumi.ResourceOptions) -> LogStore:
        made = LogBucket(f"{release}-logs", stack, keys, release, days, opts)
        return LogStore(
            url=f"s3://{stack.bucket_name(release)}/logs",
            connection_id=LOGS_CONNECTION,
            connection={"conn_type": "aws", "extra": {"region_name": stack.cloud.region}},
            grant=grant(made.arn, keys.data.arn),
            # S3 has no address of its own; the endpoint in the VPC is a route, not a peer.
            peers=(Peer(cidr="0.0.0.0/0", ports=(443,)),),
            ready=tuple(made.safeguards),
        )

    return ObjectStore(logs=logs)
