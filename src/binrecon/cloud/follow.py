"""The log of a job, line by line, until the job ends."""

import time
from collections.abc import Iterator

from rich.console import Console

from binrecon.cloud.aws import Clients
from binrecon.cloud.jobs import Job, find_job
from binrecon.errors import CloudError

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
"""Log group of the containers of training jobs."""

_LATE_LOOKS = 2
"""Reads of the log after the end: CloudWatch is some seconds behind."""


class JobLog:
    """Log lines of a job's containers, each once.

    Args:
        clients: To ask.
        name: Of the job.
    """

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._prefix = f"{name}/"
        self._places: dict[str, str] = {}

    def read_new(self) -> Iterator[str]:
        """Yield the lines that came since the last time; those of the second machine and so on are marked."""
        streams = self._list_streams()
        for stream in streams:
            mark = f"[{stream.removeprefix(self._prefix).rpartition('-')[0]}] " if len(streams) > 1 else ""
            for line in self._read_stream(stream):
                yield f"{mark}{line}"

    def _list_streams(self) -> list[str]:
        missing = self._clients.logs.exceptions.ResourceNotFoundException
        pages = self._clients.logs.get_paginator("describe_log_streams").paginate(
            logGroupName=LOG_GROUP, logStreamNamePrefix=self._prefix
        )
        try:
            return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except missing:  # until the first job of an account prints its first line
            return []

    def _read_stream(self, stream: str) -> Iterator[str]:
        while True:
            place = self._places.get(stream)
            start = {} if place is None else {"nextToken": place}
            answer = self._clients.logs.get_log_events(
                logGroupName=LOG_GROUP,
                logStreamName=stream,
                startFromHead=True,
                **start,  # type: ignore[arg-type]  # the token, or nothing
            )
            yield from (event["message"].rstrip("\n") for event in answer["events"])
            self._places[stream] = answer["nextForwardToken"]
            if answer["nextForwardToken"] == place or not answer["events"]:
                return


def follow(clients: Clients, console: Console, name: str, poll_s: float) -> Job:
    """Show the log of a training job, or the counts of a tuning job, until it ends.

    Args:
        clients: To ask.
        console: To show it on.
        name: Of the job.
        poll_s: Wait between two polls, in seconds.

    Returns:
        The job as it ended.

    Raises:
        CloudError: If there is no such job.
        KeyboardInterrupt: After Ctrl-C, once it is said that the job goes on.
        ClientError: If AWS cannot be asked any longer; that the job goes on is said then too.
        BotoCoreError: As above.
    """
    job = find_job(clients, name)
    try:
        return _follow(clients, console, job, poll_s)
    except BaseException:
        console.print(
            f"the job goes on, and so does its cost; see it by `binrecon launch follow {name}`, "
            f"end it by `binrecon launch stop {name}`",
            highlight=False,
        )
        raise


def _follow(clients: Clients, console: Console, job: Job, poll_s: float) -> Job:
    log, said = JobLog(clients, job.name), ""
    late_looks = 0
    while True:
        for line in log.read_new():
            console.print(line, highlight=False, markup=False)
        state = f"{job.status}: {job.stage}"
        if state != said:
            console.print(f"{job.name} {state}", highlight=False, markup=False)
            said = state
        if job.has_ended:
            late_looks += 1
        if late_looks > _LATE_LOOKS or (late_looks and job.is_tuning):
            return job
        time.sleep(poll_s)
        job = find_job(clients, job.name)


def report_end(console: Console, job: Job) -> None:
    """Show the result of a job.

    Raises:
        CloudError: If it failed.
    """
    if job.status == "Failed":
        raise CloudError(f"{job.name} failed: {job.failure or 'SageMaker does not say why; see its log'}")
    for name, value in sorted(job.metrics.items()):
        console.print(f"{name} {value:.4f}", highlight=False, markup=False)
    if job.is_tuning:
        console.print(f"best job: {job.best or 'none, not one has ended well'}", highlight=False)
    else:
        console.print(f"model: {job.model or 'none'}", highlight=False)
        if job.billed_s:
            console.print(f"billed: {job.billed_s / 60:.1f} min for each machine", highlight=False)
    if job.best or job.model:
        console.print(f"bring it here: binrecon launch fetch {job.name}", highlight=False)
