import math
from types import SimpleNamespace

import pytest
import torch

from binrecon.config.metric_names import LOGGED_METRICS
from binrecon.config.schema import DataConfig, LossConfig
from binrecon.data import BinBatch
from binrecon.errors import ConfigError, TrainingError
from binrecon.models import build_counter
from binrecon.models.losses.cross_entropy import CrossEntropyConfig
from binrecon.models.losses.soft_labels import SoftLabelsConfig, soft_label_loss
from binrecon.optim.optimizers.adam import AdamConfig
from binrecon.optim.schedules.constant import ConstantConfig
from binrecon.training.module import CountingModule, SplitMetrics
from binrecon.training.phases import head_phase

CROSS_ENTROPY = CrossEntropyConfig(label_smoothing=0.0)


def build_module(
    min_count: int = 0, loss: LossConfig = CROSS_ENTROPY, class_weights: torch.Tensor | None = None
) -> CountingModule:
    counter = build_counter("resnet18.tv_in1k", min_count, 5, weights="random")
    plan = {"phases": head_phase(1, 0.1), "lr_factors": [1.0] * 5}
    return CountingModule(
        counter,
        AdamConfig(lr=0.1),
        ConstantConfig(),
        loss,
        0,
        1,
        **plan,
        facts={},
        class_weights=class_weights,
    )


def build_batch(counts: list[int]) -> BinBatch:
    photos = torch.randint(256, (len(counts), 3, 32, 32), dtype=torch.uint8)
    return BinBatch(photos, torch.tensor(counts), tuple(map(str, range(len(counts)))))


def test_training_step__is_cross_entropy_from_the_smallest_count() -> None:
    module, batch = build_module(min_count=1), build_batch([1, 5])
    module.eval()
    chances = module(batch.photos).softmax(dim=1)
    loss = module.training_step(batch, 0)
    assert loss.item() == pytest.approx(-(chances[0, 0].log() + chances[1, 4].log()).item() / 2, rel=1e-5)


def test_training_step__of_another_loss() -> None:
    module, batch = build_module(min_count=1, loss=SoftLabelsConfig(soft_weight=0.3)), build_batch([1, 5])
    module.eval()
    expected = soft_label_loss(module(batch.photos), torch.tensor([0, 4]), 0.3).mean()
    assert module.training_step(batch, 0).item() == pytest.approx(expected.item(), rel=1e-6)


def test_training_step__weighs_classes() -> None:
    weights = torch.tensor([1.0, 0.0, 0.0, 0.0, 0.5])
    module, batch = build_module(min_count=1, class_weights=weights), build_batch([1, 5])
    module.eval()
    chances = module(batch.photos).log_softmax(dim=1)
    expected = -(chances[0, 0] + 0.5 * chances[1, 4]).item() / 2
    assert module.training_step(batch, 0).item() == pytest.approx(expected, rel=1e-5)
    assert "class_weights" not in module.state_dict(), "they follow from the bins at hand"


def test_training_step__diverged() -> None:
    module = build_module()
    torch.nn.init.constant_(module.counter.head.bias, math.inf)
    with pytest.raises(
        TrainingError,
        match=r"train/loss became nan in epoch 1: training diverged; lower optimizer.lr \(now 0.1\)",
    ):
        module.training_step(build_batch([1, 2]), 0)


def test_setup__data_of_another_range_of_counts() -> None:
    module, data = build_module(min_count=1), SimpleNamespace(config=DataConfig(min_count=0, max_count=5))
    module.trainer = SimpleNamespace(datamodule=data)
    with pytest.raises(ConfigError, match="the data has the counts 0 to 5, and this counter answers 1 to 5"):
        module.setup("test")
    data.config.min_count = 1
    module.setup("test")


def test_split_metrics__builds_exactly_what_is_declared() -> None:
    metrics = SplitMetrics(0, 5)
    metrics.update(torch.tensor(1.0), torch.randn(4, 6), torch.tensor([0, 1, 2, 3]))
    assert set(metrics.finish()) == set(LOGGED_METRICS)


def test_split_metrics__weighs_batches_by_their_size() -> None:
    metrics = SplitMetrics(0, 5)
    metrics.update(torch.tensor(1.0), torch.randn(3, 6), torch.tensor([0, 1, 2]))
    metrics.update(torch.tensor(5.0), torch.randn(1, 6), torch.tensor([0]))
    assert metrics.finish()["loss"].item() == 2.0
    metrics.update(torch.tensor(7.0), torch.randn(1, 6), torch.tensor([0]))
    assert metrics.finish()["loss"].item() == 7.0, "starts over"


def test_state__holds_the_counter_alone() -> None:
    assert all(name.startswith("counter.") for name in build_module().state_dict())
