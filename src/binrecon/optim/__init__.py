"""Steps and learning rates: optimizers and schedules, chosen independently of each other."""
