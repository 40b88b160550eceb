"""A head trained beside others is the head that a run of its own trains."""

import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader

from binrecon.config.metric_names import monitor_mode
from binrecon.config.schema import DataConfig, HeadConfig, LossConfig, OptimizerConfig, ScheduleConfig
from binrecon.config.split_words import Split
from binrecon.data import BatchDataset, FeatureBatch, Views
from binrecon.data.balance import build_class_weights, expected_shares
from binrecon.data.datamodule import keep
from binrecon.data.sampler import EvaluationSampler, TrainSampler
from binrecon.data.transforms import VIEW_COUNT
from binrecon.errors import TrainingError
from binrecon.features.datamodule import ChunkSampler
from binrecon.models import build_counter
from binrecon.models.heads.build import init_bias_from_prior
from binrecon.models.heads.coral import CoralHeadConfig
from binrecon.models.heads.corn import CornHeadConfig
from binrecon.models.heads.linear import LinearHeadConfig
from binrecon.models.heads.mlp import MlpHeadConfig
from binrecon.models.losses.corn import CornConfig
from binrecon.models.losses.cross_entropy import CrossEntropyConfig
from binrecon.models.losses.cumulative import CumulativeConfig
from binrecon.models.losses.soft_labels import SoftLabelsConfig
from binrecon.optim.optimizers.adam import AdamConfig
from binrecon.optim.optimizers.adamw import AdamWConfig
from binrecon.optim.optimizers.sgd import SGDConfig
from binrecon.optim.optimizers.sgdr import SGDRConfig
from binrecon.optim.schedules.constant import ConstantConfig
from binrecon.optim.schedules.cosine import CosineConfig
from binrecon.optim.schedules.step import StepConfig
from binrecon.optim.schedules.warm_restarts import WarmRestartsConfig
from binrecon.training.callbacks import EpochHistory
from binrecon.training.feature_module import FeatureCountingModule
from binrecon.training.heads.learner import HeadTrial, TrainedHead
from binrecon.training.heads.many_heads import train_heads
from binrecon.training.phases import head_phase

BACKBONE = "test_resnet.r160_in1k"
EPOCHS = 5
DATA = DataConfig(min_count=1, max_count=5, batch_size=32)
LINEAR = LinearHeadConfig(dropout=0.0)
CROSS_ENTROPY = CrossEntropyConfig(label_smoothing=0.0)


class SyntheticFeatures(BatchDataset):
    """As wide as the backbone's, never negative, in half precision, and a little different for each count."""

    def __init__(self, bin_count: int, width: int) -> None:
        generator = torch.Generator().manual_seed(bin_count)
        self.recorded_counts = torch.randint(1, 6, (bin_count,), generator=generator)
        noise = torch.randn(bin_count, VIEW_COUNT, width, generator=generator)
        slopes = torch.randn(width, generator=generator) / 10
        self.features = (noise + self.recorded_counts.view(-1, 1, 1) * slopes).relu().half()

    def __len__(self) -> int:
        return len(self.recorded_counts)

    def __getitem__(self, views: Views) -> FeatureBatch:
        features = self.features[views.rows, views.views]
        return FeatureBatch(features, self.recorded_counts[views.rows], tuple(map(str, views.rows.tolist())))


@pytest.fixture(scope="module")
def datasets() -> dict[Split, BatchDataset]:
    """79 bins to train on, which batches of 32 do not divide, and 45 to validate."""
    width = build_counter(BACKBONE, 1, 5, weights="random").backbone.feature_count
    return {"train": SyntheticFeatures(79, width), "val": SyntheticFeatures(45, width)}


def build_trial(
    optimizer: OptimizerConfig,
    head: HeadConfig = LINEAR,
    loss: LossConfig = CROSS_ENTROPY,
    seed: int = 0,
    schedule: ScheduleConfig | None = None,
) -> HeadTrial:
    schedules = {"sgd": StepConfig(step_epochs=2), "sgdr": WarmRestartsConfig(min_lr=1e-4)}
    return HeadTrial(head, loss, optimizer, schedule or schedules.get(optimizer.name, ConstantConfig()), seed)


SGD = partial(SGDConfig, weight_decay=0.0)
MLP = MlpHeadConfig(hidden_width=16, dropout=0.5)
TRIALS = {
    "sgd": build_trial(SGD(lr=0.01)),
    "sgd, high rate": build_trial(SGD(lr=0.1)),
    "sgd, weight decay": build_trial(SGD(lr=0.01, weight_decay=0.1)),
    "sgdr": build_trial(SGDRConfig(lr=0.02)),
    "adam": build_trial(AdamConfig(lr=1e-3)),
    "adam, weight decay": build_trial(AdamConfig(lr=1e-2, weight_decay=1e-2)),
    "adamw": build_trial(AdamWConfig(lr=3e-3, weight_decay=0.3)),
    "cosine": build_trial(SGD(lr=0.02), schedule=CosineConfig(warmup_epochs=0.5)),
    "another seed": build_trial(AdamConfig(lr=1e-3), seed=7),
    "label smoothing": build_trial(AdamConfig(lr=1e-3), loss=CrossEntropyConfig(label_smoothing=0.2)),
    "soft labels": build_trial(SGD(lr=0.05), loss=SoftLabelsConfig(soft_weight=0.5)),
    "dropout": build_trial(AdamConfig(lr=1e-3), LinearHeadConfig(dropout=0.3)),
    "standardised": build_trial(AdamConfig(lr=1e-3), LinearHeadConfig(dropout=0.3, is_standardised=True)),
    "standardised again": build_trial(SGD(lr=0.01), LinearHeadConfig(dropout=0.3, is_standardised=True)),
    "dropout again": build_trial(SGD(lr=0.01), LinearHeadConfig(dropout=0.3)),
    "mlp": build_trial(SGD(lr=0.01), MLP),
    "mlp, cumulative": build_trial(SGD(lr=0.01), MLP, CumulativeConfig()),
    "cumulative": build_trial(AdamConfig(lr=1e-3), loss=CumulativeConfig()),
    "coral": build_trial(AdamConfig(lr=1e-2), CoralHeadConfig(dropout=0.0), CumulativeConfig()),
    "coral again": build_trial(SGD(lr=1e-3), CoralHeadConfig(dropout=0.0), CumulativeConfig()),
    "coral, standardised": build_trial(
        AdamConfig(lr=1e-2), CoralHeadConfig(dropout=0.3, is_standardised=True), CumulativeConfig()
    ),
    "corn": build_trial(AdamConfig(lr=1e-3), CornHeadConfig(dropout=0.0), CornConfig()),
    "corn again": build_trial(SGD(lr=0.01), CornHeadConfig(dropout=0.0), CornConfig()),
    "corn, dropout": build_trial(
        AdamWConfig(lr=1e-3, weight_decay=0.0), CornHeadConfig(dropout=0.3), CornConfig(), seed=7
    ),
    "mlp, soft labels": build_trial(SGD(lr=0.02), MLP, SoftLabelsConfig(soft_weight=0.3), seed=7),
}


def train_alone(
    trial: HeadTrial,
    datasets: dict[Split, BatchDataset],
    monitor: str,
    folder: Path,
    data: DataConfig = DATA,
) -> TrainedHead:
    """Train one head as `run.fit` does."""
    pl.seed_everything(trial.seed, verbose=False)
    counter = build_counter(BACKBONE, 1, 5, "random", head=vars(trial.head), seed=trial.seed)
    counts = datasets["train"].recorded_counts
    init_bias_from_prior(trial.head, counter.head, expected_shares(data, counts))
    sampler = TrainSampler(
        len(counts),
        data.batch_size,
        data.horizontal_flip,
        trial.seed,
        balanced_counts=counts if data.balance == "sampler" else None,
    )
    module = FeatureCountingModule(
        DATA.batch_size,
        counter=counter,
        optimizer=trial.optimizer,
        schedule=trial.schedule,
        loss=trial.loss,
        seed=trial.seed,
        steps_per_epoch=len(sampler),
        phases=head_phase(EPOCHS, trial.optimizer.lr),
        lr_factors=[1.0] * 5,
        facts={},
        class_weights=build_class_weights(data, counts),
    )
    order = EvaluationSampler(len(datasets["val"]), DATA.batch_size)
    loaders = [
        DataLoader(
            datasets["train"],
            sampler=ChunkSampler(sampler),
            batch_size=None,
            collate_fn=keep,
            generator=torch.Generator(),
        ),
        DataLoader(
            datasets["val"], sampler=order, batch_size=None, collate_fn=keep, generator=torch.Generator()
        ),
    ]
    history = EpochHistory(None)
    best = ModelCheckpoint(
        folder, "best", monitor=monitor, mode=monitor_mode(monitor), save_on_train_epoch_end=True
    )
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=EPOCHS,
        deterministic=True,
        callbacks=[history, best],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    with warnings.catch_warnings(action="ignore"):  # Lightning's advice
        trainer.fit(module, *loaders)
    kept = torch.load(folder / "best.ckpt", weights_only=True)
    prefix = "counter.head."
    state = {
        name.removeprefix(prefix): tensor
        for name, tensor in kept["state_dict"].items()
        if name.startswith(prefix)
    }
    return TrainedHead(history.rows, kept["epoch"] + 1, state, "finished")


def assert_same(beside: TrainedHead, alone: TrainedHead) -> None:
    assert (beside.status, beside.best_epoch) == (alone.status, alone.best_epoch)
    for row, expected in zip(beside.history, alone.history, strict=True):
        assert list(row) == list(expected)
        assert row == pytest.approx(expected, rel=1e-5)
    assert beside.best_state is not None
    assert alone.best_state is not None
    torch.testing.assert_close(beside.best_state, alone.best_state, rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def beside(datasets: dict[Split, BatchDataset]) -> dict[str, TrainedHead]:
    """All trials, trained at once."""
    outcomes = train_heads(list(TRIALS.values()), datasets.__getitem__, DATA, EPOCHS, "val/loss")
    return dict(zip(TRIALS, outcomes, strict=True))


@pytest.mark.parametrize("name", TRIALS)
def test_train_heads__each_is_the_run_it_would_be_alone(
    name: str, beside: dict[str, TrainedHead], datasets: dict[Split, BatchDataset], tmp_path: Path
) -> None:
    assert_same(beside[name], train_alone(TRIALS[name], datasets, "val/loss", tmp_path))


@pytest.mark.parametrize("balance", ["sampler", "weights"])
def test_train_heads__balanced_as_a_run_would(
    balance: str, datasets: dict[Split, BatchDataset], tmp_path: Path
) -> None:
    data = replace(DATA, balance=balance)
    names = ["adam", "coral", "dropout", "mlp, soft labels"]
    outcomes = train_heads([TRIALS[name] for name in names], datasets.__getitem__, data, EPOCHS, "val/loss")
    for name, beside in zip(names, outcomes, strict=True):
        alone = train_alone(TRIALS[name], datasets, "val/loss", tmp_path / name, data)
        assert_same(beside, alone)


@pytest.mark.parametrize("lr", [1e-2, 1e-12], ids=["with few ties", "with ties only"])
def test_train_heads__chooses_the_epoch_that_a_run_would(
    lr: float, datasets: dict[Split, BatchDataset], tmp_path: Path
) -> None:
    trial = build_trial(SGD(lr=lr))
    (beside,) = train_heads([trial], datasets.__getitem__, DATA, EPOCHS, "val/accuracy")
    assert_same(beside, train_alone(trial, datasets, "val/accuracy", tmp_path))


def test_train_heads__fails_as_a_run_would(datasets: dict[Split, BatchDataset], tmp_path: Path) -> None:
    trial = build_trial(SGD(lr=1e30, weight_decay=0.1))
    (beside,) = train_heads([trial], datasets.__getitem__, DATA, EPOCHS, "val/loss")
    with pytest.raises(TrainingError) as alone:
        train_alone(trial, datasets, "val/loss", tmp_path)
    assert (beside.status, beside.reason) == ("failed", str(alone.value))
