"""Names that `regime` gives the parts of a model, besides `stage1`, `stage2` and so on."""

HEAD = "head"
"""Name of the point after the last stage: from there on, only the head is trained."""

STEM = "stem"
"""The first stage of every network: from there on, all of it is trained."""
