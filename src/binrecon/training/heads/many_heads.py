"""Many heads on one pass over kept features, each exactly as `python train.py` would train it alone.

Heads with one seed share every batch, and linear ones with one dropout a matrix product.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

import torch

from binrecon.config.metric_names import Mode, monitor_mode
from binrecon.config.schema import DataConfig
from binrecon.config.split_words import Split
from binrecon.console import ProgressMeter
from binrecon.data import BatchDataset, FeatureBatch, Views
from binrecon.data.balance import build_class_weights, expected_shares
from binrecon.data.sampler import EvaluationSampler, TrainSampler
from binrecon.training.heads.head_group import HeadGroup, group_learners
from binrecon.training.heads.learner import HeadTrial, Learner, TrainedHead
from binrecon.training.rules import check_batches
from binrecon.training.threads import use_threads

AfterEpoch = Callable[[Mapping[int, Mapping[str, float]]], Iterable[int]]
"""From the rows of an epoch, by the number of their trial, to the numbers of the trials to stop."""


def train_heads(
    trials: Sequence[HeadTrial],
    build_dataset: Callable[[Split], BatchDataset],
    data: DataConfig,
    max_epochs: int,
    monitor: str,
    after_epoch: AfterEpoch | None = None,
) -> list[TrainedHead]:
    """Train heads side by side on the CPU, in one thread and float32.

    A head gets the weights, losses, metrics and best epoch of a run of its own on the same features, up to
    rounding (the order of additions in matrix products). One that diverges fails; the others go on.
    Each value of dropout, and each head with hidden layers, costs a pass of its own over a batch.

    Args:
        trials: Of any kinds, settings and seeds.
        build_dataset: Builds the features of a split; its items are `FeatureBatch`. Neither is empty.
        data: Range of counts, size of batches, how counts are balanced and whether photos are mirrored.
        max_epochs: Passes over the training bins.
        monitor: The validation metric that decides which epoch is best.
        after_epoch: Asked after every epoch but the last which trials to stop, for instance to prune a
            search. Every trial in training has a row; those that are stopped cost nothing from then on.

    Returns:
        What came of each trial, in order.

    Raises:
        ConfigError: If `monitor` is not logged, or a last batch is too small for a head.
        ManifestError: If counts are to be weighed, and one of them has no training bin.
        ValueError: If a recorded count is out of range, or `after_epoch` wants to stop a trial that is not in
            training.
    """
    mode = monitor_mode(monitor)
    train, val = build_dataset("train"), build_dataset("val")
    _check_counts({"train": train, "val": val}, data)
    samplers = {trial.seed: _build_sampler(train, data, trial.seed) for trial in trials}
    learners = _build_learners(trials, train, data, max_epochs)
    class_weights = build_class_weights(data, train.recorded_counts)
    groups = group_learners(learners, data.min_count, data.max_count - data.min_count + 1, class_weights)
    batches = sum(map(len, samplers.values()))
    meter = ProgressMeter(f"training {len(trials)} heads", max_epochs * batches, "batches")
    with meter, use_threads(1):
        for epoch in range(max_epochs):
            _train_epoch(epoch, groups, train, samplers, meter)
            _end_epoch(groups, val, data, monitor, mode)
            if after_epoch is not None and epoch + 1 < max_epochs:
                _stop(learners, after_epoch, f"stopped after epoch {epoch + 1} of {max_epochs}")
            groups = [group for group in groups if group.release()]
            live = sum(len(group.learners) for group in groups)
            meter.update((epoch + 1) * batches, f"epoch {epoch + 1}/{max_epochs}, {live} in training")
            if not groups:
                break
    for learner in learners:
        if learner.is_training:
            learner.end("finished")
    return [learner.outcome for learner in learners]


def _check_counts(datasets: Mapping[str, BatchDataset], data: DataConfig) -> None:
    for split, dataset in datasets.items():
        counts = dataset.recorded_counts
        outside = counts[(counts < data.min_count) | (counts > data.max_count)].tolist()
        if outside:
            raise ValueError(
                f"{split}: recorded counts must be within data.min_count..data.max_count, here "
                f"{data.min_count}..{data.max_count}, got {sorted(set(outside))}; leave such bins out or "
                "widen the range"
            )


def _build_sampler(train: BatchDataset, data: DataConfig, seed: int) -> TrainSampler:
    balanced_counts = train.recorded_counts if data.balance == "sampler" else None
    return TrainSampler(
        len(train), data.batch_size, data.horizontal_flip, seed, balanced_counts=balanced_counts
    )


def _build_learners(
    trials: Sequence[HeadTrial], train: BatchDataset, data: DataConfig, max_epochs: int
) -> list[Learner]:
    for trial in trials:
        check_batches(trial.head, len(train), data.batch_size)
    first = Views(torch.zeros(1, dtype=torch.int64), torch.zeros(1, dtype=torch.int64))
    feature_count = cast(FeatureBatch, train[first]).features.shape[1]
    steps_per_epoch = -(-len(train) // data.batch_size)
    shares = expected_shares(data, train.recorded_counts)
    return [
        Learner(number, trial, feature_count, shares, steps_per_epoch, max_epochs)
        for number, trial in enumerate(trials)
    ]


def _train_epoch(
    epoch: int,
    groups: Sequence[HeadGroup],
    train: BatchDataset,
    samplers: Mapping[int, TrainSampler],
    meter: ProgressMeter,
) -> None:
    for group in groups:
        group.start_epoch(epoch)
    for seed in dict.fromkeys(group.seed for group in groups):
        samplers[seed].set_epoch(epoch)
        for views in samplers[seed]:
            batch = cast(FeatureBatch, train[views])
            for group in groups:
                if group.seed == seed:
                    group.train_batch(batch)
            meter.advance()


def _end_epoch(
    groups: Sequence[HeadGroup], val: BatchDataset, data: DataConfig, monitor: str, mode: Mode
) -> None:
    for views in EvaluationSampler(len(val), data.batch_size, tta=data.tta):  # type: ignore[arg-type]  # checked by validate
        batch = cast(FeatureBatch, val[views])
        for group in groups:
            group.validate_batch(batch)
    for group in groups:
        group.end_epoch(monitor, mode)


def _stop(learners: Sequence[Learner], after_epoch: AfterEpoch, reason: str) -> None:
    live = {learner.number: learner for learner in learners if learner.is_training}
    if not live:
        return
    chosen = set(after_epoch({number: learner.outcome.history[-1] for number, learner in live.items()}))
    if unknown := sorted(chosen - live.keys()):
        raise ValueError(f"after_epoch: trials {unknown} are not in training; in training are {list(live)}")
    for number in chosen:
        live[number].end("stopped", reason)
