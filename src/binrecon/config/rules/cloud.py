"""Checks of the configuration of `launch` that need no request to the cloud."""

import re
from collections.abc import Iterator
from pathlib import Path

from omegaconf import DictConfig

from binrecon.config.cloud_settings import JOB_PREFIX, RUN

_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_ADDRESSES = ("bins", "lists", "weights", "checkpoints")
_JOB = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
_SHAPES = {
    "region": (r"[a-z]{2}(-[a-z]+)+-\d", "no AWS region; give for instance us-east-1"),
    "bucket": (_BUCKET, "no name of a bucket: 3 to 63 of a-z, 0-9, '.' and '-', without s3://"),
    "role": (r"arn:aws[a-z-]*:iam::\d{12}:role/\S+", "no role; give its ARN, arn:aws:iam::ACCOUNT:role/NAME"),
    "instance_type": (
        r"ml\.[a-z0-9-]+\.(large|x?large|\d+xlarge|medium)",
        "no machine of SageMaker; give for instance ml.g5.xlarge (one GPU) or ml.c5.2xlarge (none)",
    ),
    "wandb_secret": (
        r"(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:)?[A-Za-z0-9/_+=.@-]{1,512}",
        "no secret; give its name in AWS Secrets Manager, or its ARN",
    ),
    "framework_version": (r"\d+\.\d+(\.\d+)?", "no version of PyTorch; give for instance 2.13"),
    "endpoint_url": (r"https?://[^/?#\s]+/?", "no address of a server, such as http://127.0.0.1:5000"),
    **dict.fromkeys(_ADDRESSES, (rf"s3://{_BUCKET}(/\S*)?", "no address in S3; give s3://BUCKET/PREFIX")),
}
"""Key of `cloud` to the pattern of its value, and the message if it does not match."""


def find_launch_problems(config: DictConfig) -> Iterator[str]:
    """Yield the problems of a composed configuration; nothing for another verb's."""
    if "cloud" not in config:
        return
    cloud = config.cloud
    yield from _check_needs(config)
    for key, (shape, advice) in _SHAPES.items():
        value = cloud[key]
        if value is not None and not re.fullmatch(shape, value):
            yield f"cloud.{key}: '{value}' is {advice}"
    if cloud.is_spot and cloud.max_wait_h < cloud.max_runtime_h:
        yield (
            f"cloud.max_wait_h: holds the training too, so it must be at least cloud.max_runtime_h="
            f"{cloud.max_runtime_h:g}, got {cloud.max_wait_h:g}"
        )
    if cloud.prefix != cloud.prefix.strip("/") or ".." in cloud.prefix or " " in cloud.prefix:
        yield f"cloud.prefix: '{cloud.prefix}' must not begin or end with '/', nor hold '..' or spaces"
    for tag in cloud.tags:
        if not re.fullmatch(r"[^:]{1,128}:.{0,256}", tag):
            yield f"cloud.tags: '{tag}' must be KEY:VALUE, of up to 128 and 256 characters"
    if bool(cloud.subnets) != bool(cloud.security_groups):
        yield "cloud.subnets, cloud.security_groups: a VPC needs both; give both or neither"


def _check_needs(config: DictConfig) -> Iterator[str]:
    """Check that everything the action needs is given."""
    cloud = config.cloud
    if cloud.region is None:
        yield "cloud.region: must be given, as cloud.region=us-east-1 or in AWS_REGION"
    if config.do == RUN and cloud.role is None:
        yield (
            "cloud.role: must be given: the ARN of the role that the job works under, "
            "cloud.role=arn:aws:iam::ACCOUNT:role/NAME; the README links to its policy"
        )
    if config.do == RUN and cloud.bucket is None:
        yield "cloud.bucket: must be given: the bucket for code and results, cloud.bucket=NAME"
    if config.do in ("follow", "stop", "fetch") and config.job is None:
        yield f"job: must be given: binrecon launch {config.do} NAME; binrecon launch ls lists them"
    if config.job is not None and not re.fullmatch(_JOB, config.job):
        yield f"job: '{config.job}' is no name of a job: up to 63 letters, digits and '-'"
    if config.do == RUN and config.job is not None and not config.job.startswith(JOB_PREFIX):
        yield f"job: must begin with {JOB_PREFIX}, so that ls finds it, got '{config.job}'"
    if config.prices is not None and not Path(config.prices).expanduser().is_file():
        yield (
            f"prices: '{config.prices}' is not a file; give a YAML file with lines such as ml.g5.xlarge: 1.41"
        )
