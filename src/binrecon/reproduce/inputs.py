"""Inputs of the rows, checked before the first of them runs: photos, lists, weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from binrecon.config.schema import RANDOM, DataConfig, TrainConfig
from binrecon.config.split_words import PUBLISHED_SPLITS
from binrecon.config.trainer_words import count_normalisers
from binrecon.console import get_console
from binrecon.errors import ConfigError, ManifestError, WeightsError
from binrecon.manifest import (
    CountRange,
    Coverage,
    Manifest,
    check_trainable,
    count_coverage,
    describe_coverage,
)
from binrecon.reproduce.plan import PlannedRow
from binrecon.sources.build import build_source
from binrecon.training.cached import count_parts
from binrecon.training.prepare import look_at_bins
from binrecon.training.rules import check_batches


@dataclass(frozen=True)
class FoundBins:
    """Bins found for some rows."""

    manifest: Manifest
    coverage: Coverage


def find_inputs(rows: Sequence[PlannedRow]) -> dict[str, FoundBins]:
    """Find the bins of every row, and show what is missing and how to fetch it.

    Args:
        rows: At least one.

    Returns:
        Bins found, by name of the row.

    Raises:
        ManifestError: If a split has no bin here, or none to train or evaluate on, or its lists are missing.
        SourceError: If the bins cannot be read.
    """
    found: dict[str, FoundBins] = {}
    by_split: dict[str, FoundBins] = {}
    for row in rows:
        data = row.config.data
        key = repr((data.split, CountRange.of(data), data.counts_from, *_cuts(data)))
        if key not in by_split:
            by_split[key] = _find_bins(row.config)
        found[row.published.name] = by_split[key]
    return found


def check_runs(rows: Sequence[PlannedRow], bins: Mapping[str, FoundBins]) -> None:
    """Refuse rows whose runs would fail at their start: devices, batch sizes, weights.

    Args:
        rows: Rows with a run that has not finished.
        bins: Bins found, by name of the row.

    Raises:
        ConfigError: With every problem of all rows.
        WeightsError: If weights cannot be had.
    """
    from binrecon.training.machine import check_machine  # loads Lightning

    problems: dict[str, None] = {}
    for row in rows:
        config, train = row.config, bins[row.published.name].coverage.usable["train"]
        try:
            check_machine(config)
            processes, parts = count_normalisers(config.trainer), count_parts(config)
            check_batches(config.head, train, config.data.batch_size, processes, parts)
        except ConfigError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise ConfigError(problems)
    _check_weights(rows)


def _cuts(data: DataConfig) -> tuple[float, ...]:
    """Return the settings that decide the borders of a split of our own."""
    return data.split_seed, data.val_fraction, data.test_fraction, data.train_share


def _find_bins(config: TrainConfig) -> FoundBins:
    manifest, splits = look_at_bins(config)
    coverage = count_coverage(manifest, splits)
    if coverage.listed and not any(coverage.usable.values()):
        raise ManifestError(_describe_nothing(config, coverage, len(manifest)))
    check_trainable(manifest, CountRange.of(config.data), splits)
    console = get_console()
    for line in describe_coverage(manifest, splits):
        console.print(line, highlight=False)
    if missing := describe_missing(config, coverage):
        console.print(missing, highlight=False)
    return FoundBins(manifest, coverage)


def describe_missing(config: TrainConfig, coverage: Coverage) -> str:
    """Describe the published bins that are missing and how to fetch them; empty if none is."""
    usable = {"all": sum(coverage.usable.values()), **coverage.usable}
    lacking = {part: bins - usable[part] for part, bins in coverage.listed.items() if usable[part] < bins}
    if config.data.train_share < 1:  # then those are left out on purpose
        lacking = {part: bins for part, bins in lacking.items() if part not in ("all", "train")}
    if coverage.listed and not lacking:
        return ""
    parts = ", ".join(f"{bins:,} {part}" for part, bins in lacking.items()).removesuffix(" all")
    what = f"missing are {parts} bins; {_write_fetch(config)}" if parts else _name_other_split(config)
    return f"{what}. Rows on such bins are marked as not comparable"


def _name_other_split(config: TrainConfig) -> str:
    return f"data.split={config.data.split} is none that was published ({', '.join(PUBLISHED_SPLITS)})"


def _write_fetch(config: TrainConfig) -> str:
    parts = " source.parts=photos" if config.data.counts_from == "lists" else ""
    lists = f" lists_dir={config.data.lists_dir}"
    return f"fetch them with: binrecon fetch subset={config.data.split}{lists}{parts}"


def _describe_nothing(config: TrainConfig, coverage: Coverage, bin_count: int) -> str:
    listed = sum(coverage.listed.values())
    return (
        f"none of the {listed:,} bins of data.split={coverage.name} can be used: "
        f"'{build_source(config.source).folder}' holds {bin_count:,} bins, none of them listed and sound; "
        f"{_write_fetch(config)}\n"
        "or run on other bins, which is marked as not comparable: "
        "data.split=grouped data.counts_from=records"
    )


def _check_weights(rows: Sequence[PlannedRow]) -> None:
    """Load the weights of every row once; those of the hub are then in its cache."""
    from binrecon.models.backbone import build_backbone  # loads torch

    needed: dict[tuple[str, str], str] = {}
    random = [row.published.name for row in rows if row.config.model.weights == RANDOM]
    for row in rows:
        model = row.config.model
        if model.weights != RANDOM:
            needed.setdefault((model.backbone, model.weights), row.published.name)
    for (backbone, weights), name in needed.items():
        try:
            build_backbone(backbone, weights)
        except WeightsError as error:
            others = f"\nRows without pretrained weights: rows=[{','.join(random)}]" if random else ""
            raise WeightsError(f"the row {name} cannot run: {error}{others}") from error
