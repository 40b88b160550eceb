"""AWS's control calls on loopback: moto's server in a process of its own.

What it cannot do: a training job is Completed as soon as it is made, nothing runs, and nothing can be stopped.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError
from tests.ports import find_free_ports

REGION = "us-east-1"

ROLE = "arn:aws:iam::123456789012:role/binrecon"

AWS_MARKS = [pytest.mark.enable_socket, pytest.mark.xdist_group("aws")]
"""For every module whose tests use the server: it needs sockets, and one process runs them all, so one server."""

_START_S = 60


class AwsServer:
    """A running server."""

    def __init__(self, url: str) -> None:
        self.url = url
        session = boto3.Session("testing", "testing", region_name=REGION)
        self.s3 = session.client("s3", endpoint_url=url)
        self.sagemaker = session.client("sagemaker", endpoint_url=url)
        self.logs = session.client("logs", endpoint_url=url)
        self.secrets = session.client("secretsmanager", endpoint_url=url)

    def words(self, bucket: str) -> list[str]:
        """Words of `launch` that lead here."""
        return [
            f"cloud.endpoint_url={self.url}",
            f"cloud.region={REGION}",
            f"cloud.bucket={bucket}",
            f"cloud.role={ROLE}",
            "cloud.poll_s=0.01",
        ]

    def make_bucket(self, name: str, *keys: str) -> str:
        """Make a bucket that holds some objects."""
        self.s3.create_bucket(Bucket=name)
        for key in keys:
            self.s3.put_object(Bucket=name, Key=key, Body=b"x")
        return name

    def make_log_group(self, name: str) -> None:
        """Make a group of logs, unless another test has made it."""
        with contextlib.suppress(self.logs.exceptions.ResourceAlreadyExistsException):
            self.logs.create_log_group(logGroupName=name)


@contextmanager
def run_aws_server(folder: Path) -> Iterator[AwsServer]:
    """Start a server, and stop it by its id at the end."""
    (port,) = find_free_ports(1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        server = AwsServer(f"http://127.0.0.1:{port}")
        _wait_until_ready(server, process, folder / "moto.log")
        yield server
    finally:
        process.kill()
        process.wait(30)


def _wait_until_ready(server: AwsServer, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            server.s3.list_buckets()
            return
        except BotoCoreError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"moto did not start:\n{log.read_text()[-3000:]}") from None
            time.sleep(0.2)
