"""The metrics of a split, summed up over batches and processes."""

from typing import Any

from torch import Tensor
from torchmetrics import Metric

from binrecon.metrics.functional import SCORE_FUNCTIONS, CountTally, add_tallies, empty_tally, tally_batch


class CountingMetrics(Metric):
    """Sum up batches and compute every declared metric but the loss.

    The states are the parts of a `CountTally` in float64, so that counts stay exact over any number of bins.
    CUDA has float64 and MPS has not: with MPS, keep the metric and what it is given on the CPU.

    Args:
        min_count: Smallest count that is predicted, in items.
        max_count: Largest count that is predicted, in items.
        **settings: Settings of `torchmetrics.Metric`.

    >>> import torch
    >>> metrics = CountingMetrics(min_count=0, max_count=2)
    >>> metrics.update(torch.tensor([[9.0, 0.0, 0.0], [0.0, 0.0, 9.0]]), torch.tensor([0, 1]))
    >>> float(metrics.compute()["accuracy"])
    0.5
    """

    higher_is_better = None
    is_differentiable = False
    full_state_update = False

    def __init__(self, min_count: int, max_count: int, **settings: Any) -> None:  # noqa: ANN401 torchmetrics' own
        super().__init__(**settings)
        if max_count < min_count:
            raise ValueError(f"max_count: must be >= min_count ({min_count}), got {max_count}")
        self.min_count = min_count
        self.max_count = max_count
        for name, zeros in empty_tally(max_count - min_count + 1)._asdict().items():
            self.add_state(name, default=zeros, dist_reduce_fx="sum")

    def update(self, count_logits: Tensor, recorded_counts: Tensor) -> None:
        """Add one batch.

        Args:
            count_logits: Unnormalised log-probabilities of the counts, shape (B, C).
            recorded_counts: Recorded counts, in items, shape (B,), any integer dtype.

        Raises:
            ValueError: As `tally_batch`, or if C is not the number of counts of this metric.
        """
        class_count = self.max_count - self.min_count + 1
        if count_logits.shape[1:] != (class_count,):
            raise ValueError(
                f"count_logits: must have shape (B, {class_count}) for counts"
                f" {self.min_count}..{self.max_count}, got {tuple(count_logits.shape)}"
            )
        batch = tally_batch(count_logits.detach(), recorded_counts, self.min_count)
        # Not in place: should the states have been cast down with the model, the sum is float64 again.
        for name, total in add_tallies(self._read_states(), batch)._asdict().items():
            setattr(self, name, total)

    def compute(self) -> dict[str, Tensor]:
        """Return each metric by name, shape (), float64; NaN where no bin was seen."""
        tally = self._read_states()
        return {name: score(tally) for name, score in SCORE_FUNCTIONS.items()}

    def tally(self) -> CountTally:
        """Return the sums over all processes, for tables and plots; every process must call this."""
        with self.sync_context(dist_sync_fn=self.dist_sync_fn, process_group=self.process_group):
            return CountTally(*(total.detach().clone() for total in self._read_states()))

    def _read_states(self) -> CountTally:
        return CountTally(**{name: getattr(self, name) for name in CountTally._fields})
