"""The `config.yaml` that a run leaves."""

from pathlib import Path
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.compose import GROUPS_OF_KINDS, SCHEMAS, innermost_reason
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
        config = _give_types(plain)
        problems = list(find_config_problems(config, is_here=False))
    except ConfigError as error:
        problems = list(error.problems)
    if problems:
        *others, last = (f"'{path}': {problem}" for problem in problems)
        raise ConfigError([*others, f"{last}; {_ADVICE}"])
    return cast(TrainConfig, OmegaConf.to_object(config))


def _give_types(plain: dict[str, Any]) -> DictConfig:
    """Lay the keys of a file over the schema.

    Raises:
        ConfigError: With every key that the schema does not have, and every value of another type.
    """
    problems = [problem for key, value in plain.items() for problem in find_value_problems(key, value)]
    config = cast(DictConfig, OmegaConf.structured(TrainConfig))
    wrong_groups = []
    for group in GROUPS_OF_KINDS:
        names = [name.partition("/")[2] for name in SCHEMAS if name.startswith(f"{group}/")]
        node = plain.get(group)
        name = node.get("name") if isinstance(node, dict) else None
        if name in names:
            config[group] = OmegaConf.structured(SCHEMAS[f"{group}/{name}"])
        else:
            wrong_groups.append(group)
            problems.append(f"{group}.name: must be one of {', '.join(names)}, got {name}")
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
