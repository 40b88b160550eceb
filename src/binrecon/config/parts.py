"""Config groups and the rooms whose parts are their options: the only link from here to the parts.

A room has a table from the name of each part to its options dataclass, "module:CLASS". Both are imported when
they are asked for, as entry points are, so this room knows no part, and a part's file is all of it.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, cast

from binrecon.config.renamed import explain_unknown_key
from binrecon.config.spelling import did_you_mean
from binrecon.errors import ConfigError

ROOMS: Mapping[str, str] = MappingProxyType(
    {
        "source": "binrecon.sources:SOURCES",
        "regime": "binrecon.models.finetuning:REGIMES",
        "head": "binrecon.models.heads:HEADS",
        "loss": "binrecon.models.losses:LOSSES",
        "optimizer": "binrecon.optim.optimizers:OPTIMIZERS",
        "schedule": "binrecon.optim.schedules:SCHEDULES",
        "logger": "binrecon.config.schema.logger:LOGGERS",
    }
)
"""Config group to the table of its parts, "module:TABLE"."""


def load_parts(group: str) -> dict[str, type[Any]]:
    """Return the options dataclass of each part of a group, by its name and in the order of the table.

    >>> list(load_parts("head"))
    ['linear', 'mlp', 'coral', 'corn']
    """
    return {name: _load(path) for name, path in cast(Mapping[str, str], _load(ROOMS[group])).items()}


def find_part(group: str, name: str) -> type[Any]:
    """Return the options dataclass of a part.

    Raises:
        ConfigError: If the group has no part of that name.
    """
    parts = load_parts(group)
    if name not in parts:
        allowed = ", ".join(parts)
        raise ConfigError(
            [f"{group}={name}: no such option; allowed are {allowed}{did_you_mean(name, parts)}"]
        )
    return parts[name]


def name_part(group: str, options: type[Any]) -> str:
    """Return the name that an options dataclass has in the table of its group."""
    return next(name for name, part in load_parts(group).items() if part is options)


def read_part(group: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  # the dataclass depends on the part
    """Give plain values, such as a checkpoint keeps, the type of their part back.

    Raises:
        ConfigError: If there is no such part, or it has no such key.

    >>> read_part("loss", {"name": "soft_labels", "soft_weight": 0.25})
    SoftLabelsConfig(name='soft_labels', soft_weight=0.25)
    """
    options = find_part(group, str(values.get("name")))
    known = [item.name for item in fields(options)]
    if unknown := [f"{group}.{explain_unknown_key(group, key, known)}" for key in values if key not in known]:
        raise ConfigError(unknown)
    return options(**values)


def list_default_schedules() -> dict[str, str]:
    """Return the schedule that comes with each optimizer, by `of_OPTIMIZER`.

    The defaults list of `train` says `schedule: of_${optimizer}`: so `optimizer=sgd` brings its own schedule
    and `schedule=cosine` replaces it. These names are nobody's option.

    >>> list_default_schedules()["of_sgd"]
    'step'
    """
    return {f"of_{name}": part.default_schedule for name, part in load_parts("optimizer").items()}


@cache
def _load(path: str) -> Any:  # noqa: ANN401  # a table or a class
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
