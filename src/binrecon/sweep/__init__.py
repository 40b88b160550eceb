"""Searches for hyper-parameters; the only room that knows Optuna."""
