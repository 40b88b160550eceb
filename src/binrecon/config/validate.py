"""Problems of a configuration that can be found without loading torch, all in one pass.

Hydra has already refused unknown options, unknown keys and wrong types; see `problems.py`. Left are keys
smuggled in with `+`, values still to be given, values out of range, unknown values, keys that contradict
each other, and paths that lead nowhere: most of it in `rules/`.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from omegaconf import MISSING, DictConfig, ListConfig, OmegaConf
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
from binrecon.config.rules.limits import check_options
from binrecon.config.rules.logger import check_wandb
from binrecon.config.rules.names import check_names
from binrecon.config.rules.paths import check_paths
from binrecon.config.rules.source import check_bucket
from binrecon.config.rules.sweep import check_sweep
from binrecon.config.rules.training import (
    check_batch_memory,
    check_contradictions,
    check_counts,
    check_head_and_loss,
    check_monitor,
    check_phases,
)
from binrecon.errors import ConfigError

Rule = Callable[[DictConfig], Iterator[str]]

_RULES: tuple[Rule, ...] = (
    find_credentials,
    check_options,
    check_names,
    check_bucket,
    check_contradictions,
    check_batch_memory,
    check_head_and_loss,
    check_phases,
    check_counts,
    check_monitor,
    check_wandb,
)
"""Checks that hold wherever a configuration is read, in the order in which problems are listed."""

_RULES_OF_THIS_MACHINE: tuple[Rule, ...] = (
    find_path_problems,
    check_comparison,
    check_sweep,
    check_evaluate,
    check_reconcile,
    check_apply,
    find_launch_problems,
    check_paths,
    check_export,
)
"""Checks that its files and folders exist, for a new command. Those of a finished run may be gone."""


def validate(config: DictConfig) -> None:
    """Check a composed configuration of any verb.

    Args:
        config: As composed from `configs/train.yaml` or `configs/show.yaml`, not yet resolved.

    Raises:
        ConfigError: With every problem, one line each.
    """
    if problems := find_config_problems(config):
        raise ConfigError(problems)


def find_config_problems(config: DictConfig, *, is_here: bool = True) -> list[str]:
    """Find every problem of a configuration, of every kind: keys, references, missing values, rules.

    Args:
        config: Of any verb, not yet resolved.
        is_here: Whether it is to be used on this machine, so that its files and folders must be there.
    """
    seen, unresolved = _set_unresolved_aside(config)
    missing = OmegaConf.missing_keys(seen) - unresolved.keys()
    problems = [
        *unknown_keys(config),
        *(f"{key}: {reason}" for key, reason in unresolved.items()),
        *(f"{key}: must be given; add {key}=VALUE" for key in sorted(missing)),
    ]
    for rule in (*_RULES, *(_RULES_OF_THIS_MACHINE if is_here else ())):
        problems += _apply_rule(rule, seen, is_complete=not problems)
    return list(dict.fromkeys(problems))


def _apply_rule(rule: Rule, config: DictConfig, is_complete: bool) -> list[str]:
    """List what a rule finds; where values are missing or not known, as far as it gets."""
    found = []
    try:
        for problem in rule(config):
            found.append(problem)
    except (OmegaConfBaseException, TypeError):
        if is_complete:
            raise
    return found


def _set_unresolved_aside(config: DictConfig) -> tuple[DictConfig, dict[str, str]]:
    """Find the references that cannot be resolved.

    Returns:
        A copy in which these values are missing, so that rules skip them, and the reason for each key.
    """
    copied = copy.deepcopy(config)
    reasons = {}
    references = list(_list_references(copied))
    for node, name in references:
        try:
            node[name]
        except OmegaConfBaseException as error:
            reason = str(error).splitlines()[0].removeprefix(_OF_A_RESOLVER)
            # nothing public tells the full key of a node
            reasons[node._get_full_key(name)] = reason.strip('"')
    for node, name in references:
        if node._get_full_key(name) in reasons:  # as above
            node._set_item_impl(name, MISSING)  # `node[name] = MISSING` fails on values that are no text
    return copied, reasons


_OF_A_RESOLVER = "KeyError raised while resolving interpolation: "


def _list_references(config: DictConfig | ListConfig) -> Iterator[tuple[DictConfig | ListConfig, Any]]:
    """Yield the node and key of every value that refers to another one."""
    names = range(len(config)) if isinstance(config, ListConfig) else list(config)
    for name in names:
        if OmegaConf.is_missing(config, name):
            continue
        if OmegaConf.is_interpolation(config, name):
            yield config, name
        # `config[name]` is public, but resolves interpolations
        elif isinstance(part := config._get_node(name), DictConfig | ListConfig) and not part._is_none():
            yield from _list_references(part)
