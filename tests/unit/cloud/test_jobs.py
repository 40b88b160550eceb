"""What moto cannot answer (it ends every job at once, and stops none): with botocore's Stubber."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from binrecon.cloud.aws import Clients
from binrecon.cloud.fetch import fetch_job
from binrecon.cloud.follow import follow, report_end
from binrecon.cloud.jobs import find_job, jobs_table, stop_job
from binrecon.console import get_console
from binrecon.errors import CloudError, OutputError

NAME = "binrecon-1"
NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


class Stubs:
    """Clients that answer as they are told, in order."""

    def __init__(self) -> None:
        make = boto3.Session("a", "b", region_name="us-east-1").client
        self.clients = Clients(*map(make, ("sagemaker", "s3", "logs", "secretsmanager")))
        self.sagemaker = Stubber(self.clients.sagemaker)
        self.logs = Stubber(self.clients.logs)

    def show_training(self, status: str, stage: str = "Training", **more: Any) -> None:  # noqa: ANN401  # of an answer
        answer = {
            "TrainingJobName": NAME,
            "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{NAME}",
            "ModelArtifacts": {"S3ModelArtifacts": "s3://b/jobs/output/model.tar.gz"},
            "TrainingJobStatus": status,
            "SecondaryStatus": stage,
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "ResourceConfig": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1},
            "StoppingCondition": {},
            "CreationTime": NOW,
            **more,
        }
        self.sagemaker.add_response("describe_training_job", answer, {"TrainingJobName": NAME})

    def show_tuning(self, status: str, **more: Any) -> None:  # noqa: ANN401  # of an answer
        self.sagemaker.add_client_error("describe_training_job", "ValidationException", "not found")
        answer = {
            "HyperParameterTuningJobName": NAME,
            "HyperParameterTuningJobArn": "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/x",
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "ResourceLimits": {"MaxParallelTrainingJobs": 1},
            },
            "HyperParameterTuningJobStatus": status,
            "CreationTime": NOW,
            "TrainingJobStatusCounters": {"Completed": 3, "InProgress": 2, "NonRetryableError": 1},
            "ObjectiveStatusCounters": {"Succeeded": 3},
            **more,
        }
        self.sagemaker.add_response("describe_hyper_parameter_tuning_job", answer)

    def show_no_log(self) -> None:
        self.logs.add_client_error("describe_log_streams", "ResourceNotFoundException")


@pytest.fixture
def stubs() -> Iterator[Stubs]:
    made = Stubs()
    with made.sagemaker, made.logs:
        yield made
        made.sagemaker.assert_no_pending_responses()


def test_stop_job__a_training_job(stubs: Stubs) -> None:
    stubs.show_training("InProgress")
    stubs.sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": NAME})
    assert stop_job(stubs.clients, NAME) == (
        f"{NAME} was asked to stop; it has two minutes to end, and its checkpoints stay in S3"
    )


def test_stop_job__a_tuning_job(stubs: Stubs) -> None:
    stubs.show_tuning("InProgress")
    stubs.sagemaker.add_response("stop_hyper_parameter_tuning_job", {}, {"HyperParameterTuningJobName": NAME})
    assert stop_job(stubs.clients, NAME).startswith(f"{NAME} was asked to stop")


def test_find_job__a_tuning_job(stubs: Stubs) -> None:
    best = {
        "TrainingJobName": f"{NAME}-003-abc",
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{NAME}-003-abc",
        "CreationTime": NOW,
        "TrainingJobStatus": "Completed",
        "TunedHyperParameters": {"optimizer.lr": "0.1"},
        "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "val/nll", "Value": 1.25},
    }
    stubs.show_tuning("InProgress", BestTrainingJob=best)
    job = find_job(stubs.clients, NAME)
    assert (job.is_tuning, job.best, job.metrics) == (True, f"{NAME}-003-abc", {"val/nll": 1.25})
    assert job.stage == "3 completed, 2 running, 1 failed"


def test_follow__until_the_end(stubs: Stubs, capsys: pytest.CaptureFixture[str]) -> None:
    for status, stage in (
        ("InProgress", "Downloading"),
        ("InProgress", "Training"),
        ("InProgress", "Training"),
    ):
        stubs.show_training(status, stage)
        stubs.show_no_log()
    for _ in range(3):  # two more looks, for lines that come late
        stubs.show_training("Failed", "Failed", FailureReason="AlgorithmError:\n  seed: must be at least 0")
        stubs.show_no_log()
    job = follow(stubs.clients, get_console(), NAME, 0.001)
    assert capsys.readouterr().out.splitlines() == [
        f"{NAME} InProgress: Downloading", f"{NAME} InProgress: Training", f"{NAME} Failed: Failed",
    ]  # fmt: skip
    with pytest.raises(CloudError) as caught:
        report_end(get_console(), job)
    assert str(caught.value) == f"{NAME} failed: AlgorithmError: seed: must be at least 0"


def test_follow__ctrl_c_leaves_the_job(
    stubs: Stubs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stubs.show_training("InProgress")
    stubs.show_no_log()

    def press(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("binrecon.cloud.follow.time.sleep", press)
    with pytest.raises(KeyboardInterrupt):
        follow(stubs.clients, get_console(), NAME, 1.0)
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"the job goes on, and so does its cost; see it by `binrecon launch follow {NAME}`, "
        f"end it by `binrecon launch stop {NAME}`"
    )


def test_follow__says_that_the_job_goes_on_without_us(
    stubs: Stubs, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job outlives the credentials of a session."""
    stubs.show_training("InProgress")
    stubs.show_no_log()
    stubs.sagemaker.add_client_error("describe_training_job", "ExpiredTokenException")
    with pytest.raises(ClientError):
        follow(stubs.clients, get_console(), NAME, 0.001)
    assert (
        capsys.readouterr()
        .out.splitlines()[-1]
        .startswith("the job goes on, and so does its cost; see it by")
    )


def test_follow__of_a_job_that_cannot_be_seen_says_nothing_of_it(
    stubs: Stubs, capsys: pytest.CaptureFixture[str]
) -> None:
    stubs.sagemaker.add_client_error("describe_training_job", "ExpiredTokenException")
    with pytest.raises(ClientError):
        follow(stubs.clients, get_console(), NAME, 0.001)
    assert capsys.readouterr().out == ""


def test_report_end__metrics_and_model(stubs: Stubs, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = [{"MetricName": "val/nll", "Value": 1.25, "Timestamp": NOW}]
    stubs.show_training("Completed", "Completed", FinalMetricDataList=metrics, BillableTimeInSeconds=90)
    report_end(get_console(), find_job(stubs.clients, NAME))
    assert capsys.readouterr().out.splitlines() == [
        "val/nll 1.2500", "model: s3://b/jobs/output/model.tar.gz", "billed: 1.5 min for each machine",
        f"bring it here: binrecon launch fetch {NAME}",
    ]  # fmt: skip


def test_fetch_job__nowhere_to(stubs: Stubs, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    stubs.show_training("Completed")
    with stubs.sagemaker, pytest.raises(OutputError) as caught:
        fetch_job(stubs.clients, NAME, tmp_path / "file" / "launch")
    assert str(caught.value) == (
        f"'{tmp_path}/file/launch' cannot be made (Not a directory); give a folder you may write to with "
        "output_root=PATH"
    )


def test_fetch_job__a_tuning_job_without_a_best(stubs: Stubs, tmp_path: Path) -> None:
    stubs.show_tuning("InProgress")
    with pytest.raises(CloudError) as caught:
        fetch_job(stubs.clients, NAME, tmp_path)
    assert str(caught.value) == (
        f"{NAME} has no best job yet (InProgress: 3 completed, 2 running, 1 failed); wait for one to end"
    )


def test_jobs_table__costs(stubs: Stubs, capsys: pytest.CaptureFixture[str]) -> None:
    stubs.show_training("Completed", "Completed", BillableTimeInSeconds=1800)
    get_console(140).print(jobs_table([find_job(stubs.clients, NAME)], {"ml.c5.xlarge": 2.0}))
    assert "$2.00" in capsys.readouterr().out  # two machines for half an hour
