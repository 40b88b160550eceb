"""Every test runs offline, isolated and seeded."""

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image
from tests.ctrl_c import heed_ctrl_c

if TYPE_CHECKING:
    from tests.aws_server import AwsServer
    from tests.s3_server import S3Server

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: two test processes share the cores

heed_ctrl_c()  # where pytest runs in the background, tests press Ctrl-C all the same

settings.register_profile(
    "any machine",
    deadline=None,  # how long an example takes says how busy the machine is
    suppress_health_check=[HealthCheck.too_slow],  # as above
    derandomize=True,  # the same examples every time; --hypothesis-profile=default draws others
)
settings.load_profile("any machine")

REAL_BINS = Path(
    os.environ.get("BINRECON_ABID", Path(__file__).parents[1] / ".." / "shared" / "abid")
).resolve()
"""Real photos with records (`../shared/abid` unless BINRECON_ABID says otherwise), in the bucket's layout; never part of the repository (CC BY-NC-SA 3.0 US)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take a slow test for one that hangs only when it takes longer than a machine with much else to do needs."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(autouse=True)
def _offline_and_isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINRECON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    for folder in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"WANDB_{folder}_DIR", str(tmp_path / "wandb" / folder.lower()))


@pytest.fixture(autouse=True)
def _no_known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test mask the credentials of another one."""
    monkeypatch.setattr("binrecon.masking._known", set())


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Let no test draw from where another one left off: which one ran before in this process is chance."""
    random.seed(0)
    np.random.seed(0)  # the one that others draw from
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[S3Server]":
    """A real S3 server with an empty public bucket; tests that use it carry the marks in `S3_MARKS`."""
    from tests.s3_server import run_s3_server  # boto3 is slow to load

    with run_s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def aws_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[AwsServer]":
    """AWS's control calls; tests that use it carry the marks in `AWS_MARKS`."""
    from tests.aws_server import run_aws_server  # boto3 is slow to load

    with run_aws_server(tmp_path_factory.mktemp("aws")) as server:
        yield server


@pytest.fixture(scope="session")
def real_squashed() -> Path:
    """3,028 real photos of 224 x 224 pixels with their records."""
    folder = REAL_BINS / "squashed224"
    if not folder.is_dir():
        pytest.skip(f"real photos are not at {folder}; set BINRECON_ABID to a folder that has squashed224/")
    return folder


@pytest.fixture(scope="session")
def real_lists() -> Path:
    """The published lists: UNC's and Udacity's."""
    folder = REAL_BINS / "lists"
    if not folder.is_dir():
        pytest.skip(f"published lists are not at {folder}; set BINRECON_ABID to a folder that has lists/")
    return folder


@pytest.fixture(scope="session")
def real_originals() -> Path:
    """290 real photos as they lie in the bucket, with their records."""
    folder = REAL_BINS / "originals"
    if not folder.is_dir():
        pytest.skip(f"real photos are not at {folder}; set BINRECON_ABID to a folder that has originals/")
    return folder


def _write_bin(root: Path, bin_id: str, recorded_count: int, side: int = 40, asin: str | None = None) -> None:
    """Write one bin whose photo is brighter the more items its record claims."""
    for folder in ("bin-images", "metadata"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    colour = (30 + 40 * recorded_count, 220 - 35 * recorded_count, 30)
    noise = np.random.default_rng(list(bin_id.encode())).integers(30, size=(side, side, 3))
    Image.fromarray((noise + colour).astype(np.uint8)).save(root / "bin-images" / f"{bin_id}.jpg", quality=95)
    item = {"asin": asin or f"B{bin_id}", "name": "thing", "quantity": recorded_count}
    record = {
        "BIN_FCSKU_DATA": {item["asin"]: item} if recorded_count else {},
        "EXPECTED_QUANTITY": recorded_count,
    }
    (root / "metadata" / f"{bin_id}.json").write_text(json.dumps(record))


@pytest.fixture(scope="session")
def tiny_bins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 bins of 40 x 40 pixels, 20 of each count from 0 to 5, learnable from their colour."""
    root = tmp_path_factory.mktemp("tiny_bins")
    for number in range(120):
        _write_bin(root, f"{number + 1:05d}", number % 6)
    return root


@pytest.fixture
def tiny_run(tiny_bins: Path, tmp_path: Path) -> list[str]:
    """Words that train on the tiny bins in a second: timm's tiny ResNet, random, that sees 32 pixels."""
    return [
        f"source.root={tiny_bins}",
        "model=timm",
        "model.backbone=test_resnet.r160_in1k",
        "model.weights=random",
        "data.image_size=32",
        "data.batch_size=16",
        "data.workers=0",
        "features.engine=torch",
        "features.precision=float32",
        "features.dtype=float32",
        "trainer.max_epochs=2",
        f"output_root={tmp_path / 'outputs'}",
    ]


@pytest.fixture
def without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes half of a short run, for tests that train more than once and look at no plot."""
    monkeypatch.setattr("binrecon.training.results._draw", lambda *_: None)


@pytest.fixture
def write_bin() -> Callable[..., None]:
    """Write one small bin: `write_bin(root, bin_id, recorded_count)`."""
    return _write_bin
