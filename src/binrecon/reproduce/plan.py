"""Plan of a reproduction: rows and seeds, each with its overrides, composed and checked."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from binrecon.config.compose import to_typed
from binrecon.config.reproduce import ReproduceConfig
from binrecon.config.run_keys import PLACE_KEYS, covers, list_settings
from binrecon.config.schema import TrainConfig
from binrecon.config.spelling import did_you_mean
from binrecon.config.trials import compose_checked
from binrecon.errors import ConfigError, OutputError
from binrecon.models.finetuning.phased import PhasedRegimeConfig
from binrecon.published.rows import TABLES, PublishedRow
from binrecon.reproduce.overrides import split_overrides
from binrecon.training.run_folder import RunFolder

_ELSEWHERE = (
    *PLACE_KEYS, "source", "data.workers", "trainer.name", "trainer.accelerator", "trainer.is_deterministic",
)  # fmt: skip
"""Keys that may differ from those that a run was started with when it is resumed."""

_REHEARSE = "--rehearse cuts every phase to one epoch"


@dataclass(frozen=True)
class PlannedRow:
    """A row to run.

    Attributes:
        published: Published row that it repeats.
        overrides: Overrides of `train`, without the seed.
        config: Configuration that they compose, with the first seed.
        full: The same, not cut for a rehearsal.
    """

    published: PublishedRow
    overrides: tuple[str, ...]
    config: TrainConfig
    full: TrainConfig


@dataclass(frozen=True)
class PlannedRun:
    """A seed of a row."""

    row: PlannedRow
    seed: int
    folder: RunFolder

    @property
    def overrides(self) -> list[str]:
        """Overrides of `train`."""
        return [*self.row.overrides, f"seed={self.seed}"]

    @property
    def name(self) -> str:
        """Name for people."""
        return f"{self.row.published.name}, seed {self.seed}"


class Plan:
    """A reproduction, read from the command line and checked.

    Args:
        table: One of `TABLES`.
        overrides: Settings, and overrides of `train` that hold for every run.

    Raises:
        ConfigError: With every problem.
        OutputError: If the folders of the runs hold runs with other settings.
    """

    def __init__(self, table: str, overrides: Sequence[str]) -> None:
        given = split_overrides(overrides)
        self.table = table
        self.settings: ReproduceConfig = to_typed(compose_checked("reproduce", given.own))
        self.rows = _plan_rows(_choose_rows(table, self.settings.rows), given.train, self.settings.rehearse)
        first = self.rows[0].config
        self.folder = Path(first.output_root) / "reproduce" / table
        self.seeds = range(first.seed, first.seed + self.settings.seeds)
        self.command = shlex.join(["binrecon", "reproduce", table, *overrides])
        if not self.settings.estimate:
            self._refuse_other_settings()

    def list_runs(self) -> Iterator[PlannedRun]:
        """Yield every run, a seed of all rows before the next: so each row soon has a number."""
        for seed in self.seeds:
            for row in self.rows:
                yield self.find_run(row, seed)

    def find_run(self, row: PlannedRow, seed: int) -> PlannedRun:
        """Return a seed of a row."""
        return PlannedRun(row, seed, RunFolder(self.folder / row.published.name / f"seed{seed}"))

    def _refuse_other_settings(self) -> None:
        """Refuse to resume, or to count, runs that were started with other settings."""
        faults = []
        for run in self.list_runs():
            if run.folder.config.exists() and (fault := _describe_differences(run)):
                faults.append(f"{run.folder.path}: {fault}")
        if faults:
            raise OutputError(
                "\n  ".join(["runs with other settings are there already", *faults])
                + "\ngive the settings that they were started with, or another folder with output_root=PATH"
            )


def _choose_rows(table: str, wanted: Sequence[str] | None) -> list[PublishedRow]:
    rows = {row.name: row for row in TABLES[table]}
    if wanted is None:
        return list(rows.values())
    if not wanted:
        raise ConfigError([f"rows: empty; give some of {', '.join(rows)}"])
    unknown = [
        f"rows: '{name}' is no row of {table}; rows are {', '.join(rows)}{did_you_mean(name, rows)}"
        for name in wanted
        if name not in rows
    ]
    if unknown:
        raise ConfigError(unknown)
    return [rows[name] for name in dict.fromkeys(wanted)]


def _plan_rows(
    rows: Sequence[PublishedRow], overrides: Sequence[str], is_rehearsal: bool
) -> tuple[PlannedRow, ...]:
    """Compose every row; a problem of several is reported once."""
    planned: list[PlannedRow] = []
    problems: dict[str, None] = {}
    for row in rows:
        try:
            planned.append(_plan_row(row, overrides, is_rehearsal))
        except ConfigError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        splits = dict.fromkeys(row.split for row in rows)
        raise ConfigError(_advise(problem, splits) for problem in problems)
    return tuple(planned)


def _plan_row(row: PublishedRow, overrides: Sequence[str], is_rehearsal: bool) -> PlannedRow:
    overrides = [f"experiment={row.recipe}", *overrides]
    full: TrainConfig = to_typed(compose_checked("train", overrides))
    if not is_rehearsal:
        return PlannedRow(row, tuple(overrides), full, full)
    overrides += shrink(full)
    return PlannedRow(row, tuple(overrides), to_typed(compose_checked("train", overrides)), full)


def shrink(config: TrainConfig) -> list[str]:
    """Return overrides that cut every phase of a run to one epoch, on photos of `data.image_size` at most.

    >>> from binrecon.models.finetuning.full import FullRegimeConfig
    >>> from binrecon.models.finetuning.phased import PhaseConfig
    >>> shrink(TrainConfig(regime=FullRegimeConfig(first_stage="stem")))
    ['trainer.max_epochs=1']
    >>> config = TrainConfig(regime=PhasedRegimeConfig(phases=[PhaseConfig(7, "head", 64), PhaseConfig(8)]))
    >>> config.data.image_size = 32
    >>> shrink(config)[0]
    'regime.phases=[{epochs:1,first_stage:head,image_size:32,lr:null},{epochs:1,first_stage:stem,image_size:32,lr:null}]'
    """
    if not isinstance(config.regime, PhasedRegimeConfig):
        return ["trainer.max_epochs=1"]
    largest = config.data.image_size
    phases = [
        f"{{epochs:1,first_stage:{phase.first_stage},image_size:{min(phase.image_size or largest, largest)},"
        f"lr:{'null' if phase.lr is None else phase.lr}}}"
        for phase in config.regime.phases
    ]
    return [f"regime.phases=[{','.join(phases)}]", f"trainer.max_epochs={len(phases)}"]


def _advise(problem: str, splits: Iterable[str]) -> str:
    """Add the remedy to a problem of a run."""
    if problem.startswith("source.root:"):
        commands = " and ".join(f"binrecon fetch subset={split} lists_dir=DIR" for split in splits)
        return f"{problem}; or bring the published ones with {commands}, and go on with source=abid"
    return f"{problem}; {_REHEARSE}" if problem.startswith("regime.phases: their epochs") else problem


def _describe_differences(run: PlannedRun) -> str:
    """Describe the keys in which a run on disk differs from the planned one."""
    there = list_settings(run.folder.read_config())
    here: Mapping[str, object] = {**list_settings(run.row.config), "seed": run.seed}
    return ", ".join(
        f"{key} {there.get(key)} there, {here.get(key)} here"
        for key in dict.fromkeys((*there, *here))
        if not covers(_ELSEWHERE, key) and there.get(key) != here.get(key)
    )
