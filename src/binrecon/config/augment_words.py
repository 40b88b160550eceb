"""Values of `data.augment` and `data.tta`."""

from typing import Literal, get_args

Augment = Literal["none", "side_on"]
"""Augmentations of training photos besides mirroring."""

AUGMENT_WORDS: tuple[Augment, ...] = get_args(Augment)

TTA = Literal["none", "flip", "side_on"]
"""Views that validation and test average over."""

TTA_WORDS: tuple[TTA, ...] = get_args(TTA)
