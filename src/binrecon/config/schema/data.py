"""Which bins are used, and how their photos become batches."""

from dataclasses import dataclass, field

from binrecon.config.schema.missing import MISSING
from binrecon.config.schema.paths import PATH


@dataclass
class DataConfig:
    """Which bins are used, how they are split, and how photos become batches."""

    min_count: int = 0
    """Smallest recorded count that is a class."""
    max_count: int = 5
    """Largest recorded count that is a class."""
    above_range: str = "drop"
    """What happens to bins above `max_count`: `drop` them (counted) or `clip` their label to `max_count`."""
    split: str = "grouped"
    """`grouped` (leak-free), or as published: `unc`, `stanford_all`, `stanford_150k`, `udacity`."""
    lists_dir: str = field(default=MISSING, metadata=PATH)
    """Folder of the published lists, as `.json` or `.json.gz`: counting_train, counting_val, file_list."""
    counts_from: str = "records"
    """Where recorded counts come from: `records`, or the `lists` of a published split (no record is read)."""
    labels: str | None = field(default=None, metadata=PATH)
    """CSV of bin_id and recorded_count with what somebody counted, in place of what the records claim."""
    val_fraction: float = 0.15
    """Share of groups that validate, expected value; of no effect on a published split."""
    test_fraction: float = 0.15
    """Share of groups that test, expected value; of no effect on a published split."""
    split_seed: int = 0
    """Seed of the split; independent of the run's seed, so that seeds compare on the same bins."""
    train_share: float = 1.0
    """Share of the training bins that is used, in whole groups; each share holds every smaller one."""
    image_size: int = 224
    """Height and width of what the backbone sees, in pixels."""
    resize: str = "squash"
    """`squash` to the square (what the published work did) or `pad` to it, keeping the aspect."""
    horizontal_flip: bool = True
    """Whether training photos are mirrored half of the time."""
    balance: str = "none"
    """What makes rare counts matter as much in training as common ones: `none`, `sampler` (they are drawn as
    often) or `weights` (their bins weigh more in the loss)."""
    augment: str = "none"
    """What else is done to training photos: `none`, or `side_on` (turned, zoomed and lit a little)."""
    tta: str = "none"
    """Views that validation and test average over: `none` (the photo alone), `flip` (the mirrored one too),
    `side_on` (four augmented ones besides)."""
    batch_size: int = 128
    """Photos in a batch over all processes together."""
    workers: int = 2
    """Processes that decode photos, for each training process; 0 decodes in the training process."""
