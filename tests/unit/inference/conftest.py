from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from binrecon.calibration import Calibration, fit_calibration
from binrecon.config.compose import compose_config, to_typed
from binrecon.models import build_counter
from binrecon.training.checkpoints.files import write_checkpoint
from binrecon.training.prepare import kept_facts
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_json


@pytest.fixture
def make_run(tiny_run: list[str], tmp_path: Path) -> Callable[..., Path]:
    """Make the folder of a run that has ended, with a counter of random weights, without training it."""

    def make(*words: str) -> Path:
        folder = RunFolder(tmp_path / "run")
        config = to_typed(compose_config("train", [*tiny_run, *words]))
        folder.write_config(config)
        torch.manual_seed(0)
        facts = kept_facts(config)
        counter = build_counter(**facts["counter"], weights="random")
        for parameter in counter.head.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        state = {f"counter.{name}": tensor for name, tensor in counter.state_dict().items()}
        write_checkpoint({"state_dict": state, "hyper_parameters": facts, "epoch": 0}, folder.best_checkpoint)
        folder.update_facts(started="2026-11-23T12:00:00.000+00:00", git=None)
        write_json(folder.metrics, {})
        return folder.path

    return make


@pytest.fixture(scope="session")
def calibration() -> Calibration:
    """One that changes every probability and, for some photos, the likeliest count."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(400, 6, generator=generator).double()
    recorded = torch.distributions.Categorical(logits=logits / 2).sample()
    return fit_calibration(
        logits.log_softmax(1).numpy(),
        recorded.numpy(),
        min_count=0,
        train_shares=torch.full((6,), 1 / 6).double().numpy(),
        method="vector",
    )
