"""Everything about a configuration that can be wrong and be seen without loading torch, found in one pass.

Hydra has already refused unknown options, unknown keys and wrong types; see `problems.py`. Left are keys
smuggled in with `+`, values still to be given, values out of range, words that are none, keys that contradict
each other, and paths that lead nowhere: most of it in `rules/`.
"""

from collections.abc import Callable, Iterator

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.apply import check_apply
from binrecon.config.credentials import find_credentials
from binrecon.config.evaluation import check_evaluate
from binrecon.config.export import check_export
from binrecon.config.home import find_path_problems
from binrecon.config.problems import unknown_keys
from binrecon.config.reconcile import check_reconcile
from binrecon.config.rules.cloud import find_launch_problems
from binrecon.config.rules.compare import check_comparison
from binrecon.config.rules.logger import check_wandb
from binrecon.config.rules.names import check_names
from binrecon.config.rules.paths import check_paths
from binrecon.config.rules.source import check_bucket
from binrecon.config.rules.sweep import check_sweep
from binrecon.config.rules.training import (
    check_contradictions,
    check_counts,
    check_head_and_loss,
    check_monitor,
    check_regime,
)
from binrecon.config.rules.values import check_allowed_words, check_ranges
from binrecon.errors import ConfigError

_RULES: tuple[Callable[[DictConfig], Iterator[str]], ...] = (
    find_credentials,
    find_path_problems,
    check_ranges,
    check_allowed_words,
    check_names,
    check_bucket,
    check_contradictions,
    check_head_and_loss,
    check_regime,
    check_counts,
    check_monitor,
    check_wandb,
    check_comparison,
    check_sweep,
    check_evaluate,
    check_reconcile,
    check_apply,
    find_launch_problems,
    check_paths,
    check_export,
)
"""In the order in which problems are listed."""


def validate(config: DictConfig) -> None:
    """Check a composed configuration of any verb.

    Args:
        config: As composed from `configs/train.yaml` or `configs/show.yaml`, not yet resolved.

    Raises:
        ConfigError: With every problem, one line each.
    """
    problems = [*unknown_keys(config), *_unresolved(config)] or [*_missing(config)]
    if not problems:
        problems = [problem for check in _RULES for problem in check(config)]
    if problems:
        raise ConfigError(problems)


def _missing(config: DictConfig) -> Iterator[str]:
    for key in sorted(OmegaConf.missing_keys(config)):
        yield f"{key}: must be given; add {key}=VALUE"


def _unresolved(config: DictConfig) -> Iterator[str]:
    try:
        OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        reason = str(error).splitlines()[0].removeprefix("KeyError raised while resolving interpolation: ")
        yield f"{error.full_key}: {reason.strip(chr(34))}"
