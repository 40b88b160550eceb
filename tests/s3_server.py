"""A real S3 server on loopback: SeaweedFS, from its package on PyPI."""

import subprocess
import sysconfig
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from tests.ports import find_free_ports

BUCKET = "aft-vbi-pds"

S3_MARKS = [pytest.mark.enable_socket, pytest.mark.xdist_group("s3")]
"""For every module whose tests use the server: it needs sockets, and one process runs them all, so one server."""

_START_S = 90


class S3Server:
    """A running server with one public bucket."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            config=Config(
                signature_version=UNSIGNED, s3={"addressing_style": "path"}, max_pool_connections=16
            ),
        )

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def put_folder(self, root: Path, prefix: str = "") -> None:
        """Upload a folder of bins."""
        files = [path for path in root.glob("*/*.*") if path.parent.name in ("bin-images", "metadata")]
        with ThreadPoolExecutor(16) as pool:
            list(
                pool.map(
                    lambda path: self.put(f"{prefix}{path.relative_to(root).as_posix()}", path.read_bytes()),
                    files,
                )
            )


@contextmanager
def run_s3_server(folder: Path) -> Iterator[S3Server]:
    """Start a server that keeps its files in `folder`, and stop it by its id at the end."""
    names = (
        "master.port",
        "master.port.grpc",
        "volume.port",
        "volume.port.grpc",
        "filer.port",
        "filer.port.grpc",
    )
    ports = find_free_ports(len(names) + 2)
    command = [
        f"{sysconfig.get_path('scripts')}/weed", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-filer", "-s3", f"-s3.port={ports[-1]}", f"-s3.port.grpc={ports[-2]}",
        "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-volume.max=200", "-master.volumeSizeLimitMB=64", "-master.telemetry=false",
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=False)),
    ]  # fmt: skip
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        server = S3Server(f"http://127.0.0.1:{ports[-1]}")
        _wait_until_ready(server, process, folder / "weed.log")
        yield server
    finally:
        process.kill()  # asked politely, it takes half a minute
        process.wait(30)


def _wait_until_ready(server: S3Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a bucket can be made and written."""
    deadline = time.monotonic() + _START_S
    while True:
        try:
            server.client.create_bucket(Bucket=BUCKET)
            server.put("ready", b"yes")
            server.client.delete_object(Bucket=BUCKET, Key="ready")
            return
        except (BotoCoreError, ClientError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"SeaweedFS did not start:\n{log.read_text()[-3000:]}") from None
            time.sleep(0.3)
