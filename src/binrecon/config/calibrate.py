"""The keys of `calibrate`."""

from dataclasses import dataclass, field

from binrecon.config.schema import MISSING
from binrecon.config.schema.paths import PATH


@dataclass
class CalibrateConfig:
    """Everything that `calibrate` needs."""

    run: str = field(default=MISSING, metadata=PATH)
    """Folder of the run; given as a word, without `run=`."""
    method: str = MISSING
    """`temperature` (one number), `vector` (two for each count: needs many bins) or `none`."""
    root: str | None = field(default=None, metadata=PATH)
    """Where the bins are now, if a run kept no predictions of its validation bins and they have moved."""
