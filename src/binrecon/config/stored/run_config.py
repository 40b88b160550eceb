"""The `config.yaml` that a run leaves."""

from pathlib import Path
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.compose import innermost_reason
from binrecon.config.parts import ROOMS, load_parts
from binrecon.config.renamed import RENAMED, explain_renamed
from binrecon.config.run_keys import flatten
from binrecon.config.schema import TrainConfig
from binrecon.config.spelling import did_you_mean
from binrecon.config.stored.files import StoredFileError, read_yaml
from binrecon.config.stored.values import TOP_KEYS, find_value_problems
from binrecon.config.validate import find_config_problems
from binrecon.errors import ConfigError

_ADVICE = "this version of binrecon did not write it, or it was changed since: put back a copy of it"


def load_resolved(path: Path) -> TrainConfig:
    """Read and check a `config.yaml` that a run wrote, and give it its types back.

    It is checked as a command line is, except for what lies on the machine that trained: folders of bins,
    labels, weights and the like need not be there.

    Raises:
        ConfigError: With everything that is wrong with it, file and keys named.
    """
    try:
        plain = read_yaml(path)
    except StoredFileError as error:
        raise ConfigError([f"'{path}' cannot be read ({error}); {_ADVICE}"]) from error
    try:
        _refuse_earlier_names(plain)
        config = _give_types(plain)
        problems = list(find_config_problems(config, is_here=False))
    except ConfigError as error:
        problems = list(error.problems)
    if problems:
        *others, last = (f"'{path}': {problem}" for problem in problems)
        raise ConfigError([*others, f"{last}; {_ADVICE}"])
    return cast(TrainConfig, OmegaConf.to_object(config))


def _refuse_earlier_names(plain: dict[str, Any]) -> None:
    """Refuse renamed keys, and nothing else: other problems follow from them."""
    if renamed := [key for key, _ in flatten(plain) if key in RENAMED]:
        named = "; ".join(explain_renamed(key) for key in renamed)
        raise ConfigError([f"an earlier version wrote it, with other names: {named}"])


def _give_types(plain: dict[str, Any]) -> DictConfig:
    """Lay the keys of a file over the schema.

    Raises:
        ConfigError: With every key that the schema does not have, and every value of another type.
    """
    problems = [problem for key, value in plain.items() for problem in find_value_problems(key, value)]
    config = cast(DictConfig, OmegaConf.structured(TrainConfig))
    wrong_groups = []
    for group in ROOMS:
        parts = load_parts(group)
        node = plain.get(group)
        name = node.get("name") if isinstance(node, dict) else None
        if name in parts:
            config[group] = OmegaConf.structured(parts[name])
        else:
            wrong_groups.append(group)
            problems.append(f"{group}.name: must be one of {', '.join(parts)}, got {name}")
    for key, value in plain.items():
        if key not in TOP_KEYS:
            problems.append(f"{key}: unknown key{did_you_mean(key, TOP_KEYS)}")
        elif key not in wrong_groups:
            problems += _set(config, key, value)
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return config


def _set(config: DictConfig, key: str, value: Any) -> list[str]:  # noqa: ANN401  # a plain value
    """Set a key or, one by one, those below it; return why that fails."""
    problems = []
    if isinstance(value, dict) and isinstance(OmegaConf.select(config, key), DictConfig):
        for name, part in value.items():
            problems += _set(config, f"{key}.{name}", part)
        return problems
    try:
        OmegaConf.update(config, key, value)
    except OmegaConfBaseException as error:
        problems.append(f"{key}: {innermost_reason(error)}")
    return problems
