"""Comparability of runs with a published number: only if they used every published photo, as published.

A difference from a published number is a method of `Comparable`, and a `Comparable` can only be built of runs
that prove it by the metadata that each of them wrote. So no table can show a difference otherwise.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.run_keys import PLACE_KEYS, SEED_KEY, covers, list_settings
from binrecon.config.schema import TrainConfig
from binrecon.manifest.coverage import Coverage
from binrecon.published.class_counts import count_published
from binrecon.published.rows import PublishedRow
from binrecon.reproduce.finished import FinishedRun

NOT_COMPARABLE = "not comparable"
"""End of every mark."""

_FREE = (
    SEED_KEY, *PLACE_KEYS, "source", "data.workers", "data.counts_from", "data.split_seed", "features.name",
    "trainer.name", "trainer.accelerator", "trainer.devices", "trainer.nodes", "trainer.precision",
    "trainer.is_deterministic", "trainer.syncs_batchnorm",
)  # fmt: skip
"""Keys in which a comparable run may differ from its recipe: hardware, paths and random numbers."""

_NAMED: Mapping[str, object] = {
    "trainer.devices": 1, "trainer.nodes": 1, "trainer.precision": "32-true", "trainer.syncs_batchnorm": True,
}  # fmt: skip
"""Those of them that a remark names, with their usual value: BatchNorm and rounding depend on them."""

_EPOCHS = "trainer.max_epochs"
_PHASES = "regime.phases"
_COUNTED = ("data.split", _EPOCHS)
"""Keys that the mark names itself."""


@dataclass(frozen=True)
class Comparable:
    """A row whose runs all used every published photo and followed the recipe.

    Args:
        row: Published row.
        runs: Runs of the row, at least one.

    Raises:
        ValueError: If a run did not.
    """

    row: PublishedRow
    runs: tuple[FinishedRun, ...]

    def __post_init__(self) -> None:
        if mark := find_mark(self.row, self.runs):
            raise ValueError(f"{self.row.name} cannot be compared with what was published: {mark}")

    def subtract(self, ours: float, published: float) -> float:
        """Return our number minus the published one."""
        return ours - published


@dataclass(frozen=True)
class NotComparable:
    """A row whose numbers are not comparable with the published ones.

    Attributes:
        mark: Shown in place of a difference: `on 2,109 of 109,306 photos: not comparable`.
    """

    mark: str


Assessment = Comparable | NotComparable


def assess(row: PublishedRow, runs: Sequence[FinishedRun]) -> Assessment:
    """Assess the finished runs of a row, at least one."""
    mark = find_mark(row, runs)
    return NotComparable(mark) if mark else Comparable(row, tuple(runs))


def find_mark(row: PublishedRow, runs: Sequence[FinishedRun]) -> str:
    """Return why runs are not comparable with a published row; empty if they are."""
    if not runs:
        return f"not run: {NOT_COMPARABLE}"
    lacking = [run.coverage for run in runs if _lacks_photos(row, run.coverage)]
    wanted = _settings_of(row.recipe)[_EPOCHS]
    epochs = max((run.epochs for run in runs), key=lambda epochs: abs(epochs - wanted))
    reasons = [f"in {epochs} of {wanted} epochs"] if epochs != wanted else []
    reasons += ["with other settings"] if any(list_changes(row, run) for run in runs) else []
    if not lacking and not reasons:
        return ""
    worst = min(lacking or [runs[0].coverage], key=lambda coverage: sum(coverage.usable.values()))
    return f"{', '.join([_count_photos(row, worst), *reasons])}: {NOT_COMPARABLE}"


def _lacks_photos(row: PublishedRow, coverage: Coverage) -> bool:
    """Return whether a run had fewer or other photos than were published."""
    published = count_published(row.split)
    usable = {"all": sum(coverage.usable.values()), **coverage.usable}
    is_same = coverage.name == row.split and coverage.listed == published
    return not is_same or any(usable[part] != bins for part, bins in published.items())


def _count_photos(row: PublishedRow, coverage: Coverage) -> str:
    """Write the number of published photos that a run was trained and evaluated on; 0 for another split."""
    (first, total), *others = count_published(row.split).items()
    if coverage.name != row.split:
        return f"on 0 of {total:,} photos"
    usable = {"all": sum(coverage.usable.values()), **coverage.usable}
    lacking = [f"{usable[part]:,} of {bins:,} of {part}" for part, bins in others if usable[part] != bins]
    also = f" and {' and '.join(lacking)}" if usable[first] == total and lacking else ""
    return f"on {usable[first]:,} of {total:,} photos{also}"


def list_changes(row: PublishedRow, run: FinishedRun) -> list[str]:
    """List the settings, except epochs, in which a run differs from its recipe so that numbers may change."""
    recipe, own = _settings_of(row.recipe), run.run.settings
    return [
        "other regime.phases" if key == _PHASES else f"{key}={own.get(key)} instead of {recipe.get(key)}"
        for key in dict.fromkeys((*recipe, *own))
        if not covers((*_FREE, *_COUNTED), key) and recipe.get(key) != own.get(key)
    ]


def list_remarks(row: PublishedRow, runs: Sequence[FinishedRun]) -> list[str]:
    """List the remarks on the runs of a row."""
    splits = {run.coverage.name: sum(run.coverage.usable.values()) for run in runs}
    others = [
        f"ran on {bins:,} photos of data.split={name}" for name, bins in splits.items() if name != row.split
    ]
    changes = dict.fromkeys(change for run in runs for change in list_changes(row, run))
    return [
        *others,
        *(f"ran with {change}" for change in changes),
        *_name_hardware(runs),
    ]


def _name_hardware(runs: Sequence[FinishedRun]) -> Iterator[str]:
    for key, usual in _NAMED.items():
        values = {run.run.settings.get(key) for run in runs}
        if values != {usual}:
            yield f"ran with {key}={', '.join(sorted(map(str, values)))}"


@cache
def _settings_of(recipe: str) -> dict[str, Any]:
    config: TrainConfig = to_typed(compose_config("train", [f"experiment={recipe}"]))
    return list_settings(config)
