"""Heads, trained on features: a file for each, with its options and its builder.

Nothing is imported here, and a head imports torch only to be built: `--help` reads the options of all.
"""

HEADS = {
    "linear": "binrecon.models.heads.linear:LinearHeadConfig",
    "mlp": "binrecon.models.heads.mlp:MlpHeadConfig",
    "coral": "binrecon.models.heads.coral:CoralHeadConfig",
    "corn": "binrecon.models.heads.corn:CornHeadConfig",
}
"""Option of `head=` to the head's options."""
