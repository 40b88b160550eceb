"""Keys of `binrecon reconcile --evaluate`, which measures whether wrong records would be found."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from binrecon.config.options import option
from binrecon.config.record_errors import RecordErrorsConfig, check_record_errors


@dataclass
class EvaluationConfig:
    """Rates of wrong records, number of repeats, and the budgets and coverages that are scored."""

    rates: list[float] = field(default_factory=lambda: [0.005, 0.01, 0.02, 0.05])
    """Shares of the test bins whose records are made wrong, one after the other; how: `record_errors`."""
    budgets: list[float] = field(default_factory=lambda: [0.005, 0.01, 0.02, 0.05])
    """Shares of the bins that are recounted; rounded down to whole bins, one at least."""
    coverages: list[float] = field(default_factory=lambda: [0.8, 0.9, 0.95])
    """Coverages that count sets are tried at."""
    draws: int = 1000
    """Number of times that records are made wrong anew, for each rate."""
    resamples: int = 500
    """Draws of bins with replacement, for the 95 % intervals."""
    seed: int = 0
    """Seed of all that is drawn."""


def check_evaluation(config: EvaluationConfig, key: str = "evaluation") -> Iterator[str]:
    """Yield what is wrong with such settings, a line each.

    Args:
        config: The settings.
        key: Their dotted key in the configuration.

    >>> list(check_evaluation(EvaluationConfig(rates=[0.7])))
    ['evaluation.rates: must be above 0 and at most 0.5, got 0.7']
    """
    for name, most in (("rates", 0.5), ("budgets", 1.0)):
        values = getattr(config, name)
        if not values:
            yield f"{key}.{name}: empty; give for instance [0.005,0.01]"
        yield from (
            f"{key}.{name}: must be above 0 and at most {most:g}, got {value}"
            for value in values
            if not 0 < value <= most
        )
    yield from (
        f"{key}.coverages: must be above 0 and below 1, got {value}"
        for value in config.coverages
        if not 0 < value < 1
    )
    for name, least in (("draws", 1), ("resamples", 100), ("seed", 0)):
        if getattr(config, name) < least:
            yield f"{key}.{name}: must be at least {least}, got {getattr(config, name)}"


@dataclass
class EvaluateConfig:
    """Everything that `reconcile --evaluate` needs."""

    checkpoint: str = option(is_path=True)
    """Folder of a run with a calibration; its own predictions for its test bins are taken."""
    record_errors: RecordErrorsConfig = field(default_factory=RecordErrorsConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    output_root: str = option(is_path=True)
    """Folder that holds the results folders."""
    output_dir: str = option(is_path=True)
    """Folder for the results; what an earlier evaluation left there is replaced."""


def check_evaluate(config: Any) -> Iterator[str]:  # noqa: ANN401  # as composed, of any verb
    """Yield what is wrong with the keys of `reconcile --evaluate`, a line each; nothing for other verbs."""
    if "evaluation" not in config:
        return
    if not Path(config.checkpoint).expanduser().is_dir():
        yield (
            f"checkpoint: '{config.checkpoint}' is not a folder; give that of a run, "
            "as `binrecon train` printed it at its end"
        )
    yield from check_evaluation(config.evaluation)
    yield from check_record_errors(RecordErrorsConfig(**config.record_errors))
    if config.record_errors.rate != RecordErrorsConfig().rate:
        yield (
            "record_errors.rate: --evaluate makes as many records wrong as evaluation.rates says, and the "
            f"ranking knows it; say evaluation.rates=[{config.record_errors.rate}]"
        )
