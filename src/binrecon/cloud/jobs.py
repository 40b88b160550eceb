"""Existing jobs: the state of one, a list of all, and stopping one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from rich.table import Table

from binrecon.cloud.aws import Clients
from binrecon.cloud.prices import Machines, cost_of
from binrecon.config.cloud_settings import JOB_PREFIX
from binrecon.errors import CloudError

ENDED = ("Completed", "Failed", "Stopped")
"""States that a job never leaves."""

LISTED = 50
"""Jobs that `ls` shows of each kind, the newest."""

_ABSENT = ("ValidationException", "ValidationError", "ResourceNotFound")


@dataclass(frozen=True)
class Job:
    """A training job or a tuning job.

    Attributes:
        name: As SageMaker knows it.
        status: `InProgress`, `Stopping`, or one of `ENDED`.
        stage: What a training job is at, for instance `Downloading`; of a tuning job, its jobs by state.
        created: When it was.
        model: Address of what it learned; None while there is nothing.
        metrics: Last value of each metric.
        failure: Why it failed; empty if it did not.
        best: Of a tuning job, the name of its best training job; None for a training job.
        is_tuning: Whether it is a tuning job.
        machines: Machines that are paid for.
        billed_s: Seconds paid for; 0 while unknown.
    """

    name: str
    status: str
    stage: str
    created: datetime
    model: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""
    best: str | None = None
    is_tuning: bool = False
    machines: Machines = field(default_factory=lambda: Machines(""))
    billed_s: float = 0.0

    @property
    def has_ended(self) -> bool:
        """True if the status is final."""
        return self.status in ENDED


def find_job(clients: Clients, name: str) -> Job:
    """Find a training job or a tuning job.

    Raises:
        CloudError: If there is neither.
    """
    from botocore.exceptions import ClientError

    for look in (_look_at_training, _look_at_tuning):
        try:
            return look(clients, name)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _ABSENT:
                raise
    raise CloudError(f"job: there is no job '{name}' in this region; `binrecon launch ls` lists ours")


def _look_at_training(clients: Clients, name: str) -> Job:
    answer = clients.sagemaker.describe_training_job(TrainingJobName=name)
    resources = answer.get("ResourceConfig", {})
    return Job(
        name,
        answer["TrainingJobStatus"],
        answer["SecondaryStatus"],
        answer["CreationTime"],
        model=answer.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        metrics={item["MetricName"]: item["Value"] for item in answer.get("FinalMetricDataList", [])},
        failure=" ".join(answer.get("FailureReason", "").split()),
        machines=Machines(resources.get("InstanceType", ""), resources.get("InstanceCount", 1)),
        billed_s=answer.get("BillableTimeInSeconds", 0),
    )


def _look_at_tuning(clients: Clients, name: str) -> Job:
    answer = clients.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    best = answer.get("BestTrainingJob", {})
    objective = best.get("FinalHyperParameterTuningJobObjectiveMetric")
    return Job(
        name,
        answer["HyperParameterTuningJobStatus"],
        _describe_counts(answer.get("TrainingJobStatusCounters", {})),
        answer["CreationTime"],
        metrics={} if objective is None else {objective["MetricName"]: objective["Value"]},
        failure=" ".join(answer.get("FailureReason", "").split()),
        best=best.get("TrainingJobName"),
        is_tuning=True,
    )


def _describe_counts(counts: Mapping[str, Any]) -> str:
    shown = {
        "Completed": "completed",
        "InProgress": "running",
        "Stopped": "stopped",
        "NonRetryableError": "failed",
    }
    return ", ".join(f"{counts[key]} {word}" for key, word in shown.items() if counts.get(key))


def list_jobs(clients: Clients) -> list[Job]:
    """List the newest of our jobs, known by their names; those that a tuning job started stand above it."""
    names = [
        answer["TrainingJobName"]
        for answer in _list_pages(clients, "list_training_jobs", "TrainingJobSummaries")
    ]
    tuning = [
        answer["HyperParameterTuningJobName"]
        for answer in _list_pages(
            clients, "list_hyper_parameter_tuning_jobs", "HyperParameterTuningJobSummaries"
        )
    ]
    jobs = [_look_at_training(clients, name) for name in names] + [
        _look_at_tuning(clients, name) for name in tuning
    ]
    return sorted(jobs, key=lambda job: (job.created, job.name), reverse=True)


def _list_pages(clients: Clients, operation: Any, key: str) -> Iterator[Any]:  # noqa: ANN401  # boto3's types are a literal and a TypedDict for each
    pages = clients.sagemaker.get_paginator(operation).paginate(
        NameContains=JOB_PREFIX, SortBy="CreationTime", SortOrder="Descending"
    )
    found: Iterable[Any] = (item for page in pages for item in page[key])
    yield from islice(found, LISTED)


def jobs_table(jobs: Iterable[Job], prices: Mapping[str, float]) -> Table:
    """Show jobs, one in a row; costs where prices are known."""
    table = Table(
        title=f"jobs, newest first, {LISTED} of each kind at most", title_justify="left", title_style=""
    )
    for heading in ("job", "status", "stage", "created (UTC)", "machine", "billed min", "cost"):
        table.add_column(heading, justify="right" if heading in ("billed min", "cost") else "left")
    for job in jobs:
        cost = cost_of(job.machines, job.billed_s, prices) if job.billed_s else None
        machine = "" if job.is_tuning else f"{job.machines.per_job} x {job.machines.instance_type}"
        table.add_row(
            job.name,
            job.status,
            job.stage,
            f"{job.created:%Y-%m-%d %H:%M}",
            machine,
            f"{job.billed_s / 60:.0f}" if job.billed_s else "",
            "" if cost is None else f"${cost:.2f}",
        )
    return table


def stop_job(clients: Clients, name: str) -> str:
    """Ask SageMaker to stop a job.

    Returns:
        Message for the user.

    Raises:
        CloudError: If there is no such job.
    """
    job = find_job(clients, name)
    if job.has_ended:
        return f"{name} is {job.status} already"
    if job.is_tuning:
        clients.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    else:
        clients.sagemaker.stop_training_job(TrainingJobName=name)
    return f"{name} was asked to stop; it has two minutes to end, and its checkpoints stay in S3"
