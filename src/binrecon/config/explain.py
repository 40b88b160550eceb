"""Problems of a command line that cannot be composed, all in one pass."""

import re
from collections.abc import Iterable, Sequence

from binrecon.config.compose import compose_config
from binrecon.config.problems import check_overrides
from binrecon.config.validate import find_config_problems
from binrecon.errors import ConfigError


def explain(config_name: str, overrides: Sequence[str], is_multirun: bool = False) -> list[str]:
    """Find every override that cannot be composed, and every problem of what the others make.

    Args:
        config_name: The verb's file in `configs/`, without suffix.
        overrides: As typed, without Hydra's own flags.
        is_multirun: Whether a key may have several values.

    Returns:
        A line for each problem: first of the overrides, then of the configuration.
    """
    found = check_overrides(config_name, overrides, is_multirun)
    try:
        config = compose_config(config_name, found.sound)
    except ConfigError:  # together they cannot be; each by itself has been tried
        return list(dict.fromkeys(found.problems))
    others = [problem for problem in find_config_problems(config) if not _concerns(problem, found.doubtful)]
    return list(dict.fromkeys([*found.problems, *others]))


def _concerns(problem: str, doubtful: Iterable[str]) -> bool:
    """Return whether a problem may come from a default that stands in for what was meant.

    >>> _concerns("optimizer.lr: must be above 0, got -1", ["optimizer.lrr"])
    False
    >>> _concerns("loss: corn does not go with head=linear", ["head"])
    True
    """
    return any(re.search(rf"(?<![\w.]){re.escape(key)}(?=[:=. ,]|$)", problem) for key in doubtful if key)
