"""The keys of `calibrate`."""

from dataclasses import dataclass

from binrecon.config.calibration_words import METHOD_WORDS
from binrecon.config.options import option


@dataclass
class CalibrateConfig:
    """Everything that `calibrate` needs."""

    run: str = option(is_path=True)
    """Folder of the run; `run=` may be left out."""
    method: str = option(choices=METHOD_WORDS)
    """`temperature` (one number), `vector` (two for each count: needs many bins) or `none`."""
    root: str | None = option(None, is_path=True)
    """Folder of the bins, if a run kept no predictions of its validation bins and they have moved."""
