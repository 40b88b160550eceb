"""Bins that are used, and their way into batches."""

from dataclasses import dataclass

from binrecon.config.augment_words import AUGMENT_WORDS, TTA_WORDS
from binrecon.config.balance_words import BALANCE_WORDS
from binrecon.config.options import LARGEST_SEED, option
from binrecon.config.split_words import SPLIT_WORDS


@dataclass
class DataConfig:
    """Counts 0 to 5, photos squashed to 224 x 224 and mirrored at random.

    As Stanford CS229 2018 and UNC's abid_challenge.
    """

    min_count: int = option(0, at_least=0)
    """Smallest recorded count that is a class."""
    max_count: int = option(5, at_most=1_000)
    """Largest recorded count that is a class."""
    above_range: str = option("drop", choices=("drop", "clip"))
    """Treatment of bins above `max_count`: `drop` them (counted) or `clip` their label to `max_count`."""
    split: str = option("grouped", choices=SPLIT_WORDS)
    """`grouped` (leak-free), or as published: `unc`, `stanford_all`, `stanford_150k`, `udacity`."""
    lists_dir: str = option("${lists_dir}", is_path=True)
    """Folder of the published lists, as `.json` or `.json.gz`: counting_train, counting_val, file_list."""
    counts_from: str = option("records", choices=("records", "lists"))
    """Source of recorded counts: `records`, or the `lists` of a published split (no record is read)."""
    labels: str | None = option(None, is_path=True)
    """CSV of bin_id and recorded_count with what somebody counted, in place of what the records claim."""
    val_fraction: float = option(0.15, above=0)
    """Share of groups that validate, expected value; of no effect on a published split."""
    test_fraction: float = option(0.15, above=0)
    """Share of groups that test, expected value; of no effect on a published split."""
    split_seed: int = option(0, at_least=0, at_most=LARGEST_SEED)
    """Seed of the split; independent of the run's seed, so that seeds compare on the same bins."""
    train_share: float = option(1.0, above=0, at_most=1)
    """Share of the training bins that is used, in whole groups; each share holds every smaller one."""
    image_size: int = option(224, at_least=32, at_most=2048)
    """Height and width of what the backbone sees, in pixels."""
    resize: str = option("squash", choices=("squash", "pad"))
    """`squash` to the square (what the published work did) or `pad` to it, keeping the aspect."""
    horizontal_flip: bool = True
    """Mirror training photos half of the time."""
    balance: str = option("none", choices=BALANCE_WORDS)
    """Balance of rare and common counts in training: `none`, `sampler` (they are drawn as
    often) or `weights` (their bins weigh more in the loss)."""
    augment: str = option("none", choices=AUGMENT_WORDS)
    """Further augmentation of training photos: `none`, or `side_on` (turned, zoomed and lit a little)."""
    tta: str = option("none", choices=TTA_WORDS)
    """Views that validation and test average over: `none` (the photo alone), `flip` (the mirrored one too),
    `side_on` (four augmented ones besides)."""
    batch_size: int = option(128, at_least=1, at_most=65_536)
    """Photos in a batch over all processes together."""
    workers: int = option(2, at_least=0, at_most=256)
    """Processes that decode photos, for each training process; 0 decodes in the training process."""
