"""`binrecon launch` against AWS's control calls on loopback."""

import io
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.aws_server import AWS_MARKS, REGION, ROLE, AwsServer

from binrecon.cli import main
from binrecon.cloud.words import decode_words

pytestmark = AWS_MARKS

LOGS = "/aws/sagemaker/TrainingJobs"
CPU = ["cloud.instance_type=ml.c5.xlarge", "source=synthetic", "model=resnet18"]


@pytest.fixture
def launch(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run `launch`, which must end well, and return what it says."""

    def run(*words: str) -> str:
        capsys.readouterr()
        status = main(["launch", *words])
        shown = capsys.readouterr()
        assert status == 0, shown.err
        return shown.out

    return run


@pytest.fixture
def fail(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run `launch`, which must fail as a user's error, and return what it says."""

    def run(*words: str) -> str:
        capsys.readouterr()
        assert main(["launch", *words]) == 2
        return capsys.readouterr().err

    return run


def read_request(shown: str) -> dict[str, Any]:
    return dict(json.loads(shown[shown.index("{") : shown.rindex("}") + 1]))


def pack(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_launch__creates_the_job_of_the_dry_run(launch: Callable[..., str], aws_server: AwsServer) -> None:
    bucket = aws_server.make_bucket("created", "abid/bin-images/00001.jpg")
    words = [
        *aws_server.words(bucket), "cloud.bins=s3://created/abid", "trainer=gpu", "job=binrecon-created",
        "cloud.is_spot=true", "cloud.tags=[project:bins]", "cloud.kms_key=alias/mine",
        "cloud.subnets=[subnet-1]", "cloud.security_groups=[sg-1]", "head.dropout=0.25",
    ]  # fmt: skip
    asked = read_request(launch(*words, "--dry-run"))
    assert aws_server.s3.list_objects_v2(Bucket=bucket, Prefix="binrecon/")["KeyCount"] == 0, (
        "nothing was sent"
    )
    shown = launch(*words)
    made = dict(aws_server.sagemaker.describe_training_job(TrainingJobName="binrecon-created"))
    # moto shows metric definitions of its own, and no environment
    for key in set(asked) - {"Tags", "AlgorithmSpecification", "Environment"}:
        assert made[key] == asked[key], key
    assert made["AlgorithmSpecification"]["TrainingImage"] == (
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker"
    )
    tags = aws_server.sagemaker.list_tags(ResourceArn=made["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "binrecon", "Value": "binrecon-created"}, {"Key": "project", "Value": "bins"}]
    assert decode_words(made["HyperParameters"]) == ["trainer=gpu", "head.dropout=0.25"]
    assert "model: s3://created/binrecon/jobs/binrecon-created/output/model.tar.gz" in shown


def test_launch__the_code_lies_where_the_job_looks_for_it(
    launch: Callable[..., str], aws_server: AwsServer, tmp_path: Path
) -> None:
    bucket = aws_server.make_bucket("code")
    launch(*aws_server.words(bucket), *CPU, "job=binrecon-code")
    made = aws_server.sagemaker.describe_training_job(TrainingJobName="binrecon-code")
    address = made["HyperParameters"]["sagemaker_submit_directory"]
    key = address.removeprefix("s3://code/")
    body = aws_server.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        names = archive.getnames()
    assert made["HyperParameters"]["sagemaker_program"] in names
    assert {"pyproject.toml", "requirements.txt", "configs/train.yaml", "src/binrecon/cloud/entry.py"} <= set(
        names
    )


def test_launch__a_recipe_travels(launch: Callable[..., str], aws_server: AwsServer, tmp_path: Path) -> None:
    bucket = aws_server.make_bucket("recipe")
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("# @package _global_\noptimizer:\n  lr: 0.0625\n")
    launch(*aws_server.words(bucket), *CPU, "job=binrecon-recipe", f"experiment={recipe}")
    made = aws_server.sagemaker.describe_training_job(TrainingJobName="binrecon-recipe")
    assert decode_words(made["HyperParameters"])[-1] == "experiment=recipes/mine.yaml"
    key = made["HyperParameters"]["sagemaker_submit_directory"].removeprefix("s3://recipe/")
    body = aws_server.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        member = archive.extractfile("recipes/mine.yaml")
        assert member is not None
        assert member.read() == recipe.read_bytes()


def test_launch__follows_the_log(launch: Callable[..., str], aws_server: AwsServer) -> None:
    bucket = aws_server.make_bucket("followed")
    aws_server.make_log_group(LOGS)
    now = round(time.time() * 1000)
    for host, count in (("algo-1", 2500), ("algo-2", 2)):
        stream = f"binrecon-followed/{host}-1790000000"
        aws_server.logs.create_log_stream(logGroupName=LOGS, logStreamName=stream)
        aws_server.logs.put_log_events(
            logGroupName=LOGS,
            logStreamName=stream,
            logEvents=[{"timestamp": now + n, "message": f"line {n} of {host} [x]"} for n in range(count)],
        )
    aws_server.logs.create_log_stream(logGroupName=LOGS, logStreamName="binrecon-followed-2/algo-1-1")
    shown = launch(*aws_server.words(bucket), *CPU, "job=binrecon-followed").splitlines()
    first = [line for line in shown if line.startswith("[algo-1] ")]
    assert first == [f"[algo-1] line {n} of algo-1 [x]" for n in range(2500)], "each line once, in order"
    assert [line for line in shown if line.startswith("[algo-2] ")] == [
        "[algo-2] line 0 of algo-2 [x]", "[algo-2] line 1 of algo-2 [x]",
    ]  # fmt: skip
    assert "binrecon-followed Completed: Completed" in shown
    assert "train:progress 100.0000" in shown  # moto's metric
    again = launch("follow", "binrecon-followed", *aws_server.words(bucket))
    assert "[algo-1] line 2499 of algo-1 [x]" in again


def test_launch__a_tuning_job(launch: Callable[..., str], aws_server: AwsServer) -> None:
    bucket = aws_server.make_bucket("tuned")
    words = [*aws_server.words(bucket), *CPU, "sweep=head", "sweep.trials=7", "sweep.sampler=random"]
    shown = launch(*words, "job=binrecon-tuned", "follow=false")
    assert "train it with other seeds" in shown
    made = aws_server.sagemaker.describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="binrecon-tuned"
    )
    config = made["HyperParameterTuningJobConfig"]
    assert config["Strategy"] == "Random"
    assert config["HyperParameterTuningJobObjective"] == {"Type": "Minimize", "MetricName": "val/nll"}
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 7, "MaxParallelTrainingJobs": 2}
    assert {item["Name"] for item in config["ParameterRanges"]["ContinuousParameterRanges"]} == {
        "optimizer.lr", "optimizer.weight_decay",
    }  # fmt: skip
    definition = made["TrainingJobDefinition"]
    assert decode_words(definition["StaticHyperParameters"]) == [
        "source=synthetic", "model=resnet18", "monitor=val/nll",
    ]  # fmt: skip


def test_launch__ls(launch: Callable[..., str], aws_server: AwsServer, tmp_path: Path) -> None:
    bucket = aws_server.make_bucket("listed")
    launch(*aws_server.words(bucket), *CPU, "job=binrecon-listed", "follow=false")
    launch(
        *aws_server.words(bucket), *CPU, "job=binrecon-listed-tuning", "follow=false", "head.dropout=0.0,0.5"
    )
    shown = launch("ls", f"cloud.endpoint_url={aws_server.url}", f"cloud.region={REGION}")
    (line,) = [line for line in shown.splitlines() if " binrecon-listed " in line]
    assert "Completed" in line
    assert "1 x ml.c5.xlarge" in line
    assert any(" binrecon-listed-tuning " in line for line in shown.splitlines())


def test_launch__fetch(launch: Callable[..., str], aws_server: AwsServer, tmp_path: Path) -> None:
    bucket = aws_server.make_bucket("fetched")
    launch(*aws_server.words(bucket), *CPU, "job=binrecon-fetched", "follow=false")
    place = "binrecon/jobs/binrecon-fetched/output/"
    for name, files in (
        ("model.tar.gz", {"checkpoints/best.ckpt": b"weights", "metrics.json": b"{}"}),
        ("output.tar.gz", {"plots/a.png": b"plot", "metrics.csv": b"epoch"}),
    ):
        aws_server.s3.put_object(Bucket=bucket, Key=place + name, Body=pack(files))
    root = tmp_path / "outputs"
    shown = launch("fetch", "binrecon-fetched", *aws_server.words(bucket), f"output_root={root}")
    folder = root / "launch" / "binrecon-fetched"
    assert f"run folder: {folder}" in shown
    assert {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    } == {
        "checkpoints/best.ckpt": b"weights",
        "metrics.json": b"{}",
        "plots/a.png": b"plot",
        "metrics.csv": b"epoch",
    }
    assert [path.name for path in folder.parent.iterdir()] == ["binrecon-fetched"], "nothing half is left"


def test_launch__fetch_twice(
    launch: Callable[..., str], fail: Callable[..., str], aws_server: AwsServer, tmp_path: Path
) -> None:
    bucket = aws_server.make_bucket("twice")
    launch(*aws_server.words(bucket), *CPU, "job=binrecon-twice", "follow=false")
    words = ["fetch", "binrecon-twice", *aws_server.words(bucket), f"output_root={tmp_path}"]
    assert fail(*words) == (
        "CloudError: binrecon-twice: nothing lies at "
        "s3://twice/binrecon/jobs/binrecon-twice/output/model.tar.gz; it may have been removed since\n"
    )
    (tmp_path / "launch" / "binrecon-twice").mkdir()
    assert fail(*words) == (
        f"OutputError: '{tmp_path}/launch/binrecon-twice' is there already; "
        "move it away, or give another output_root=PATH\n"
    )


def test_launch__stop_what_has_ended(launch: Callable[..., str], aws_server: AwsServer) -> None:
    bucket = aws_server.make_bucket("stopped")
    launch(*aws_server.words(bucket), *CPU, "job=binrecon-stopped", "follow=false")
    shown = launch("stop", "binrecon-stopped", *aws_server.words(bucket))
    assert shown == "binrecon-stopped is Completed already\n"


@pytest.mark.parametrize("action", ["follow", "stop", "fetch"])
def test_launch__no_such_job(action: str, fail: Callable[..., str], aws_server: AwsServer) -> None:
    assert fail(
        action, "binrecon-none", f"cloud.endpoint_url={aws_server.url}", f"cloud.region={REGION}"
    ) == (
        "CloudError: job: there is no job 'binrecon-none' in this region; `binrecon launch ls` lists ours\n"
    )


def test_launch__no_such_bucket(fail: Callable[..., str], aws_server: AwsServer) -> None:
    assert fail(*aws_server.words("nobodys"), *CPU).splitlines()[-1] == (
        f"CloudError: cloud.bucket: no bucket 'nobodys' in {REGION}; check name and region"
    )


def test_launch__no_such_bucket_of_bins(fail: Callable[..., str], aws_server: AwsServer) -> None:
    words = [*aws_server.words(aws_server.make_bucket("own")), "trainer=gpu", "cloud.bins=s3://nobodys/abid"]
    assert fail(*words).splitlines()[-1] == (
        f"CloudError: cloud.bins: no bucket 'nobodys' in {REGION}; check name and region"
    )


def test_launch__an_empty_channel(fail: Callable[..., str], aws_server: AwsServer) -> None:
    bucket = aws_server.make_bucket("empty", "abid2/bin-images/00001.jpg")
    shown = fail(*aws_server.words(bucket), "trainer=gpu", "cloud.bins=s3://empty/abid", "job=binrecon-empty")
    assert shown == (
        "CloudError: cloud.bins: nothing lies in s3://empty/abid/bin-images/ or s3://empty/abid/metadata/; "
        "check the address, or copy it there first\n"
    )
    assert "binrecon-empty" not in json.dumps(aws_server.sagemaker.list_training_jobs(), default=str)


def test_launch__out_of_reach(fail: Callable[..., str]) -> None:
    words = ["cloud.endpoint_url=http://127.0.0.1:9", f"cloud.region={REGION}"]
    assert fail("ls", *words) == (
        "CloudError: cloud.region: http://127.0.0.1:9 cannot be reached "
        '(Could not connect to the endpoint URL: "http://127.0.0.1:9/"); check the address and the network\n'
    )


def test_launch__no_credentials(
    fail: Callable[..., str], aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    assert fail(*aws_server.words("some"), *CPU) == (
        "CloudError: no AWS credentials were found in the usual places (environment, ~/.aws, instance role); "
        "set them up, for instance with `aws configure`\n"
    )


def test_launch__missing_keys(fail: Callable[..., str]) -> None:
    assert fail("source=synthetic") == (
        "ConfigError: 3 problems in the config\n"
        "  cloud.region: must be given, as cloud.region=us-east-1 or in AWS_REGION\n"
        "  cloud.role: must be given: the ARN of the role that the job works under, "
        "cloud.role=arn:aws:iam::ACCOUNT:role/NAME; the README links to its policy\n"
        "  cloud.bucket: must be given: the bucket for code and results, cloud.bucket=NAME\n"
    )


def test_launch__the_role_is_the_one_given(launch: Callable[..., str]) -> None:
    words = [f"cloud.region={REGION}", "cloud.bucket=some", f"cloud.role={ROLE}", *CPU]
    assert read_request(launch(*words, "--dry-run"))["RoleArn"] == ROLE
