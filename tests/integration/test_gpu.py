"""What is to be seen where there is a GPU: `pytest -m gpu -n 0`. Nothing of this has run on one yet."""

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from tests.same_run import assert_same_run

from binrecon import Counter
from binrecon.cli import main
from binrecon.training.module import CountingModule

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(600)]

TRAINERS = {
    "gpu": ["trainer=gpu"],
    "auto": ["trainer=auto", "trainer.devices=1"],
    "ddp": ["trainer=ddp", "trainer.devices=1"],  # NCCL, SyncBatchNorm
    "fsdp": ["trainer=fsdp", "trainer.devices=1"],
}


def train(run: Path, *words: str) -> dict[str, Any]:
    """Train, and return what the run wrote down: facts and metrics."""
    assert main(["train", *words, f"hydra.run.dir={run}"]) == 0
    return {
        **json.loads((run / "run.json").read_text()),
        **json.loads((run / "metrics.json").read_text()),
    }


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
@pytest.mark.parametrize("trainer", TRAINERS)
def test_train__learns_on_every_trainer(
    trainer: str, precision: str, tiny_run: list[str], tmp_path: Path
) -> None:
    words = [*tiny_run, *TRAINERS[trainer], "regime=full", "optimizer.lr=0.01", "trainer.max_epochs=20"]
    got = train(tmp_path / "run", *words, f"trainer.precision={precision}")
    assert torch.cuda.get_device_name() in got["device"]
    assert got["test"]["accuracy"] > 1.5 * got["baselines"]["majority"]["accuracy"]


@pytest.mark.parametrize("trainer", ["gpu", "ddp"])
@pytest.mark.parametrize("regime", ["frozen", "full"])
def test_train__is_what_the_cpu_gives(trainer: str, regime: str, tiny_run: list[str], tmp_path: Path) -> None:
    """In float32, of two epochs: to the rounding of other algorithms."""
    words = [*tiny_run, f"regime={regime}", "features=live", "optimizer.lr=1e-3", "head.dropout=0"]
    train(tmp_path / "cpu", *words, "trainer=cpu")
    train(tmp_path / trainer, *words, *TRAINERS[trainer])
    losses = [pd.read_csv(tmp_path / name / "metrics.csv")["val/loss"] for name in ("cpu", trainer)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=2e-2)


@pytest.mark.parametrize("trainer", ["gpu", "ddp"])
def test_train__goes_on_within_an_epoch(
    trainer: str, tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit, since only deterministic algorithms are used; ddp's processes are others, which nothing stops."""
    words = [*tiny_run, *TRAINERS[trainer], "regime=full", "head.dropout=0.3"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(whole, *words)
    if trainer == "ddp":
        train(stopped, *words, "trainer.max_epochs=1")
        assert main(["train", f"resume={stopped}", "trainer.max_epochs=2"]) == 0
    else:
        step = CountingModule.training_step

        def asked_to_stop(module: CountingModule, batch: Any, batch_index: int) -> torch.Tensor:  # noqa: ANN401  # passed on
            if (module.current_epoch, batch_index) == (1, 2):
                signal.raise_signal(signal.SIGTERM)
            return step(module, batch, batch_index)

        with monkeypatch.context() as patch:
            patch.setattr(CountingModule, "training_step", asked_to_stop)
            assert main(["train", *words, f"hydra.run.dir={stopped}"]) == 130
        assert main(["train", f"resume={stopped}"]) == 0
    assert_same_run(whole, stopped)


def test_features__and_counters_agree_with_the_cpu(
    tiny_run: list[str], tmp_path: Path, tiny_bins: Path
) -> None:
    """Features computed on the GPU train a head that counts alike on both devices."""
    got = train(tmp_path / "run", *tiny_run, "trainer=gpu", "features=cached")
    assert got["features"]["computed"] > 0
    photos = sorted((tiny_bins / "bin-images").glob("*.jpg"))[:40]
    tables = [Counter.load(tmp_path / "run", device=device).predict(photos) for device in ("cpu", "cuda")]
    names = [name for name in tables[0] if name.startswith("p_")]
    np.testing.assert_allclose(tables[1][names], tables[0][names], atol=1e-2)
