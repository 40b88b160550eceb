"""Files in S3: uploaded code, bins that must be there, and results that come back."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from binrecon.cloud.archive import Archive
from binrecon.cloud.aws import Clients
from binrecon.cloud.container import RUN
from binrecon.cloud.request import list_channels, locate
from binrecon.config.cloud_settings import SageMakerConfig
from binrecon.errors import CloudError
from binrecon.sources.layout import PHOTO_FOLDER, RECORD_FOLDER
from binrecon.training.run_folder import RunFolder


def split_address(address: str) -> tuple[str, str]:
    """Split an address into bucket and key.

    >>> split_address("s3://bucket/a/b.tar.gz")
    ('bucket', 'a/b.tar.gz')
    """
    parts = urlsplit(address)
    return parts.netloc, parts.path.lstrip("/")


def code_address(cloud: SageMakerConfig, archive: Archive) -> str:
    """Return where an archive goes; the same code has the same address."""
    return locate(cloud, "code", archive.name)


def upload_code(clients: Clients, cloud: SageMakerConfig, archive: Archive) -> None:
    """Upload an archive, encrypted as the results are."""
    bucket, key = split_address(code_address(cloud, archive))
    encryption: Mapping[str, Any] = {}
    if cloud.kms_key is not None:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": cloud.kms_key}
    with _naming(bucket):
        clients.s3.put_object(Bucket=bucket, Key=key, Body=archive.content, **encryption)


@contextlib.contextmanager
def _naming(bucket: str) -> Iterator[None]:
    """Let a refusal say of which bucket it is; S3 itself does so of a bucket that is not there alone."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        error.response.setdefault("Error", {})["BucketName"] = bucket  # type: ignore[typeddict-unknown-key]
        raise


def check_places(clients: Clients, cloud: SageMakerConfig) -> None:
    """Make sure, before anything is paid for, that the bucket is there and no channel is empty.

    Raises:
        CloudError: If not.
    """
    _holds_some(clients, str(cloud.bucket), cloud.prefix)  # there may be nothing yet, but it must be allowed
    for name, address in list_channels(cloud).items():
        bucket, key = split_address(address)
        wanted = [f"{key}{part}/" for part in (PHOTO_FOLDER, RECORD_FOLDER)] if name == "bins" else [key]
        if not any(_holds_some(clients, bucket, prefix) for prefix in wanted):
            below = " or ".join(f"s3://{bucket}/{prefix}" for prefix in wanted)
            raise CloudError(
                f"cloud.{name}: nothing lies in {below}; check the address, or copy it there first"
            )


def describe_checkpoints(clients: Clients, cloud: SageMakerConfig) -> Iterator[str]:
    """Yield what is to be known of the checkpoints of an earlier job: that there are none."""
    if cloud.checkpoints is None:
        return
    bucket, key = split_address(f"{cloud.checkpoints.rstrip('/')}/{RUN}/{RunFolder(Path()).facts.name}")
    if not _holds_some(clients, bucket, key):
        yield (
            f"cloud.checkpoints: no earlier job left s3://{bucket}/{key}, so the training starts from its "
            "first epoch; those of a job are in s3://BUCKET/PREFIX/checkpoints/JOB"
        )


def _holds_some(clients: Clients, bucket: str, prefix: str) -> bool:
    """Ask for one key; not for the bucket's head, a refusal of which says "400 Bad Request" and no more."""
    with _naming(bucket):
        answer = clients.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    return bool(answer.get("KeyCount", 0))


def download(clients: Clients, address: str, path: Path) -> bool:
    """Bring an object, if there is one.

    Returns:
        True if there is one.
    """
    from botocore.exceptions import ClientError

    bucket, key = split_address(address)
    try:
        clients.s3.download_file(bucket, key, str(path))
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey"):
            return False
        raise
    return True
