"""What can be wrong with the configuration of `launch`, seen without asking the cloud."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from binrecon.config.cloud_settings import INPUT_MODE_WORDS, JOB_PREFIX, LAUNCH_WORDS, RUN
from binrecon.config.spelling import did_you_mean

MAX_RUNTIME_H = 28 * 24
"""SageMaker's longest training job, in hours: docs.aws.amazon.com/general/latest/gr/sagemaker.html."""

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
"""Key of `cloud` to what its value must look like, and what to say otherwise."""

_AT_LEAST_ONE = ("instance_count", "volume_gb", "parallel_jobs")
_ABOVE_ZERO = ("max_runtime_h", "max_wait_h")


def find_launch_problems(config: DictConfig) -> Iterator[str]:
    """Yield what is wrong with a composed configuration; nothing for another verb's."""
    if "cloud" not in config:
        return
    cloud = config.cloud
    yield from _check_words(config)
    yield from _check_needs(config)
    for key, (shape, advice) in _SHAPES.items():
        value = cloud[key]
        if value is not None and not re.fullmatch(shape, value):
            yield f"cloud.{key}: '{value}' is {advice}"
    yield from _check_numbers(cloud)
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


def _check_words(config: DictConfig) -> Iterator[str]:
    for key, value, allowed in (
        ("do", config.do, LAUNCH_WORDS),
        ("cloud.input_mode", config.cloud.input_mode, INPUT_MODE_WORDS),
    ):
        if value not in allowed:
            yield f"{key}: '{value}' is none of {', '.join(allowed)}{did_you_mean(value, allowed)}"


def _check_needs(config: DictConfig) -> Iterator[str]:
    """Check that all is given that the action needs."""
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


def _check_numbers(cloud: DictConfig) -> Iterator[str]:
    for key in _AT_LEAST_ONE:
        yield from _check_number(cloud, key, lambda value: value >= 1, "at least 1")
    for key in _ABOVE_ZERO:
        yield from _check_number(
            cloud, key, lambda value: 0 < value <= MAX_RUNTIME_H, f"above 0 and at most {MAX_RUNTIME_H}"
        )
    yield from _check_number(cloud, "poll_s", lambda value: 0 < value < float("inf"), "above 0")


def _check_number(cloud: DictConfig, key: str, is_allowed: Callable[[Any], bool], text: str) -> Iterator[str]:
    if not is_allowed(cloud[key]):
        yield f"cloud.{key}: must be {text}, got {cloud[key]:g}"
