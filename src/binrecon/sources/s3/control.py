"""The control call that says, before anything is fetched, whether a bucket can be read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from binrecon.errors import SourceError
from binrecon.sources.s3.options import AbidSourceConfig

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

_TIMEOUT_S = 10
_TRIES = 3


def check_bucket(config: AbidSourceConfig) -> None:
    """Ask the server whether a bucket exists and may be read.

    Raises:
        SourceError: If not; the message names the key to change.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

    server = config.endpoint_url or f"Amazon S3 in {config.region}"
    client = _build_client(config)
    # Before botocore looks for the region by itself, without end where no answer names one.
    client.meta.events.register("response-received.s3", lambda **event: _refuse_redirect(server, event))
    try:
        region = client.head_bucket(Bucket=config.bucket).get("BucketRegion")
    except NoCredentialsError as error:
        raise SourceError(
            "source.is_signed=true: no AWS credentials were found in the usual places (environment, "
            "~/.aws, instance role); set them up, or use source.is_signed=false for a public bucket"
        ) from error
    except ParamValidationError as error:
        raise SourceError(f"source.bucket: '{config.bucket}' is no name of a bucket") from error
    except ClientError as error:
        raise SourceError(_explain_answer(config, server, error)) from error
    except (BotoCoreError, ValueError) as error:
        raise SourceError(
            f"source.endpoint_url: {server} cannot be reached ({error}); check the address and the network"
        ) from error
    if config.endpoint_url is None and region is not None and region != config.region:
        raise SourceError(
            f"source.region: bucket '{config.bucket}' lies in {region}, got {config.region}; "
            f"use source.region={region}"
        )


def _build_client(config: AbidSourceConfig) -> "S3Client":
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    options = Config(
        connect_timeout=_TIMEOUT_S,
        read_timeout=_TIMEOUT_S,
        retries={"total_max_attempts": _TRIES, "mode": "standard"},
        s3={"addressing_style": "auto" if config.endpoint_url is None else "path"},
    )
    if not config.is_signed:
        options = options.merge(Config(signature_version=UNSIGNED))
    return boto3.Session().client(
        "s3", region_name=config.region, endpoint_url=config.endpoint_url, config=options
    )


def _refuse_redirect(server: str, event: Mapping[str, Any]) -> None:
    """Stop at an answer that sends the client elsewhere; `event` is botocore's, with the answer in it."""
    answer = event["response_dict"]
    if answer is None or not 300 <= answer["status_code"] < 400:
        return
    headers = {str(name).lower(): value for name, value in answer["headers"].items()}
    region = headers.get("x-amz-bucket-region")
    place = headers.get("location") or (f"region {region}" if region else "a place it does not name")
    raise SourceError(
        f"source.endpoint_url: {server} redirects to {place} (status {answer['status_code']}); redirects are "
        "not followed: give the address of the server itself, and source.region if the bucket lies elsewhere"
    )


def _explain_answer(config: AbidSourceConfig, server: str, error: "ClientError") -> str:
    """Say what a refusal of the server means for the configuration."""
    response = error.response
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    if status == 404:
        return f"source.bucket: {server} has no bucket '{config.bucket}'; check its name"
    if status in (401, 403):
        advice = "check the credentials" if config.is_signed else "try source.is_signed=true with credentials"
        return f"source.bucket: {server} denies access to '{config.bucket}' (status {status}); {advice}"
    return (
        f"source.endpoint_url: {server} answered with status {status} when asked for bucket "
        f"'{config.bucket}'; try again later"
    )
