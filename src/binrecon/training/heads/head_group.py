"""Heads that learn side by side from the same batches, each as it would alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from binrecon.config.metric_names import Mode
from binrecon.data import FeatureBatch
from binrecon.metrics.functional import CountTally, add_tallies, empty_tally, head_scores, tally_heads
from binrecon.models.decoding import average_looks
from binrecon.models.heads.one_layer import split_head
from binrecon.models.losses.build import settings_in_common, stack_losses
from binrecon.models.losses.functional import weigh_classes
from binrecon.training.heads.learner import Learner
from binrecon.training.rules import describe_divergence, dropout_seed, seed_device


class SplitSums:
    """The sums of `SplitMetrics` over one split and epoch, for K heads.

    Args:
        head_count: Number K of heads.
        class_count: Number C of counts that can be answered.
    """

    def __init__(self, head_count: int, class_count: int) -> None:
        self.bins = 0
        self.loss = torch.zeros(head_count, dtype=torch.float64)
        self.tally = CountTally(*(part.expand(head_count, *part.shape) for part in empty_tally(class_count)))

    def update(self, losses: Tensor, count_logits: Tensor, recorded_counts: Tensor, min_count: int) -> None:
        """Add a batch: mean losses, shape (K,), logits, shape (B, K, C), recorded counts, shape (B,)."""
        self.bins += len(recorded_counts)
        self.loss += losses.double() * len(recorded_counts)
        self.tally = add_tallies(self.tally, tally_heads(count_logits, recorded_counts, min_count))

    def keep(self, places: Tensor) -> None:
        """Forget all heads but those at the places where the mask, shape (K,), is true."""
        self.loss = self.loss[places]
        self.tally = CountTally(*(part[places] for part in self.tally))

    def finish(self) -> dict[str, list[float]]:
        """Return every logged metric by its name without the split, in float32, as Lightning logs it."""
        scores = {"loss": self.loss / self.bins, **head_scores(self.tally)}
        return {name: score.float().tolist() for name, score in scores.items()}


class HeadGroup:
    """Heads that zero the same features in dropout and whose losses are of one kind.

    Heads of one layer are one matrix product. A head with hidden layers is a group of its own.

    Args:
        learners: Those heads, with one seed.
        min_count: Count of the first class.
        class_count: Number C of counts that can be answered.
        class_weights: What the loss of a bin of each class is multiplied by, shape (C,); None for 1.
    """

    def __init__(
        self, learners: list[Learner], min_count: int, class_count: int, class_weights: Tensor | None = None
    ) -> None:
        self.learners = learners
        self.seed = learners[0].trial.seed
        _share_statistics(learners)
        self.min_count = min_count
        self.class_count = class_count
        self.class_weights = class_weights

    def start_epoch(self, epoch: int) -> None:
        """Start over with sums and batches.

        Args:
            epoch: Counted from 0.
        """
        self.epoch = epoch
        self._line_up()
        self.sums = {split: SplitSums(len(self.learners), self.class_count) for split in ("train", "val")}
        self.turn = 0

    def train_batch(self, batch: FeatureBatch) -> None:
        """Let every head take a step; those whose loss is not finite fail and leave."""
        if not self.learners:
            return
        self._set_training(True)
        with self._own_randomness():
            count_logits = self._compute_logits(batch.features.float())
        torch.autograd.backward(self._measure("train", batch, count_logits).sum())
        for learner in self.learners:
            learner.step()

    @torch.no_grad()
    def validate_batch(self, batch: FeatureBatch) -> None:
        """Measure a batch; heads whose loss is not finite fail and leave."""
        if not self.learners:
            return
        self._set_training(False)
        count_logits = self._compute_logits(batch.features.float())
        self._measure("val", batch, average_looks(count_logits, len(batch.recorded_counts)))

    def end_epoch(self, monitor: str, mode: Mode) -> None:
        """Give every head the metrics of its epoch.

        Args:
            monitor: The metric that decides which epoch is best.
            mode: The direction in which it gets better.
        """
        if not self.learners:
            return
        columns = {
            f"{split}/{name}": values
            for split, sums in self.sums.items()
            for name, values in sums.finish().items()
        }
        for place, learner in enumerate(self.learners):
            row = {name: columns[name][place] for name in sorted(columns)}
            learner.end_epoch(row, monitor, mode)

    def release(self) -> bool:
        """Let the heads go that were stopped, and return whether any is left; between two epochs only."""
        self.learners = [learner for learner in self.learners if learner.is_training]
        return bool(self.learners)

    def _line_up(self) -> None:
        """Take what the heads at hand have in common together."""
        self.losses = stack_losses([learner.trial.loss for learner in self.learners])
        self.head_config = self.learners[0].trial.head
        is_one_layer = self.head_config.is_one_layer
        self.parts = [split_head(learner.head) for learner in self.learners] if is_one_layer else []

    def _compute_logits(self, features: Tensor) -> Tensor:
        """Return count logits, shape (B, K, C)."""
        if not self.parts:
            count_logits: Tensor = self.learners[0].head(features)
            return count_logits.unsqueeze(1)
        weight = torch.cat([part.linear.weight for part in self.parts])
        bias = torch.cat([part.linear.bias for part in self.parts])
        values = F.linear(self.parts[0].before(features), weight, bias)
        links = [part.link for part in self.parts]
        return self.head_config.link_heads(links, values.reshape(len(features), len(links), -1))

    def _measure(self, split: str, batch: FeatureBatch, count_logits: Tensor) -> Tensor:
        """Return the losses of the heads that stay, shape (K,), and add their batch to the sums."""
        recorded_classes = batch.recorded_counts - self.min_count
        of_bins = self.losses(count_logits, recorded_classes)
        if self.class_weights is not None:
            of_bins = weigh_classes(of_bins, recorded_classes, self.class_weights)
        losses = of_bins.mean(dim=0)
        is_finite = losses.isfinite()
        if not is_finite.all():
            self._fail(split, losses, is_finite)
            losses, count_logits = losses[is_finite], count_logits[:, is_finite]
        if self.learners:
            self.sums[split].update(
                losses.detach(), count_logits.detach(), batch.recorded_counts, self.min_count
            )
        return losses

    def _fail(self, split: str, losses: Tensor, is_finite: Tensor) -> None:
        """Let the heads go whose loss is not finite."""
        for learner, loss, stays in zip(self.learners, losses.tolist(), is_finite.tolist(), strict=True):
            if not stays:
                reason = describe_divergence(split, loss, self.epoch, learner.trial.optimizer.lr)
                learner.end("failed", reason)
        self.learners = [learner for learner in self.learners if learner.is_training]
        if self.learners:
            self._line_up()
        for sums in self.sums.values():
            sums.keep(is_finite)

    def _set_training(self, is_training: bool) -> None:
        for learner in self.learners:
            learner.head.train(is_training)

    @contextmanager
    def _own_randomness(self) -> Iterator[None]:
        """Draw what a head would that trains alone."""
        with torch.random.fork_rng(devices=[]):
            seed_device(dropout_seed(self.seed, self.epoch, turn=self.turn), torch.device("cpu"))
            yield
        self.turn += 1


def _share_statistics(learners: list[Learner]) -> None:
    """Let heads that see the same features from their first batch on standardise them by the same numbers."""
    first = learners[0].head
    if isinstance(first, nn.Sequential) and isinstance(first[0], nn.BatchNorm1d):
        for learner in learners[1:]:
            cast(nn.Sequential, learner.head)[0] = first[0]


def group_learners(
    learners: Iterable[Learner], min_count: int, class_count: int, class_weights: Tensor | None = None
) -> list[HeadGroup]:
    """Gather heads into as few groups as can be.

    Args:
        learners: Of any kind and seed.
        min_count: Count of the first class.
        class_count: Number C of counts that can be answered.
        class_weights: What the loss of a bin of each class is multiplied by, shape (C,); None for 1.
    """
    alike: dict[object, list[Learner]] = defaultdict(list)
    for learner in learners:
        trial = learner.trial
        alone = None if trial.head.is_one_layer else learner.number
        alike[trial.seed, repr(trial.head), settings_in_common(trial.loss), alone].append(learner)
    return [HeadGroup(members, min_count, class_count, class_weights) for members in alike.values()]
