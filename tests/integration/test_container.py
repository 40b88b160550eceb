"""The container's side of a SageMaker job, in a real process with a whole /opt/ml."""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from tests.ctrl_c import heed_ctrl_c
from tests.ports import find_free_ports

from binrecon.cloud.archive import build_archive
from binrecon.cloud.metric_lines import METRICS, describe_metrics
from binrecon.cloud.words import encode_words
from binrecon.training.checkpoints.files import load_counter, read_checkpoint

Tree = Callable[..., Path]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def tree(tiny_bins: Path, tiny_run: list[str], tmp_path: Path) -> Tree:
    """Make an /opt/ml as SageMaker does, for a training on the tiny bins with some more words."""

    def make(*words: str, name: str = "ml", hosts: tuple[str, ...] = ("algo-1",), host: str = "") -> Path:
        root = tmp_path / name
        (root / "input" / "data").mkdir(parents=True)
        (root / "input" / "data" / "bins").symlink_to(tiny_bins)
        for folder in ("model", "checkpoints", "output/data"):
            (root / folder).mkdir(parents=True)
        given = [word for word in tiny_run if not word.startswith(("source.root=", "output_root="))]
        files = {
            "hyperparameters": {
                "sagemaker_program": "start.py",
                "sagemaker_submit_directory": "s3://b/code.tar.gz",
                **encode_words([*given, *words]),
            },
            "resourceconfig": {
                "current_host": host or hosts[0],
                "hosts": list(reversed(hosts)),
                "network_interface_name": "lo",
            },
            "inputdataconfig": {
                "bins": {
                    "TrainingInputMode": "File",
                    "S3DistributionType": "FullyReplicated",
                    "RecordWrapperType": "None",
                }
            },
        }
        (root / "input" / "config").mkdir()
        for file, content in files.items():
            (root / "input" / "config" / f"{file}.json").write_text(json.dumps(content))
        return root

    return make


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a container; what still runs at the end of a test is ended."""
    processes = []

    def begin(root: Path, **variables: str) -> "subprocess.Popen[str]":
        (root / "tmp").mkdir(exist_ok=True)
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "binrecon.cloud.entry"],
                env={**os.environ, "BINRECON_ML_ROOT": str(root), "TMPDIR": str(root / "tmp"), **variables},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                preexec_fn=heed_ctrl_c,
            )
        )
        return processes[-1]

    yield begin
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    shown, errors = process.communicate(timeout=280)
    return process.returncode, shown, errors


def list_family(process: int) -> list[int]:
    """Return a process and all that it has started: torchrun's are in sessions of their own."""
    children = (Path(f"/proc/{process}/task/{process}/children").read_text()).split()
    return [process, *(member for child in children for member in list_family(int(child)))]


def list_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def read_metrics(shown: str) -> dict[str, list[float]]:
    """Read what CloudWatch would, by the definitions that a job has."""
    return {
        item["Name"]: [
            float(match) for line in shown.splitlines() for match in re.findall(item["Regex"], line)
        ]
        for item in describe_metrics()
    }


@pytest.mark.slow
def test_entry__trains_and_hands_over(tree: Tree, start: Start) -> None:
    root = tree("head.dropout=0.25")
    commit = {"commit": "0123abc", "is_dirty": False}
    status, shown, errors = finish(start(root, BINRECON_COMMIT=json.dumps(commit)))
    assert status == 0, errors
    assert list_files(root / "model") == {
        "checkpoints/best.ckpt", "calibration.json", "checksums.json", "config.yaml", "run.json", "metrics.json",
    }  # fmt: skip
    assert list_files(root / "output") == {
        "data/manifest.parquet", "data/metrics.csv", "data/predictions.parquet", "data/plots/learning_curves.png",
        "data/plots/confusion_matrix.png", "data/plots/calibration.png", "data/plots/reliability.png",
        "data/val_predictions.parquet", "data/plots/most_wrong.png",
    }  # fmt: skip
    counter = load_counter(root / "model" / "checkpoints" / "best.ckpt")
    assert (counter.min_count, counter.max_count) == (0, 5)
    facts = json.loads((root / "model" / "run.json").read_text())
    assert facts["git"] == commit
    assert facts["overrides"][-2:] == ["head.dropout=0.25", f"source.root={root}/input/data/bins"]
    history = pd.read_csv(root / "output" / "data" / "metrics.csv")
    results = json.loads((root / "model" / "metrics.json").read_text())
    found = read_metrics(shown)
    assert set(found) == set(METRICS)
    assert found["train/loss"] == pytest.approx(history["train/loss"].tolist(), rel=1e-5)
    assert found["val/nll"] == pytest.approx([*history["val/nll"], results["val"]["nll"]], rel=1e-5)
    assert found["test/accuracy"] == pytest.approx([results["test"]["accuracy"]], rel=1e-5)
    assert all(len(values) == 3 for name, values in found.items() if name.startswith("val/"))


@pytest.mark.slow
def test_entry__goes_on_after_the_machine_was_taken_away(tree: Tree, start: Start) -> None:
    """With SIGKILL, so that nothing could be said or written at the end."""
    root = tree(ENDLESS, "optimizer.lr=0.01")
    last = root / "checkpoints" / "run" / "checkpoints" / "last.ckpt"
    process = start(root)
    wait_for(process, last)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    reached = read_checkpoint(last)["epoch"] + 1
    end_after(root, reached + 2)
    status, shown, errors = finish(start(root))
    assert status == 0, errors
    found = read_metrics(shown)
    assert 1 <= len(found["train/loss"]) <= 2, "epochs before are not trained again"
    assert len(pd.read_csv(root / "output" / "data" / "metrics.csv")) == reached + 2


ENDLESS = "trainer.max_epochs=100000"


def end_after(root: Path, epochs: int) -> None:
    """Let a training that had no end, so that it could be stopped before it whenever that was, end after all."""
    file = root / "input" / "config" / "hyperparameters.json"
    file.write_text(file.read_text().replace(ENDLESS, f"trainer.max_epochs={epochs}"))


def wait_for(process: "subprocess.Popen[str]", path: Path) -> None:
    end = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "the training does not get on"
        time.sleep(0.1)


@pytest.mark.slow
def test_entry__stopped_by_sigterm(tree: Tree, start: Start) -> None:
    """What there is lies where SageMaker looks, in the two minutes that it gives."""
    root = tree(ENDLESS)
    process = start(root)
    wait_for(process, root / "checkpoints" / "run" / "checkpoints" / "last.ckpt")
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    errors = process.communicate(timeout=90)[1]
    assert process.returncode == 130
    assert time.monotonic() - asked < 30
    assert errors.endswith("stopped; the job goes on from its last checkpoint when it is started again\n")
    assert not (root / "output" / "failure").exists()
    assert "checkpoints/best.ckpt" in list_files(root / "model")
    assert {"checkpoints/last.ckpt", "checkpoints/backbone.ckpt"} <= list_files(root / "output" / "data")
    with pytest.raises(ProcessLookupError):  # nobody is left of its session
        os.killpg(process.pid, 0)


@pytest.mark.slow
def test_entry__a_failure_is_one_line(tree: Tree, start: Start) -> None:
    root = tree("optimizer.lr=-1", "seed=-1")
    status, _, errors = finish(start(root))
    assert status == 2
    assert (root / "output" / "failure").read_text() == (
        "ConfigError: 2 problems in the config; optimizer.lr: must be above 0, got -1.0; "
        "seed: must be at least 0, got -1"
    )
    assert errors.splitlines()[-1].startswith(
        "ChildProcessError: ConfigError: 2 problems in the config; optimizer.lr:"
    )
    assert list_files(root / "model") == set()


def test_entry__an_empty_channel(tree: Tree, start: Start) -> None:
    root = tree()
    bins = root / "input" / "data" / "bins"
    bins.unlink()
    (bins / "bin-images").mkdir(parents=True)
    status, _, errors = finish(start(root))
    assert status == 2
    assert "Traceback" not in errors
    assert (root / "output" / "failure").read_text() == (
        f"CloudError: the channel bins is empty: neither '{bins}/bin-images' nor '{bins}/metadata' holds a file; "
        "cloud.bins must name the folder above them"
    )


def test_entry__outside_of_a_container(start: Start, tmp_path: Path) -> None:
    status, _, errors = finish(start(tmp_path))
    assert status == 2
    assert errors == (
        f"ChildProcessError: CloudError: '{tmp_path}/input/config/hyperparameters.json' is not there: this is no "
        "container of a SageMaker training job; to rehearse one, name a folder like its /opt/ml in "
        "BINRECON_ML_ROOT\n"
    )


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code as it lies in a container."""
    folder = tmp_path_factory.mktemp("code")
    with tarfile.open(fileobj=io.BytesIO(build_archive("2.13").content)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def fresh_python(unpacked: Path) -> Iterator[str]:
    """The Python of a new environment, with what the toolkit's `pip install -r requirements.txt` brings and no more."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed, so the archive cannot be installed")
    folder = unpacked.parent / "environment"
    for words in (
        ["venv", "--python", sys.executable, str(folder)],
        ["pip", "install", "--python", str(folder / "bin" / "python"), "-r", "requirements.txt"],
    ):
        done = subprocess.run([uv, *words], cwd=unpacked, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    yield str(folder / "bin" / "python")
    shutil.rmtree(folder)  # it weighs gigabytes


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_archive__trains_in_a_fresh_environment(unpacked: Path, fresh_python: str, tree: Tree) -> None:
    """With nothing of this checkout or of its environment at hand."""
    root = tree("trainer.max_epochs=1")
    (root / "tmp").mkdir()
    variables = {"BINRECON_ML_ROOT": str(root), "TMPDIR": str(root / "tmp")}
    process = subprocess.Popen(
        [fresh_python, "start.py", "--word_00", "a toolkit passes all words, which are not read"],
        env={**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, **variables},
        cwd=unpacked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    shown, errors = process.communicate(timeout=280)
    assert process.returncode == 0, errors
    assert len(read_metrics(shown)["test/rmse"]) == 1
    assert "checkpoints/best.ckpt" in list_files(root / "model")
    facts = json.loads((root / "model" / "run.json").read_text())
    pins = dict(pin.split("==") for pin in (unpacked / "constraints.txt").read_text().split())
    for package in ("torch", "pytorch-lightning", "timm"):
        assert facts["packages"][package].partition("+")[0] == pins[package]


@pytest.mark.slow
@pytest.mark.enable_socket
def test_entry__two_machines_go_on_after_both_were_taken_away(tree: Tree, start: Start) -> None:
    """Two addresses of this machine stand for two: they meet, train together, and the first hands over.

    Only the first one's checkpoints are on the new machines: SageMaker brings them to all, from one place in S3.
    """
    hosts = ("127.0.0.1", "127.0.0.2")
    words = ("trainer=ddp_cpu", "trainer.devices=1", "trainer.nodes=2", ENDLESS, "optimizer.lr=0.01")
    roots = [tree(*words, name=f"ml{host}", hosts=hosts, host=host) for host in hosts]
    last = roots[0] / "checkpoints" / "run" / "checkpoints" / "last.ckpt"
    (port,) = find_free_ports(1)
    processes = [start(root, MASTER_PORT=str(port)) for root in roots]
    wait_for(processes[0], last)
    family = [member for process in processes for member in list_family(process.pid)]
    for member in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
    for process in processes:
        process.communicate()
    reached = read_checkpoint(last)["epoch"] + 1
    again = [tree(*words, name=f"again{host}", hosts=hosts, host=host) for host in hosts]
    for root in again:
        end_after(root, reached + 2)
        shutil.copytree(roots[0] / "checkpoints", root / "checkpoints", dirs_exist_ok=True)
    (port,) = find_free_ports(1)
    processes = [start(root, MASTER_PORT=str(port)) for root in again]
    said = [process.communicate(timeout=280) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    found = read_metrics(said[0][0])
    assert 1 <= len(found["train/loss"]) <= 2
    assert len(found["val/nll"]) == len(found["train/loss"]) + 1
    assert "checkpoints/best.ckpt" in list_files(again[0] / "model")
    assert read_metrics(said[1][0])["val/nll"] == []
    assert list_files(again[1] / "model") == set()
    assert list_files(roots[1] / "checkpoints") == set(), "a copy would go to S3 in place of the original"
