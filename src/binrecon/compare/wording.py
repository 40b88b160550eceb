"""Names of groups, numbers with their spread, and differences in sentences."""

import math
from collections.abc import Mapping, Sequence

from binrecon.compare.bootstrap import LEVEL, Difference
from binrecon.compare.groups import Group
from binrecon.compare.leaderboard import Leaderboard, Pair
from binrecon.report.text import NONE, is_share

_UNITS: Mapping[str, str] = {"nll": " nats", "ece": ""}
"""Unit of each metric that is neither a share, which differs by percentage points, nor an error in items."""


def shorten_key(key: str) -> str:
    """Shorten a dotted key to the heading of a column.

    >>> [shorten_key(key) for key in ("model.backbone", "optimizer.name", "optimizer.lr")]
    ['model', 'optimizer', 'optimizer.lr']
    """
    return "model" if key == "model.backbone" else key.removesuffix(".name")


def write_value(value: object) -> str:
    """Format the value of a key, a dash where a run has no such key or it is null."""
    return NONE if value is None else str(value)


def name_groups(groups: Sequence[Group], keys: Sequence[str]) -> list[str]:
    """Name each group by what differs between them: `adam`, or `resnet18 · adam · head.dropout=0.5`.

    Groups of different manifests include the start of its hash.
    """
    differing = [key for key in keys if len({repr(group.values[key]) for group in groups}) > 1]
    shown = differing or list(keys)
    is_mixed = len({group.judged for group in groups}) > 1
    names = []
    for group in groups:
        parts = [_name_value(key, group.values[key]) for key in shown if group.values[key] is not None]
        names.append(" · ".join([*parts, *([f"manifest {group.judged.manifest[:8]}"] if is_mixed else [])]))
    return names


def _name_value(key: str, value: object) -> str:
    return str(value) if key == "model.backbone" or key.endswith(".name") else f"{key}={value}"


def write_spread(metric: str, mean: float, deviation: float) -> str:
    """Format a mean and its standard deviation over seeds.

    >>> write_spread("accuracy", 0.305, 0.0061), write_spread("rmse", 1.4532, math.nan)
    ('30.5 ± 0.6 %', '1.453 ± –')
    """
    if math.isnan(mean):
        return NONE
    scale, digits, unit = (100, 1, " %") if is_share(metric) else (1, 3, "")
    spread = NONE if math.isnan(deviation) else f"{scale * deviation:.{digits}f}"
    return f"{scale * mean:.{digits}f} ± {spread}{unit}"


def write_seconds(seconds: float) -> str:
    """Format a time.

    >>> write_seconds(9.24), write_seconds(3725.0), write_seconds(math.nan)
    ('9.2 s', '1 h 02 min', '–')
    """
    if math.isnan(seconds):
        return NONE
    if seconds < 100:
        return f"{seconds:.{0 if seconds >= 10 else 1}f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def write_epochs(epochs: Sequence[int]) -> str:
    """Format the epochs of several seeds.

    >>> write_epochs([12, 15, 13]), write_epochs([3, 3])
    ('12–15', '3')
    """
    return str(min(epochs)) if min(epochs) == max(epochs) else f"{min(epochs)}–{max(epochs)}"


def describe_pair(pair: Pair, names: Mapping[int, str]) -> str:
    """Describe the difference between two groups in one sentence.

    Args:
        pair: The groups.
        names: `id` of each group to its name.
    """
    difference = pair.difference
    first, second = names[id(pair.first)], names[id(pair.second)]
    bins, runs = len(pair.first.runs[0].predictions.bin_ids), len(pair.first.runs) + len(pair.second.runs)
    if math.isnan(difference.value):
        return f"{first} and {second}: one of them has no {difference.metric}"
    low, high, size, margin, unit = _measure(difference)
    interval = f"{LEVEL:.0%} interval {low} to {high}".replace("%", " %")
    if not difference.is_clear:
        return (
            f"{first} and {second}: no difference in {difference.metric} that {bins:,} bins can tell "
            f"({size}{unit}, {interval}, {runs} runs)"
        )
    if not difference.is_first_better:
        first, second = second, first
    return f"{first} beats {second} by {size} ± {margin}{unit} {difference.metric} ({interval}, {runs} runs)"


def _measure(difference: Difference) -> tuple[str, str, str, str, str]:
    """Return the ends of the interval, the difference, half the interval's width, and the unit, as text.

    The difference has the sign that shows by how much the better group is better.
    """
    scale, digits = (100, 1) if is_share(difference.metric) else (1, 3)
    unit = " pp" if is_share(difference.metric) else _UNITS.get(difference.metric, " items")
    sign = scale if difference.value >= 0 else -scale
    low, high = sorted((sign * difference.lower, sign * difference.upper))
    numbers = (low, high, sign * difference.value, (high - low) / 2)
    texts = [f"{round(number, digits) + 0.0:.{digits}f}" for number in numbers]  # no -0.0
    return texts[0], texts[1], texts[2], texts[3], unit


def describe_best(board: Leaderboard) -> list[str]:
    """Describe the difference of each group from the best of its manifest, in the ranking metric."""
    lines, pairs = [], board.pairs_of_best()
    for judged in board.judged:
        groups = [row.group for row in board.rows if row.group.judged == judged]
        names = dict(zip(map(id, groups), name_groups(groups, board.keys), strict=True))
        where = f"{judged.describe()}: " if len(board.judged) > 1 else ""
        lines += [where + describe_pair(pair, names) for pair in pairs if pair.first.judged == judged]
        alone = [names[id(group)] for group in groups if len(group.runs) == 1]
        if alone and len(groups) > 1:
            lines.append(
                f"{where}one seed only: {', '.join(alone)}; what another seed would give is in no interval "
                "of theirs"
            )
    return lines
