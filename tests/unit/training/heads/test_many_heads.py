import subprocess
import sys
from collections.abc import Mapping

import pytest
import torch

from binrecon.config.schema import DataConfig, HeadConfig, LossConfig, OptimizerConfig
from binrecon.config.split_words import Split
from binrecon.data import BatchDataset, FeatureBatch, Views
from binrecon.errors import ConfigError
from binrecon.models.heads.coral import CoralHeadConfig
from binrecon.models.heads.corn import CornHeadConfig
from binrecon.models.heads.linear import LinearHeadConfig
from binrecon.models.heads.mlp import MlpHeadConfig
from binrecon.models.losses.corn import CornConfig
from binrecon.models.losses.cross_entropy import CrossEntropyConfig
from binrecon.models.losses.cumulative import CumulativeConfig
from binrecon.optim.optimizers.adam import AdamConfig
from binrecon.optim.optimizers.adamw import AdamWConfig
from binrecon.optim.optimizers.sgd import SGDConfig
from binrecon.optim.schedules.constant import ConstantConfig
from binrecon.training.heads.learner import HeadTrial, TrainedHead
from binrecon.training.heads.many_heads import AfterEpoch, train_heads

DATA = DataConfig(batch_size=16)
DIVERGING = SGDConfig(lr=1e30, weight_decay=0.1)
LINEAR = LinearHeadConfig(dropout=0.0)
STANDARDISED = LinearHeadConfig(dropout=0.3, is_standardised=True)
CORAL = CoralHeadConfig(dropout=0.3, is_standardised=True)
CORN = CornHeadConfig(dropout=0.0)
MLP = MlpHeadConfig(hidden_width=8, dropout=0.5)


class RandomFeatures(BatchDataset):
    """Features that say a little of the count, and how often they were asked for."""

    def __init__(self, bin_count: int) -> None:
        generator = torch.Generator().manual_seed(bin_count)
        self.recorded_counts = torch.randint(6, (bin_count,), generator=generator)
        noise = torch.randn(bin_count, 2, 12, generator=generator)
        self.features = noise + self.recorded_counts.view(-1, 1, 1) * torch.linspace(-0.3, 0.3, 12)
        self.batches = 0

    def __len__(self) -> int:
        return len(self.recorded_counts)

    def __getitem__(self, views: Views) -> FeatureBatch:
        self.batches += 1
        features = self.features[views.rows, views.views]
        return FeatureBatch(features, self.recorded_counts[views.rows], tuple(map(str, views.rows.tolist())))


def build_trial(
    optimizer: OptimizerConfig | None = None, head: HeadConfig = LINEAR, seed: int = 0
) -> HeadTrial:
    losses: dict[str, LossConfig] = {"coral": CumulativeConfig(), "corn": CornConfig()}
    loss = losses.get(head.name, CrossEntropyConfig(label_smoothing=0.0))
    return HeadTrial(head, loss, optimizer or AdamConfig(lr=0.01), ConstantConfig(), seed)


def run(
    *trials: HeadTrial, after_epoch: AfterEpoch | None = None, monitor: str = "val/loss", bins: int = 70
) -> list[TrainedHead]:
    datasets: dict[Split, BatchDataset] = {"train": RandomFeatures(bins), "val": RandomFeatures(40)}
    return train_heads(trials, datasets.__getitem__, DATA, 3, monitor, after_epoch)


def assert_same(one: TrainedHead, other: TrainedHead) -> None:
    assert (one.status, one.best_epoch) == (other.status, other.best_epoch)
    for row, same in zip(one.history, other.history, strict=True):
        assert row == pytest.approx(same, rel=1e-5)


def test_train_heads__learns() -> None:
    (outcome,) = run(build_trial())
    losses = [row["val/loss"] for row in outcome.history]
    assert losses == sorted(losses, reverse=True)
    assert outcome.best_epoch == 3
    assert outcome.status == "finished"
    assert outcome.best_state is not None
    assert {name: tensor.shape for name, tensor in outcome.best_state.items()} == {
        "weight": (6, 12),
        "bias": (6,),
    }


@pytest.mark.parametrize("optimizer", [AdamConfig(lr=0.01), AdamWConfig(lr=0.01), SGDConfig(lr=0.02)])
def test_train_heads__ordinal_heads_of_two_counts(optimizer: OptimizerConfig) -> None:
    """With one threshold, CORAL has no step to the next, and both are a logistic regression."""
    bins = RandomFeatures(70)
    bins.recorded_counts.clamp_(max=1)
    data = DataConfig(min_count=0, max_count=1, batch_size=16)
    trials = [build_trial(optimizer, head) for head in (CoralHeadConfig(dropout=0.0), CORN)]
    for outcome in train_heads(trials, lambda _: bins, data, 3, "val/loss"):
        losses = [row["val/loss"] for row in outcome.history]
        assert losses == sorted(losses, reverse=True)


def test_train_heads__none() -> None:
    assert run() == []


@pytest.mark.parametrize("head", [LINEAR, LinearHeadConfig(dropout=0.3), STANDARDISED, CORAL, CORN, MLP])
def test_train_heads__beside_others_as_alone(head: HeadConfig) -> None:
    trial = build_trial(head=head)
    others = [build_trial(SGDConfig(lr=0.1)), build_trial(head=head, seed=1), build_trial(head=MLP)]
    (alone,), (_, beside, *_) = run(trial), run(others[0], trial, *others[1:])
    assert_same(alone, beside)


def test_train_heads__one_that_diverges_leaves_the_others_alone() -> None:
    trials = [build_trial(), build_trial(SGDConfig(lr=0.1))]
    expected = run(*trials)
    first, failed, second = run(trials[0], build_trial(DIVERGING), trials[1])
    assert_same(first, expected[0])
    assert_same(second, expected[1])
    assert failed.status == "failed"
    assert failed.reason is not None
    assert failed.reason.endswith("training diverged; lower optimizer.lr (now 1e+30)")


@pytest.mark.parametrize("head", [CORAL, CORN])
def test_train_heads__one_of_its_kind_that_diverges_leaves_the_others_alone(head: HeadConfig) -> None:
    trials = [build_trial(head=head), build_trial(SGDConfig(lr=0.01), head)]
    expected = run(*trials)
    first, failed, second = run(trials[0], build_trial(DIVERGING, head), trials[1])
    assert failed.status == "failed"
    assert_same(first, expected[0])
    assert_same(second, expected[1])


def test_train_heads__all_diverge() -> None:
    asked: list[int] = []

    def stop_none(rows: Mapping[int, Mapping[str, float]]) -> list[int]:
        asked.append(len(rows))
        return []

    trials = [build_trial(DIVERGING), build_trial(DIVERGING, MLP), build_trial(DIVERGING, seed=1)]
    outcomes = run(*trials, after_epoch=stop_none)
    assert {outcome.status for outcome in outcomes} == {"failed"}
    assert 0 not in asked, "nobody is left to be stopped"


def test_train_heads__stops_whom_it_is_told_to() -> None:
    asked: list[Mapping[int, Mapping[str, float]]] = []

    def stop(rows: Mapping[int, Mapping[str, float]]) -> list[int]:
        asked.append(rows)
        return [1] if len(asked) == 1 else []

    trials = [build_trial(), build_trial(SGDConfig(lr=0.1))]
    expected = run(*trials)
    going, stopped = run(*trials, after_epoch=stop)
    assert [list(rows) for rows in asked] == [[0, 1], [0]], "the last epoch decides nothing"
    assert asked[0][1] == pytest.approx(expected[1].history[0], rel=1e-5)
    assert_same(going, expected[0])
    assert (stopped.status, stopped.reason) == ("stopped", "stopped after epoch 1 of 3")
    assert len(stopped.history) == 1
    assert stopped.best_epoch == 1


def test_train_heads__the_stopped_cost_nothing() -> None:
    train, val = RandomFeatures(70), RandomFeatures(40)
    datasets: dict[Split, BatchDataset] = {"train": train, "val": val}
    trials = [build_trial(), build_trial(seed=1)]
    train_heads(trials, datasets.__getitem__, DATA, 4, "val/loss", lambda rows: rows.keys() - {0})
    assert train.batches == 1 + (4 + 1) * 5, "one for the width; of the second seed one epoch alone"
    train.batches = val.batches = 0
    train_heads(trials, datasets.__getitem__, DATA, 4, "val/loss", lambda rows: rows)
    assert (train.batches, val.batches) == (1 + 2 * 5, 3)


def test_train_heads__cannot_stop_one_that_is_not_training() -> None:
    with pytest.raises(
        ValueError, match=r"after_epoch: trials \[1\] are not in training; in training are \[0\]"
    ):
        run(build_trial(), build_trial(DIVERGING), after_epoch=lambda _: [1])


def test_train_heads__refuses_before_it_trains() -> None:
    with pytest.raises(ConfigError, match="of 65 training bins, batches of 16 leave 1 for the last one"):
        run(build_trial(), build_trial(head=MLP), bins=65)
    with pytest.raises(ConfigError, match="monitor: 'val/los' is not logged"):
        run(build_trial(), monitor="val/los")


@pytest.mark.parametrize("split", ["train", "val"])
def test_train_heads__counts_out_of_range(split: Split) -> None:
    datasets: dict[Split, BatchDataset] = {"train": RandomFeatures(70), "val": RandomFeatures(40)}
    datasets[split].recorded_counts[:3] = torch.tensor([7, 6, 7])
    with pytest.raises(ValueError, match=f"{split}: recorded counts must be within") as caught:
        train_heads([build_trial()], datasets.__getitem__, DATA, 1, "val/loss")
    assert str(caught.value).endswith("here 0..5, got [6, 7]; leave such bins out or widen the range")


def test_train_heads__leaves_random_numbers_and_threads_alone() -> None:
    numbers, threads = torch.get_rng_state(), torch.get_num_threads()
    run(build_trial(head=MLP), build_trial(head=LinearHeadConfig(dropout=0.3)))
    assert torch.equal(torch.get_rng_state(), numbers)
    assert torch.get_num_threads() == threads


def test_train_heads__needs_no_lightning() -> None:
    code = "import sys, binrecon.training.heads.many_heads; print('pytorch_lightning' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "False"
