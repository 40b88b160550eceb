"""Check that the keys of an option are under its own name."""

from collections.abc import Iterator
from typing import cast

from omegaconf import DictConfig, OmegaConf

from binrecon.config.compose import list_options
from binrecon.config.parts import ROOMS, name_part
from binrecon.config.spelling import did_you_mean


def check_names(config: DictConfig) -> Iterator[str]:
    """Refuse `optimizer.name=sgd` beside another optimizer's keys: it would train something else."""
    for group in ROOMS:
        if (node := OmegaConf.select(config, group)) is None:
            continue
        name = name_part(group, cast(type, OmegaConf.get_type(node)))
        if node.name != name:
            yield f"{group}.name: is '{name}' here, got '{node.name}'; choose with {group}={node.name}"
    trainer, trainers = OmegaConf.select(config, "trainer.name"), list_options("trainer")
    if trainer is not None and trainer not in trainers:
        yield f"trainer.name: '{trainer}' is none of {', '.join(trainers)}{did_you_mean(trainer, trainers)}"
