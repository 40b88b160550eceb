from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from tests.fault_proxy import FaultProxy, run_fault_proxy
from tests.s3_server import S3Server

from binrecon.config.compose import compose_config, to_typed
from binrecon.sources.s3.options import AbidSourceConfig

MakeConfig = Callable[..., AbidSourceConfig]

BIN_IDS = ("00001", "00002", "00523", "523", "100000")
"""In the bucket of `filled`."""


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A prefix in the bucket that is this test's alone."""
    return f"{request.node.nodeid.rpartition('::')[2]}".replace("[", "-").replace("]", "").replace("/", "-")


@pytest.fixture
def filled(s3_server: S3Server, prefix: str) -> S3Server:
    """A bucket with five bins, photos of 5,000 and records of 200 bytes, below this test's prefix."""
    for bin_id in BIN_IDS:
        s3_server.put(f"{prefix}/bin-images/{bin_id}.jpg", photo_of(bin_id))
        s3_server.put(f"{prefix}/metadata/{bin_id}.json", record_of(bin_id))
    return s3_server


def photo_of(bin_id: str) -> bytes:
    return (f"photo {bin_id} ".encode() * 1000)[:5000]


def record_of(bin_id: str) -> bytes:
    return (f"record {bin_id} ".encode() * 100)[:200]


@pytest.fixture
def make_config(tmp_path: Path, prefix: str) -> MakeConfig:
    """Build the configuration of a source that asks impatiently, and waits as long as a busy machine needs."""

    def make(url: str, **values: object) -> AbidSourceConfig:
        fast = {"attempts": 3, "backoff_s": 0.01, "stall_timeout_s": 20.0, "connections": 4}
        words = {"root": tmp_path / "bins", "endpoint_url": url, "prefix": prefix, **fast, **values}
        composed = compose_config("fetch", ["subset=all", f"cache_dir={tmp_path}"])
        for key, value in words.items():
            composed.source[key] = str(value) if isinstance(value, Path) else value
        return cast(AbidSourceConfig, to_typed(composed).source)

    return make


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    """Stands before the server and can spoil its answers."""
    with run_fault_proxy(s3_server.url) as running:
        yield running
