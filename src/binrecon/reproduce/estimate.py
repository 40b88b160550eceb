"""Time that a reproduction would take on this machine, extrapolated from some seconds of each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from binrecon.compare.wording import write_seconds
from binrecon.config.schema import TrainConfig
from binrecon.console import get_console
from binrecon.data.transforms import list_looks
from binrecon.published.class_counts import count_published
from binrecon.published.rows import PublishedRow
from binrecon.report.text import build_table
from binrecon.reproduce.inputs import FoundBins
from binrecon.reproduce.plan import Plan
from binrecon.training.pace import Pace, time_run

_HEADINGS = ("row", "photos a second", "one seed", "all seeds")


@dataclass(frozen=True)
class Estimate:
    """Time that a row would take.

    Attributes:
        row: Published row.
        pace: Pace as timed.
        seconds: Time of one seed on all published photos, on all of its devices.
        features: Name of its cached features, which are computed once for all seeds and rows of that name;
            None where photos are read in every epoch.
    """

    row: PublishedRow
    pace: Pace
    seconds: float
    features: str | None


def estimate(plan: Plan, bins: Mapping[str, FoundBins]) -> list[Estimate]:
    """Time some seconds of each row, and show the time that all would take.

    Args:
        plan: Rows to time; rehearsals are estimated at full length.
        bins: Bins found, by name of the row.
    """
    found = []
    for row in plan.rows:
        pace = time_run(row.full, bins[row.published.name].manifest, plan.settings.estimate_s)
        seconds = extrapolate(row.full, row.published, pace) / row.full.trainer.devices
        features = None if pace.extraction is None else _name_features(row.full, row.published)
        found.append(Estimate(row.published, pace, seconds, features))
        get_console().print(f"timed {row.published.name}: {_describe_pace(pace)}", highlight=False)
    _show(plan, found)
    return found


def _name_features(config: TrainConfig, row: PublishedRow) -> str:
    return repr((config.model, config.features, config.data.image_size, config.data.resize, row.split))


def sum_seconds(found: Sequence[Estimate], seeds: int) -> float:
    """Sum the time of rows; features that several need are computed once."""
    live = sum(one.seconds for one in found if one.features is None)
    cached = {one.features: one.seconds for one in found if one.features is not None}
    return seeds * live + sum(cached.values())


def extrapolate(config: TrainConfig, row: PublishedRow, pace: Pace) -> float:
    """Return the seconds that one device would take for a run on the published photos of a row."""
    train, val, test = split_published(config, row.split)
    train *= config.data.train_share
    tta_views = list_looks(torch.zeros(1, dtype=torch.int64), config.data.tta).shape[1]  # type: ignore[arg-type]  # checked
    if pace.extraction is not None:
        views = train * (2 if config.data.horizontal_flip else 1) + (val + test) * tta_views
        return views / pace.extraction
    training = sum(phase.epochs * train / rate for phase, rate in pace.phases)
    return training + tta_views * (config.trainer.max_epochs * val + (test or val)) / pace.evaluation


def split_published(config: TrainConfig, split: str) -> tuple[float, float, float]:
    """Return the numbers of published photos for training, validation and test; of a pool, on average."""
    published = count_published(split)
    if "all" in published:
        val, test = config.data.val_fraction, config.data.test_fraction
        pool = published["all"]
        return pool * (1 - val - test), pool * val, pool * test
    return published["train"], published["val"], published.get("test", 0)


def _describe_pace(pace: Pace) -> str:
    if pace.extraction is not None:
        return f"features {pace.extraction:.1f}"
    kinds = {(phase.image_size, phase.first_stage): rate for phase, rate in pace.phases}
    parts = [f"{size} px from {stage} on {rate:.1f}" for (size, stage), rate in kinds.items()]
    return ", ".join([*parts, f"evaluation {pace.evaluation:.1f}"])


def _show(plan: Plan, found: Sequence[Estimate]) -> None:
    devices, timed = plan.rows[0].full.trainer.devices, found[0].pace.device
    title = f"{plan.table}: extrapolated from {plan.settings.estimate_s:g} s of each row on {timed}"
    if devices > 1:
        title += f", as if {devices} devices were {devices} times as fast"
    table = build_table(title)
    for column, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="left" if column < 2 else "right", no_wrap=column != 1)
    seeds = len(plan.seeds)
    for one in found:
        cells = (write_seconds(sum_seconds([one], count)) for count in (1, seeds))
        table.add_row(one.row.name, _describe_pace(one.pace), *cells)
    table.add_row("all rows", "", *(write_seconds(sum_seconds(found, count)) for count in (1, seeds)))
    console = get_console()
    console.print(table)
    console.print(
        "For all published photos. Not included: downloads, the first check of each photo and, with cached "
        "features, the training of the head, which takes seconds.",
        highlight=False,
    )
