"""The learning rate over a training: a file for each schedule, with its options and its curve."""

SCHEDULES = {
    "constant": "binrecon.optim.schedules.constant:ConstantConfig",
    "step": "binrecon.optim.schedules.step:StepConfig",
    "cosine": "binrecon.optim.schedules.cosine:CosineConfig",
    "warm_restarts": "binrecon.optim.schedules.warm_restarts:WarmRestartsConfig",
}
"""Option of `schedule=` to the schedule's options."""
