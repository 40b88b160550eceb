"""Losses, minimised by training: a file for each, with its options and its arithmetic.

Class `i` of C stands for the count `min_count + i`. Every loss is one number for each bin, so that a batch's
loss is their mean, and any number of heads may stand between the bins and their classes.

Nothing is imported here, and a loss imports torch only to be computed: `--help` reads the options of all.
"""

LOSSES = {
    "cross_entropy": "binrecon.models.losses.cross_entropy:CrossEntropyConfig",
    "soft_labels": "binrecon.models.losses.soft_labels:SoftLabelsConfig",
    "cumulative": "binrecon.models.losses.cumulative:CumulativeConfig",
    "corn": "binrecon.models.losses.corn:CornConfig",
}
"""Option of `loss=` to the loss's options."""
