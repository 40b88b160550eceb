"""Check of every value against the limits that its field states: see `config/options.py`."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from omegaconf import DictConfig, ListConfig, OmegaConf

from binrecon.config.options import LIMITS


def check_options(config: DictConfig, prefix: str = "") -> Iterator[str]:
    """Yield a problem for every value outside its limits, in a configuration of any command.

    Args:
        config: Composed; values that are still missing are passed over.
        prefix: Dotted key of the configuration itself, with a dot at its end.
    """
    node_type = OmegaConf.get_type(config)
    typed = fields(node_type) if is_dataclass(node_type) else ()
    limits = {item.name: item.metadata[LIMITS] for item in typed if LIMITS in item.metadata}
    for key in map(str, config):
        if OmegaConf.is_missing(config, key):
            continue
        value = config[key]
        if isinstance(value, DictConfig):
            yield from check_options(value, f"{prefix}{key}.")
        elif isinstance(value, ListConfig):
            for index, item in enumerate(value):
                if isinstance(item, DictConfig):
                    yield from check_options(item, f"{prefix}{key}[{index}].")
        elif value is not None and key in limits and (problem := limits[key].find_problem(value)):
            yield f"{prefix}{key}: {problem}"
