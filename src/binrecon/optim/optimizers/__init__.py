"""The steps that training takes: a file for each optimizer, with its options and what builds it."""

OPTIMIZERS = {
    "sgd": "binrecon.optim.optimizers.sgd:SGDConfig",
    "sgdr": "binrecon.optim.optimizers.sgdr:SGDRConfig",
    "adam": "binrecon.optim.optimizers.adam:AdamConfig",
    "adamw": "binrecon.optim.optimizers.adamw:AdamWConfig",
}
"""Option of `optimizer=` to the optimizer's options."""
