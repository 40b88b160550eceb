"""Several processes give what one gives: real ones over gloo, on bins that cannot be shared evenly.

With this split 80 bins train, 17 validate and 23 test.
"""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from tests.s3_server import find_free_ports

from binrecon.cli import main
from binrecon.training.checkpoints.files import read_checkpoint

SPLIT = ["data.split_seed=17", "data.batch_size=48", "optimizer=sgd", "head.dropout=0"]
CASES = {
    "frozen": [],
    "a_last_batch_of_two": ["data.batch_size=39", "head=coral", "loss=cumulative", "data.balance=sampler"],
    "mlp": ["head=mlp", "head.hidden_width=8", "trainer.gradient_clip_norm=0.5"],
    "live": ["features=live", "data.batch_size=78", "trainer.accumulate=2", "data.tta=flip"],
    "full": ["regime=full", "optimizer.lr=0.01"],
    "fsdp": ["regime=full", "optimizer.lr=0.01"],
    "gradual": ["regime=gradual", "regime.head_epochs=1", "regime.first_stage=stage4", "optimizer.lr=0.01"],
}


def start_ranks(count: int, command: list[str], log: Path) -> int:
    """Run a module in so many processes under torchrun, and return the status."""
    torchrun = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        f"--nproc-per-node={count}",
        "-m",
    ]
    with log.open("wb") as file:
        return subprocess.run(
            [*torchrun, *command], stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_train__three_processes_equal_one(tiny_run: list[str], tmp_path: Path) -> None:
    """The same metrics, predictions and weights in every regime, BatchNorm included."""
    cases, commands = tmp_path / "cases.json", []
    for name, words in CASES.items():
        words = ["train", *tiny_run, *SPLIT, *words]
        assert main([*words, f"hydra.run.dir={tmp_path / name / 'one'}"]) == 0
        trainer = ["trainer=fsdp", "trainer.accelerator=cpu"] if name == "fsdp" else ["trainer=ddp_cpu"]
        three = [*trainer, "trainer.devices=3", f"cache_dir={tmp_path / 'other_cache'}"]
        commands.append([*words, *three, f"hydra.run.dir={tmp_path / name / 'three'}"])
    cases.write_text(json.dumps(commands))
    log = tmp_path / "log"
    assert start_ranks(3, ["tests.ranks", str(cases)], log) == 0, log.read_text()
    for name in CASES:
        compare(tmp_path / name / "one", tmp_path / name / "three")


def compare(one: Path, three: Path) -> None:
    names = [sorted(str(path.relative_to(run)) for path in run.rglob("*")) for run in (one, three)]
    assert names[0] == names[1], "the same files, none left of single processes"
    metrics = [pd.read_csv(run / "metrics.csv") for run in (one, three)]
    pd.testing.assert_frame_equal(*metrics, rtol=1e-3, atol=1e-4, obj=one.parent.name)
    for file, bins in (("predictions.parquet", 23), ("val_predictions.parquet", 17)):
        predictions = [pd.read_parquet(run / file) for run in (one, three)]
        assert len(predictions[0]) == bins
        pd.testing.assert_frame_equal(*predictions, rtol=1e-3, atol=1e-4, obj=one.parent.name)
    weights = [read_checkpoint(run / "checkpoints" / "last.ckpt")["state_dict"] for run in (one, three)]
    assert weights[0].keys() == weights[1].keys()
    for key, tensor in weights[0].items():
        torch.testing.assert_close(
            weights[1][key], tensor, rtol=1e-3, atol=1e-4, msg=f"{one.parent.name} {key}"
        )


@pytest.mark.enable_socket
def test_train__one_process_as_several_train(
    tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is one GPU: the strategy, the process group and the checks of several, tried with it alone."""
    words = ["train", *tiny_run, "features=live"]
    assert main([*words, f"hydra.run.dir={tmp_path / 'alone'}"]) == 0
    (port,) = find_free_ports(1)
    torchrun = dict.fromkeys(("RANK", "LOCAL_RANK"), "0") | dict.fromkeys(
        ("WORLD_SIZE", "LOCAL_WORLD_SIZE", "TORCHELASTIC_RESTART_COUNT"), "1"
    )
    places = {"TORCHELASTIC_RUN_ID": "one", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    for name, value in {**torchrun, **places}.items():
        monkeypatch.setenv(name, value)
    ddp = ["trainer=ddp_cpu", "trainer.devices=1", f"hydra.run.dir={tmp_path / 'one'}"]
    assert main([*words, *ddp]) == 0
    metrics = [pd.read_csv(tmp_path / name / "metrics.csv") for name in ("alone", "one")]
    pd.testing.assert_frame_equal(*metrics)


def test_train__too_few_bins_to_share(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Known before training, and said once."""
    words = ["trainer=ddp_cpu", "trainer.devices=3", "data.batch_size=12", "data.test_fraction=0.02"]
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={tmp_path / 'run'}"]) == 2
    assert capsys.readouterr().err == (
        "ManifestError: test: 2 bins cannot be shared by 3 processes; "
        "use more bins, a larger data.test_fraction, or fewer trainer.devices\n"
    )
    assert not (tmp_path / "run" / "checkpoints").exists()
