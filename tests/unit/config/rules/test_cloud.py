from pathlib import Path

import pytest

from binrecon.config.compose import compose_config
from binrecon.config.validate import validate
from binrecon.errors import ConfigError

GIVEN = [
    "cloud.region=us-east-1",
    "cloud.bucket=bucket",
    "cloud.role=arn:aws:iam::123456789012:role/binrecon",
]


def problems_of(*words: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        validate(compose_config("launch", [*GIVEN, *words]))
    return caught.value.problems


def test_launch__as_given() -> None:
    validate(compose_config("launch", GIVEN))


def test_launch__region_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert compose_config("launch", GIVEN[1:]).cloud.region == "eu-west-1"


@pytest.mark.parametrize("action", ["ls", "fetch"])
def test_launch__looking_needs_a_region_alone(action: str) -> None:
    validate(compose_config("launch", [f"do={action}", "job=binrecon-1", "cloud.region=us-east-1"]))


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("do=list", "do: 'list' is none of run, ls, follow, stop, fetch. Did you mean 'ls'?"),
        ("do=fetch", "job: must be given: binrecon launch fetch NAME; binrecon launch ls lists them"),
        ("job=mine", "job: must begin with binrecon-, so that ls finds it, got 'mine'"),
        ("job=binrecon-a_b", "job: 'binrecon-a_b' is no name of a job: up to 63 letters, digits and '-'"),
        (
            "prices=none.yaml",
            "prices: 'none.yaml' is not a file; give a YAML file with lines such as ml.g5.xlarge: 1.41",
        ),
        ("cloud.region=mars", "cloud.region: 'mars' is no AWS region; give for instance us-east-1"),
        (
            "cloud.bucket=s3://b",
            "cloud.bucket: 's3://b' is no name of a bucket: 3 to 63 of a-z, 0-9, '.' and '-', without s3://",
        ),
        (
            "cloud.role=binrecon",
            "cloud.role: 'binrecon' is no role; give its ARN, arn:aws:iam::ACCOUNT:role/NAME",
        ),
        (
            "cloud.bins=bucket/abid",
            "cloud.bins: 'bucket/abid' is no address in S3; give s3://BUCKET/PREFIX",
        ),
        (
            "cloud.instance_type=g5.xlarge",
            "cloud.instance_type: 'g5.xlarge' is no machine of SageMaker; give for instance ml.g5.xlarge (one GPU) or "
            "ml.c5.2xlarge (none)",
        ),
        (
            "cloud.framework_version=two",
            "cloud.framework_version: 'two' is no version of PyTorch; give for instance 2.13",
        ),
        ("cloud.input_mode=file", "cloud.input_mode: 'file' is none of File, FastFile. Did you mean 'File'?"),
        ("cloud.instance_count=0", "cloud.instance_count: must be at least 1, got 0"),
        ("cloud.max_runtime_h=1000", "cloud.max_runtime_h: must be above 0 and at most 672, got 1000.0"),
        ("cloud.poll_s=0", "cloud.poll_s: must be above 0, got 0.0"),
        ("cloud.prefix=/a", "cloud.prefix: '/a' must not begin or end with '/', nor hold '..' or spaces"),
        (
            "cloud.subnets=[a]",
            "cloud.subnets, cloud.security_groups: a VPC needs both; give both or neither",
        ),
        ("cloud.tags=[a]", "cloud.tags: 'a' must be KEY:VALUE, of up to 128 and 256 characters"),
    ],
)
def test_launch__problems(word: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert problems_of(word) == (problem,)


def test_launch__a_spot_job_waits_and_trains() -> None:
    assert problems_of("cloud.is_spot=true", "cloud.max_wait_h=1", "cloud.max_runtime_h=2") == (
        "cloud.max_wait_h: holds the training too, so it must be at least cloud.max_runtime_h=2, got 1",
    )
