"""Names of the parts of a model in `regime`, besides `stage1`, `stage2` and so on."""

HEAD = "head"
"""The part after the last stage: from there on, only the head is trained."""

STEM = "stem"
"""The first stage of every network: from there on, all of it is trained."""
