"""The mark of a value that has to be given."""

from typing import Any

MISSING: Any = "???"  # stands for a value of any type
"""OmegaConf's mark for it (`omegaconf.MISSING`, without importing it)."""
