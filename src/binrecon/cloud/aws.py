"""The clients of AWS, and what its refusals mean for the configuration."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from binrecon.config.cloud_settings import SageMakerConfig
from binrecon.errors import CloudError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

_TIMEOUT_S = 20
_TRIES = 5

_NO_CREDENTIALS = (
    "no AWS credentials were found in the usual places (environment, ~/.aws, instance role); "
    "set them up, for instance with `aws configure`"
)
_BAD_CREDENTIALS = (
    "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidToken",
    "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken", "RequestExpired",
    "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure",
)  # fmt: skip
_DENIED = ("AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation")
_ACTIONS = {"ListObjectsV2": "s3:ListBucket", "PutObject": "s3:PutObject", "HeadObject": "s3:GetObject"}
"""Operation to the permission that it needs, where the two names differ."""

_ABSENT_BUCKET = ("NoSuchBucket", "404", "301", "PermanentRedirect")
_BUSY = ("ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown", "RequestLimitExceeded")


@dataclass(frozen=True)
class Clients:
    """The AWS clients in use."""

    sagemaker: "SageMakerClient"
    s3: "S3Client"
    logs: "CloudWatchLogsClient"
    secrets: "SecretsManagerClient"


def connect(cloud: SageMakerConfig) -> Clients:
    """Build the clients; nothing is sent yet. Credentials come from the usual AWS chain alone.

    Raises:
        CloudError: If AWS's own settings name no server.
    """
    import boto3
    from botocore.config import Config

    options = Config(
        connect_timeout=_TIMEOUT_S,
        read_timeout=_TIMEOUT_S,
        retries={"total_max_attempts": _TRIES, "mode": "standard"},
        s3={"addressing_style": "auto" if cloud.endpoint_url is None else "path"},
    )
    session = boto3.Session(region_name=cloud.region)
    try:
        return Clients(
            sagemaker=session.client("sagemaker", endpoint_url=cloud.endpoint_url, config=options),
            s3=session.client("s3", endpoint_url=cloud.endpoint_url, config=options),
            logs=session.client("logs", endpoint_url=cloud.endpoint_url, config=options),
            secrets=session.client("secretsmanager", endpoint_url=cloud.endpoint_url, config=options),
        )
    except ValueError as error:  # ours is checked; botocore takes AWS_ENDPOINT_URL and ~/.aws/config too
        raise CloudError(
            f"AWS cannot be asked ({error}); look at AWS_ENDPOINT_URL and ~/.aws/config"
        ) from error


@contextlib.contextmanager
def explaining(cloud: SageMakerConfig) -> Iterator[None]:
    """Turn what AWS refuses into one line that names the key to change.

    Raises:
        CloudError: For every refusal, and where AWS cannot be reached.
    """
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionError,
        HTTPClientError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
    )

    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise CloudError(_NO_CREDENTIALS) from error
    except ClientError as error:
        raise CloudError(explain(cloud, error)) from error
    except S3UploadFailedError as error:
        raise CloudError(f"cloud.bucket: the code could not be uploaded ({_shorten(str(error))})") from error
    except ParamValidationError as error:
        raise CloudError(f"the request is not as SageMaker takes it ({_shorten(str(error))})") from error
    except (ConnectionError, HTTPClientError) as error:
        place = cloud.endpoint_url or f"AWS in {cloud.region}"
        raise CloudError(
            f"cloud.region: {place} cannot be reached ({_shorten(str(error))}); "
            "check the address and the network"
        ) from error
    except BotoCoreError as error:  # no such profile, a session of SSO that has ended, and the like
        raise CloudError(
            f"AWS credentials cannot be had ({_shorten(str(error))}); renew them, for instance with "
            "`aws sso login`, or choose others by AWS_PROFILE"
        ) from error


def explain(cloud: SageMakerConfig, error: "ClientError") -> str:
    """Describe in one line the meaning of a refusal and its remedy."""
    details = error.response.get("Error", {})
    code, said = details.get("Code", ""), _shorten(details.get("Message", "") or str(error))
    if code in _BAD_CREDENTIALS:
        return f"AWS does not take your credentials ({code}); renew them, for instance with `aws sso login`"
    bucket = str(details.get("BucketName", cloud.bucket))
    if code in _DENIED:
        action = _ACTIONS.get(error.operation_name)
        where = "" if action is None else f" in bucket '{bucket}', which needs {action}"
        policy = "add it to your policy (the README links to it)"
        return f"AWS denies {error.operation_name}{where} ({said}); {policy}"
    if code in _ABSENT_BUCKET:
        return f"{_find_key(cloud, bucket)}: no bucket '{bucket}' in {cloud.region}; check name and region"
    if code == "ResourceLimitExceeded":
        return (
            f"cloud.instance_type: your account's quota does not allow {cloud.instance_count} x "
            f"{cloud.instance_type} ({said}); ask for more in Service Quotas, or choose another machine"
        )
    if error.operation_name == "DescribeSecret" and code == "ResourceNotFoundException":
        return (
            f"cloud.wandb_secret: no secret '{cloud.wandb_secret}' in {cloud.region}; check name and region"
        )
    if code == "ResourceInUse":
        return f"job: there is one of this name already ({said}); give another, or none"
    if code in _BUSY:
        return f"AWS is asked too often ({code}); try again in a minute"
    if code in ("ValidationException", "ValidationError"):
        return _explain_invalid(cloud, said)
    return f"AWS refuses {error.operation_name} ({code}: {said})"


def _find_key(cloud: SageMakerConfig, bucket: str) -> str:
    """Return the key that names a bucket."""
    keys = (key for key in ("bins", "lists", "weights", "checkpoints") if bucket != cloud.bucket)
    return next(
        (f"cloud.{key}" for key in keys if f"{getattr(cloud, key)}/".startswith(f"s3://{bucket}/")),
        "cloud.bucket",
    )


def _explain_invalid(cloud: SageMakerConfig, said: str) -> str:
    """Return which key a request that was found invalid has wrong."""
    lower = said.lower()
    if "instancetype" in lower or "instance type" in lower:
        return f"cloud.instance_type: {cloud.region} has no '{cloud.instance_type}' for training ({said})"
    if "role" in lower:
        return (
            f"cloud.role: SageMaker cannot work under '{cloud.role}' ({said}); "
            "check its ARN, and that SageMaker may assume it"
        )
    if "s3" in lower:
        return f"cloud: an address in S3 is refused ({said}); check bucket, region and what the role may read"
    if "image" in lower:
        return f"cloud.image_uri: the image is refused ({said})"
    return f"SageMaker refuses the request ({said})"


def _shorten(text: str) -> str:
    """Put a message on one line."""
    return re.sub(r"\s+", " ", text).strip()
