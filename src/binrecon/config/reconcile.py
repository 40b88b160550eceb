"""Keys of `reconcile`, their meanings, and the checks of their values."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from binrecon.config.budget_words import parse_budget
from binrecon.config.options import option
from binrecon.config.record_errors import RecordErrorsConfig, check_record_errors
from binrecon.config.schema import MISSING, SourceConfig
from binrecon.errors import ConfigError

DEVICE_WORDS = ("auto", "cpu", "gpu")
"""Devices of a counter; `auto` is a GPU where there is one."""

PLAIN_COLUMNS = {"bin_column": "bin_id", "count_column": "recorded_count"}
"""Columns of an inventory as `configs/reconcile.yaml` names them."""


@dataclass
class PhotoQualityConfig:
    """Rules for photos that go to `rephotograph` instead of being guessed at."""

    is_judged: bool = MISSING
    """Compare photos with those that the counter was trained and chosen on."""
    blurred: float = MISSING
    """Share of the counter's own validation photos that would be sent back as blurred; 0 sends none."""
    dark: float = MISSING
    """The same for dark photos."""
    unlike: float = MISSING
    """The same for photos unlike those of training, by the features of the backbone."""


@dataclass
class ReconcileConfig:
    """Everything that `reconcile` needs."""

    checkpoint: str = option(is_path=True)
    """Folder of the run whose counter predicts; it needs a calibration."""
    source: SourceConfig = MISSING  # chosen by a group option
    inventory: str | None = option(None, is_path=True)
    """CSV or Parquet with the recorded counts; null takes the records beside the photos."""
    bin_column: str = MISSING
    """Column of the inventory with the bins' keys, which are text: 523 and 00523 are two bins."""
    count_column: str = MISSING
    """Column of the inventory with the recorded counts."""
    budget: str = MISSING
    """Bins to recount: `0.5%`, `200 bins`, or `1:40` if a missed variance costs 40 recounts."""
    recount_minutes: float = MISSING
    """Minutes that a recount takes, for the workload."""
    coverage: float = MISSING
    """Share of bins whose count lies in their count set."""
    record_errors: RecordErrorsConfig = field(default_factory=RecordErrorsConfig)
    quality: PhotoQualityConfig = field(default_factory=PhotoQualityConfig)
    embedded_photos: int = MISSING
    """Photos that the page carries within itself, from the first rank on; the others it loads from disk."""
    device: str = MISSING
    """Device of the counter: `auto` (a GPU where there is one), `cpu` or `gpu`."""
    workers: int = MISSING
    """Processes that decode photos; 0 decodes in the main one."""
    output_root: str = option(is_path=True)
    """Folder that holds the results folders."""
    output_dir: str = option(is_path=True)
    """Folder for the results; what an earlier reconciliation left there is replaced."""
    lists_dir: str = option(is_path=True)
    """Folder of the lists that others published; they are not part of binrecon."""
    cache_dir: str = option(is_path=True)
    """Cache directory of photo metadata, features and counts."""


def check_reconcile(config: Any) -> Iterator[str]:  # noqa: ANN401  # as composed, of any verb
    """Yield what is wrong with the keys of `reconcile`, a line each; nothing for other verbs."""
    if "inventory" not in config:
        return
    yield from _check_paths(config)
    try:
        parse_budget(config.budget)
    except ConfigError as error:
        yield from error.problems
    if not 0 < config.recount_minutes < float("inf"):
        yield f"recount_minutes: must be above 0, got {config.recount_minutes}"
    if not 0 < config.coverage < 1:
        yield f"coverage: must be above 0 and below 1, got {config.coverage}"
    yield from check_record_errors(_errors_of(config))
    for name in ("blurred", "dark", "unlike"):
        if not 0 <= (share := config.quality[name]) < 0.5:
            yield f"quality.{name}: must be at least 0 and below 0.5, got {share}"
    for name in ("embedded_photos", "workers"):
        if config[name] < 0:
            yield f"{name}: must be at least 0, got {config[name]}"
    if config.device not in DEVICE_WORDS:
        yield f"device: '{config.device}' is none of {', '.join(DEVICE_WORDS)}"
    if config.bin_column.strip().lower() == config.count_column.strip().lower():
        yield f"count_column: is '{config.count_column}', as bin_column is; name two columns"


def _errors_of(config: Any) -> RecordErrorsConfig:  # noqa: ANN401  # as composed
    """Return the assumptions as plain values."""
    names = [item.name for item in fields(RecordErrorsConfig)]
    return RecordErrorsConfig(**{name: config.record_errors[name] for name in names})


def _check_paths(config: Any) -> Iterator[str]:  # noqa: ANN401  # as composed
    if not Path(config.checkpoint).expanduser().is_dir():
        yield (
            f"checkpoint: '{config.checkpoint}' is not a folder; give that of a run, "
            "as `binrecon train` printed it at its end"
        )
    if config.inventory is not None and not Path(config.inventory).expanduser().is_file():
        yield f"inventory: '{config.inventory}' is not a file; give a CSV or Parquet file, or leave it out"
    if config.inventory is None:
        yield from (
            f"{name}: '{config[name]}' is a column of no file; say which by inventory=FILE, or leave it out"
            for name, plain in PLAIN_COLUMNS.items()
            if config[name] != plain
        )
