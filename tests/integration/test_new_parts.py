"""A head, loss, optimizer and schedule of a researcher's: one class and one line of a table each."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from tests.config_problems import SYNTHETIC, problems_of
from torch import Tensor, nn

from binrecon.cli import main
from binrecon.config.compose import list_options
from binrecon.config.help import describe_groups, describe_keys
from binrecon.config.options import option
from binrecon.config.schema import HeadConfig, LossConfig, OptimizerConfig, ScheduleConfig
from binrecon.config.stored.run_config import load_resolved
from binrecon.models.heads import HEADS
from binrecon.models.losses import LOSSES
from binrecon.optim.optimizers import OPTIMIZERS
from binrecon.optim.schedules import SCHEDULES
from binrecon.training.checkpoints.files import load_counter, read_checkpoint

HERE = "tests.integration.test_new_parts"


@dataclass
class BottleneckHeadConfig(HeadConfig):
    """Two linear layers with few values between them."""

    name: str = "bottleneck"
    width: int = option(4, at_least=1)
    """Values between the layers."""

    @property
    def has_batch_norm(self) -> bool:
        return False

    def build(self, feature_count: int, class_count: int) -> nn.Module:
        return nn.Sequential(nn.Linear(feature_count, self.width), nn.Linear(self.width, class_count))

    def set_prior(self, last: nn.Linear, link: nn.Module, class_shares: Tensor) -> None:
        last.bias.copy_(class_shares.log())


@dataclass
class FocalConfig(LossConfig):
    """Cross entropy that looks away from what is sure."""

    name: str = "focal"
    focusing: float = option(2.0, at_least=0)
    """Power of the probability that is missing."""

    outputs: ClassVar[tuple[str, ...]] = ("softmax",)

    def build(self) -> Callable[[Tensor, Tensor], Tensor]:
        def focal(count_logits: Tensor, recorded_classes: Tensor) -> Tensor:
            answered = count_logits.softmax(dim=-1).gather(-1, recorded_classes.unsqueeze(-1)).squeeze(-1)
            return -((1 - answered) ** self.focusing) * answered.log()

        return focal


@dataclass
class RMSpropConfig(OptimizerConfig):
    """RMSprop."""

    name: str = "rmsprop"
    lr: float = option(1e-3, above=0)
    """Learning rate at the start."""

    default_schedule: ClassVar[str] = "inverse"

    def build(self, groups: Sequence[dict[str, Any]], is_fused: bool) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(groups, lr=self.lr)


@dataclass
class InverseConfig(ScheduleConfig):
    """The learning rate falls as the inverse of the epochs."""

    name: str = "inverse"

    def factor_after_warmup(self, step: int, steps_per_epoch: int, all_steps: int, lr: float) -> float:
        return 1 / (1 + step // steps_per_epoch)


@pytest.fixture
def new_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HEADS, "bottleneck", f"{HERE}:BottleneckHeadConfig")
    monkeypatch.setitem(LOSSES, "focal", f"{HERE}:FocalConfig")
    monkeypatch.setitem(OPTIMIZERS, "rmsprop", f"{HERE}:RMSpropConfig")
    monkeypatch.setitem(SCHEDULES, "inverse", f"{HERE}:InverseConfig")


@pytest.mark.usefixtures("new_parts", "without_plots")
def test_new_parts__are_trained_with(tiny_run: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["head=bottleneck", "head.width=3", "loss=focal", "optimizer=rmsprop", f"hydra.run.dir={run}"]
    assert main(["train", *tiny_run, *words]) == 0
    config = load_resolved(run / "config.yaml")
    assert (config.head.name, config.loss.name) == ("bottleneck", "focal")
    assert (config.optimizer.name, config.schedule.name) == ("rmsprop", "inverse")
    best = run / "checkpoints" / "best.ckpt"
    assert load_counter(best).head[0].out_features == 3
    assert read_checkpoint(best)["hyper_parameters"]["loss"] == {"name": "focal", "focusing": 2.0}
    assert json.loads((run / "metrics.json").read_text())["test"]
    rates = [float(row.split(",")[1]) for row in (run / "metrics.csv").read_text().splitlines()[1:]]
    assert rates == pytest.approx([1e-3 / 2, 1e-3 / 3]), "after the last step of each epoch"


@pytest.mark.usefixtures("new_parts")
def test_new_parts__have_options_help_and_ranges() -> None:
    assert "bottleneck" in list_options("head")
    assert any(
        line.split(maxsplit=1) == ["head=bottleneck", "Two linear layers with few values between them"]
        for line in describe_groups("train")
    )
    assert any(line.startswith("  head.dropout=") for line in describe_keys("train"))
    words = [SYNTHETIC, "head=bottleneck", "loss=focal"]
    assert problems_of(*words, "head.width=0", "loss.focusing=-1") == (
        "head.width: must be at least 1, got 0",
        "loss.focusing: must be at least 0, got -1.0",
    )
    assert problems_of(SYNTHETIC, "head=coral", "loss=focal") == (
        "loss: focal does not go with head=coral; use loss=cumulative",
    )
