"""The stages of a backbone that each epoch trains: a file for each regime, with its options and its plan."""

REGIMES = {
    "frozen": "binrecon.models.finetuning.frozen:FrozenRegimeConfig",
    "full": "binrecon.models.finetuning.full:FullRegimeConfig",
    "gradual": "binrecon.models.finetuning.gradual:GradualRegimeConfig",
    "phased": "binrecon.models.finetuning.phased:PhasedRegimeConfig",
}
"""Option of `regime=` to its options."""
