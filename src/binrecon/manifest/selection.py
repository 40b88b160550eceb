"""Recorded counts that are classes, and the treatment of fuller bins."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self, cast

from binrecon.config.schema import DataConfig
from binrecon.errors import ManifestError


@dataclass(frozen=True)
class CountRange:
    """The recorded counts that are classes.

    Args:
        min_count: Smallest count that is a class, at least 0; emptier bins are out of range.
        max_count: Largest count that is a class.
        above_range: What happens to fuller bins: `drop` puts them out of range, `clip` keeps them with
            `max_count` as their label, so that the last class means `max_count` or more.

    Raises:
        ManifestError: If the range holds no count, or `above_range` is neither word.
    """

    min_count: int
    max_count: int
    above_range: Literal["drop", "clip"] = "drop"

    def __post_init__(self) -> None:
        if not 0 <= self.min_count <= self.max_count:
            raise ManifestError(
                f"data.min_count={self.min_count}, data.max_count={self.max_count}: holds no count; "
                "choose 0 <= min_count <= max_count"
            )
        if self.above_range not in ("drop", "clip"):
            raise ManifestError(f"data.above_range: must be 'drop' or 'clip', got {self.above_range!r}")

    @classmethod
    def of(cls, config: DataConfig) -> Self:
        """Return the range that a configuration asks for."""
        above_range = cast(Literal["drop", "clip"], config.above_range)
        return cls(config.min_count, config.max_count, above_range)

    def __str__(self) -> str:
        return f"{self.min_count}..{self.max_count}{' or more' if self.above_range == 'clip' else ''}"

    @property
    def counts(self) -> range:
        """Every count that is a class, in order."""
        return range(self.min_count, self.max_count + 1)

    def find_fault(self, recorded_count: int) -> str | None:
        """Say why a recorded count is out of range; None if it is in."""
        if recorded_count < self.min_count:
            return f"recorded count {recorded_count} is below the smallest asked for, {self.min_count}"
        if recorded_count > self.max_count and self.above_range == "drop":
            return f"recorded count {recorded_count} is above the largest asked for, {self.max_count}"
        return None

    def label_counts(self, recorded_counts: Iterable[int]) -> list[int]:
        """Turn recorded counts into labels: the count itself, but `max_count` for the fuller bins of `clip`.

        Raises:
            ManifestError: If a count is out of range: the bins were chosen with another range.
        """
        labels = []
        for recorded_count in recorded_counts:
            fault = self.find_fault(recorded_count)
            if fault is not None:
                raise ManifestError(f"{fault}; build the manifest anew with counts {self}")
            labels.append(min(recorded_count, self.max_count))
        return labels
