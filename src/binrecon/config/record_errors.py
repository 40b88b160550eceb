"""Assumptions about wrong records; none can be learned from ABID, which nobody has counted."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass
class RecordErrorsConfig:
    """Rate and kinds of wrong records. All but the rate are weights, of which only the ratios matter."""

    rate: float = 0.01
    """Share of records whose count is not that of the bin."""
    off_by_one: float = 0.6
    """Weight of the bin holding one item more or less than recorded."""
    off_by_two: float = 0.1
    """Weight of its holding two items more or less."""
    missing_sku: float = 0.2
    """Weight of one of the recorded SKUs not being in the bin, with all of its items."""
    swap: float = 0.1
    """Weight of the record being that of another bin, with another count."""


def check_record_errors(config: RecordErrorsConfig, key: str = "record_errors") -> Iterator[str]:
    """Yield what is wrong with such assumptions, a line each.

    Args:
        config: The assumptions.
        key: Their dotted key in the configuration.

    >>> list(check_record_errors(RecordErrorsConfig(rate=1.0)))
    ['record_errors.rate: must be at least 0 and below 1, got 1.0']
    """
    if not 0 <= config.rate < 1:
        yield f"{key}.rate: must be at least 0 and below 1, got {config.rate}"
    weights = {item.name: float(getattr(config, item.name)) for item in fields(config)[1:]}
    wrong = {name: weight for name, weight in weights.items() if not 0 <= weight < math.inf}
    yield from (
        f"{key}.{name}: must be a finite number of at least 0, got {weight}" for name, weight in wrong.items()
    )
    if not wrong and config.rate != 0 and not any(weights.values()):
        yield f"{key}: {', '.join(weights)} are all 0; give one of them a weight, or set {key}.rate=0"
