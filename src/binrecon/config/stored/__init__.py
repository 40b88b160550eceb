"""Configuration that is read from a file of a run, a recipe or a study. It is data, never a command.

There are two ways in, and no third:

- `overrides.py`: overrides that a run folder, a mirror or a study gives back.
- `recipes.py` and `run_config.py`: YAML files, a recipe (`experiment=PATH.yaml`) and a run's `config.yaml`.

Both set keys of our own schema to plain values and nothing else (`values.py`), are read within limits
(`files.py`), and are refused before Hydra sees them.
"""
