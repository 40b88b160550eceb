"""Data behind the plots of one objective."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from optuna.trial import FrozenTrial, TrialState

from binrecon.config.metric_names import Mode
from binrecon.sweep.plots.style import ORANGE, find_limits


class Drawn(NamedTuple):
    """Data behind the plots of one objective."""

    name: str
    place: int
    """Index of the objective among the values of a trial."""
    mode: Mode
    trials: Sequence[FrozenTrial]
    """The counted trials, in any state."""
    winner: FrozenTrial

    @property
    def complete(self) -> list[FrozenTrial]:
        """The trials that have a value, in order of their numbers."""
        return [trial for trial in self.trials if trial.state == TrialState.COMPLETE]

    def value_of(self, trial: FrozenTrial) -> float:
        """Return the value of a complete trial."""
        return float(trial.values[self.place])

    @property
    def winning_value(self) -> float:
        """The winner's value, clipped to the limits of the axis."""
        low, high = self.limits
        return min(max(self.value_of(self.winner), low), high)

    @property
    def limits(self) -> tuple[float, float]:
        """Limits of the value axis."""
        return find_limits([self.value_of(trial) for trial in self.complete], self.mode)


def mark_winner(panel: Axes, at: float, value: float) -> None:
    """Draw a ring around the winner."""
    panel.plot([at], [value], "o", ms=9, mfc="none", mec=ORANGE, mew=1.8, label="winner", zorder=5)
