"""Groups of runs: the keys that tell them apart, and the runs that are seeds of one group."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from binrecon.compare.judged import JudgedBins
from binrecon.compare.read import LeftOut, Run
from binrecon.config.run_keys import PLACE_KEYS, SEED_KEY, covers
from binrecon.errors import ComparisonError

ALWAYS_SHOWN = ("model.backbone", "optimizer.name")
"""The keys of every leaderboard."""

_OF_NO_EFFECT = (SEED_KEY, *PLACE_KEYS, "data.workers", "source")
"""Keys and groups that change no number, or tell seeds apart; the manifest identifies the source."""

_BROUGHT_BY = {"schedule": "optimizer"}
"""Config group whose option follows from another group's, unless it is given."""

_NAMED_RUNS = 3


@dataclass(frozen=True)
class Group:
    """Runs that differ by their seed.

    Attributes:
        values: Value of each key that tells groups apart; None if these runs lack it.
        judged: The bins that all of them were evaluated on.
        runs: In order of their seeds.
    """

    values: Mapping[str, Any]
    judged: JudgedBins
    runs: tuple[Run, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, ascending."""
        return tuple(run.seed for run in self.runs)


def refuse_mixture(runs: Sequence[Run]) -> None:
    """Refuse runs whose numbers are not comparable.

    Raises:
        ComparisonError: If they were evaluated on different bins or counts; names the differences and runs.
    """
    names = {
        "manifest": "manifest_hash",
        "split": "data.split",
        "judged_split": "judged on",
        "counts": "counts",
    }
    lines = []
    for field, name in names.items():
        holders = defaultdict(list)
        for run in runs:
            holders[getattr(run.judged, field)].append(str(run.path))
        if len(holders) > 1:
            parts = (
                f"{value[:8] if field == 'manifest' else value} in {_name_some(paths)}"
                for value, paths in holders.items()
            )
            lines.append(f"{name}: {'; '.join(parts)}")
    if lines:
        raise ComparisonError(
            "\n  ".join(
                ["the runs were not judged on the same bins, so their numbers do not compare", *lines]
            )
            + "\nCompare them apart; or with allow_mixed=true, which marks them and compares no two "
            "of different bins"
        )


def _name_some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED_RUNS} more" if len(paths) > _NAMED_RUNS else ""
    return f"{', '.join(paths[:_NAMED_RUNS])}{more}"


def find_keys(runs: Sequence[Run]) -> tuple[str, ...]:
    """List the keys that tell runs apart: model and optimizer, then every other key that differs.

    Left out are keys that change no number, those of the source and the logger, and keys such
    as `optimizer.lr` where they follow from their group's word, as sgd and adam bring different ones; so does
    the schedule where it is the optimizer's own.
    """
    keys = list(ALWAYS_SHOWN)
    every = dict.fromkeys(key for run in runs for key in run.settings)
    named_first = sorted(every, key=lambda key: not key.endswith(".name"))
    for key in named_first:
        if key in keys or not _matters(key):
            continue
        group = key.partition(".")[0]
        bringing = (group, _BROUGHT_BY.get(group))
        earlier = [known for known in keys if known.partition(".")[0] in bringing] if "." in key else []
        if not _follows(key, earlier, runs):
            keys.append(key)
    return tuple(keys)


def _matters(key: str) -> bool:
    return not covers(_OF_NO_EFFECT, key)


def _follows(key: str, earlier: Sequence[str], runs: Sequence[Run]) -> bool:
    """Return whether runs that agree in some keys agree in one more."""
    values = defaultdict(set)
    for run in runs:
        values[tuple(_freeze(run, known) for known in earlier)].add(_freeze(run, key))
    return all(len(found) == 1 for found in values.values())


def _freeze(run: Run, key: str) -> str:
    return repr(run.settings.get(key))


def group_runs(runs: Sequence[Run], keys: Sequence[str]) -> tuple[list[Group], list[LeftOut], list[str]]:
    """Group runs that agree in some keys.

    Of several runs that agree in the seed too, the newest counts: they are repetitions of one seed.

    Args:
        runs: Not empty.
        keys: Dotted keys.

    Returns:
        The groups; the older repetitions, which do not count; and remarks about the groups.

    Raises:
        ComparisonError: If runs of one group and seed differ in other keys.
    """
    members: dict[tuple[object, ...], list[Run]] = defaultdict(list)
    for run in runs:
        members[(run.judged, *(_freeze(run, key) for key in keys))].append(run)
    groups: list[Group] = []
    repeated: list[LeftOut] = []
    notes: list[str] = []
    for together in members.values():
        kept = _keep_newest(together, repeated)
        values = {key: kept[0].settings.get(key) for key in keys}
        groups.append(Group(values, kept[0].judged, tuple(kept)))
        if hidden := set(find_keys(kept)) - {*ALWAYS_SHOWN, *keys}:
            name = ", ".join(map(str, values.values()))
            notes.append(
                f"{name}: its runs differ in {', '.join(sorted(hidden))} too, not by their seed alone"
            )
    return groups, repeated, notes


def _keep_newest(runs: Sequence[Run], repeated: list[LeftOut]) -> list[Run]:
    """Return one run for each seed, and add the others to those that are repeated."""
    kept: dict[int, Run] = {}
    for run in sorted(runs, key=lambda run: (run.started, str(run.path))):
        if (older := kept.get(run.seed)) is not None:
            _refuse_differing(older, run)
            reason = f"repeated: seed {run.seed} once more, and only the newest counts, {run.path}"
            repeated.append(LeftOut(older.path, reason))
        kept[run.seed] = run
    return [kept[seed] for seed in sorted(kept)]


def _refuse_differing(older: Run, run: Run) -> None:
    differing = [
        key
        for key in dict.fromkeys((*older.settings, *run.settings))
        if _matters(key) and _freeze(older, key) != _freeze(run, key)
    ]
    if differing:
        raise ComparisonError(
            f"{older.path} and {run.path} would count as one group's seed {run.seed} twice, but differ in "
            f"{', '.join(differing)}; add what matters of these to group_by, or leave group_by out"
        )


def check_same_bins(groups: Sequence[Group]) -> None:
    """Make sure that groups of one manifest predict the same bins, as a paired comparison needs.

    Raises:
        ComparisonError: If a run's predictions are of other bins than its manifest's other runs predict.
    """
    firsts: dict[JudgedBins, Run] = {}
    for run in (run for group in groups for run in group.runs):
        first = firsts.setdefault(run.judged, run)
        here, there = run.predictions, first.predictions
        if here.bin_ids != there.bin_ids or (here.recorded != there.recorded).any():
            raise ComparisonError(
                f"{run.path} predicts other bins or recorded counts than {first.path}, though both name "
                "one manifest; one of the two predictions.parquet is of another run: leave that run out"
            )


def describe_commits(groups: Sequence[Group]) -> list[str]:
    """Report runs that were made by different code."""
    commits = Counter(run.commit or "an installed version" for group in groups for run in group.runs)
    if len(commits) < 2:
        return []
    parts = (
        f"{commit[:8]}{' with changes' if commit.endswith('+') else ''} ({count})"
        if " " not in commit
        else f"{commit} ({count})"
        for commit, count in commits.most_common()
    )
    return [f"the code differs between runs: {', '.join(parts)}"]
