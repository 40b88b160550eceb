"""From YAML files and overrides to a typed configuration."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, IntervalSweep, Override, QuotedString
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from binrecon.config import cloud_settings, export, schema
from binrecon.config.apply import ApplyConfig
from binrecon.config.calibrate import CalibrateConfig
from binrecon.config.compare import CompareConfig
from binrecon.config.evaluation import EvaluateConfig
from binrecon.config.features import FeaturesConfig
from binrecon.config.fetch import FetchConfig
from binrecon.config.home import expand_home, expand_paths
from binrecon.config.parts import ROOMS, find_part, list_default_schedules, load_parts
from binrecon.config.reconcile import ReconcileConfig
from binrecon.config.renamed import RENAMED, explain_renamed
from binrecon.config.reproduce import ReproduceConfig
from binrecon.config.show import ShowConfig
from binrecon.config.sweep import SweepConfig, SweepSettings
from binrecon.config.trainer_words import settle
from binrecon.errors import ConfigError

COMMANDS: dict[str, type[Any]] = {
    "train": schema.TrainConfig,
    "show": ShowConfig,
    "fetch": FetchConfig,
    "features": FeaturesConfig,
    "calibrate": CalibrateConfig,
    "sweep": SweepConfig,
    "compare": CompareConfig,
    "evaluate": EvaluateConfig,
    "reconcile": ReconcileConfig,
    "export": export.ExportConfig,
    "launch": cloud_settings.LaunchConfig,
    "apply": ApplyConfig,
    "reproduce": ReproduceConfig,
}
"""Command to the dataclass behind `/schema/COMMAND@_here_` of its file in `configs/`."""

PRESETS: dict[str, type[Any]] = {
    "data/bins": schema.DataConfig,
    "model/timm": schema.ModelConfig,
    "trainer/cpu": schema.TrainerConfig,
    "callbacks/default": schema.CallbacksConfig,
    "features/auto": schema.KeptFeaturesConfig,
    "sweep/settings": SweepSettings,
    "cloud/sagemaker": cloud_settings.SageMakerConfig,
}
"""Option to the dataclass of its group; further options of the group are files with other values."""

RECIPES = "experiment"
"""The group whose options may also be files elsewhere."""

RECIPE_SUFFIX = ".yaml"

_TAKEN_IN: dict[str, dict[str, Any]] = {}
"""Recipes elsewhere that were checked and are known to Hydra, by their paths."""


def config_dir() -> Path:
    """Return the folder of the YAML files: beside the package when installed, or that of the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parents[1] / "configs"


def register_options() -> None:
    """Make the options of all groups known to Hydra, and the schemas in a group that is nobody's option.

    So is `expand_home`, for the folders that Hydra makes itself.
    """
    OmegaConf.register_new_resolver("expand_home", expand_home, replace=True)
    store = ConfigStore.instance()
    for name, node in COMMANDS.items():
        store.store(group="schema", name=name, node=node)
    for group in list_groups():
        for name, node in typed_options(group).items():
            store.store(group=group, name=name, node=node)
    for alias, schedule in list_default_schedules().items():
        store.store(group="schedule", name=alias, node=find_part("schedule", schedule))


def list_options(group: str, configs: Path | None = None) -> tuple[str, ...]:
    """List the options that `group=` takes, sorted: the parts of its room, and its files.

    Args:
        group: A config group.
        configs: Another folder than our own `configs/`, whose files alone are listed.
    """
    folder = (configs or config_dir()) / group
    files = (path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml"))
    return tuple(sorted({*(typed_options(group) if configs is None else ()), *files}))


def typed_options(group: str) -> dict[str, type[Any]]:
    """Return the dataclasses among the options of a group: the parts of its room, or its preset."""
    if group in ROOMS:
        return load_parts(group)
    return {option: node for path, node in PRESETS.items() for of, option in [path.split("/")] if of == group}


def list_groups() -> tuple[str, ...]:
    """List the config groups, sorted."""
    of_presets = (path.split("/")[0] for path in PRESETS)
    return tuple(
        sorted({*ROOMS, *of_presets, *(path.name for path in config_dir().iterdir() if path.is_dir())})
    )


def compose_config(config_name: str, overrides: Sequence[str] = ()) -> DictConfig:
    """Compose a configuration as the command line would, without starting a run.

    Raises:
        ConfigError: If it cannot be composed, with Hydra's reason; `find_problems` explains it better.
    """
    if unknown := find_unknown_options(overrides):
        raise ConfigError(f"{group}={name}: no such option" for group, name in unknown)
    register_options()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        try:
            return expand_paths(compose(config_name, list(overrides)))
        except (HydraException, OmegaConfBaseException) as error:
            raise ConfigError([innermost_reason(error)]) from error


def chosen_options(config_name: str, overrides: Sequence[str]) -> dict[str, str | None]:
    """Return the option that each group has after some overrides, `hydra`'s own groups left out."""
    register_options()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        choices = compose(config_name, list(overrides), return_hydra_config=True).hydra.runtime.choices
    aliases = list_default_schedules()
    return {str(group): aliases.get(word, word) for group, word in choices.items() if group in list_groups()}


def add_recipe(path: str, node: dict[str, Any]) -> None:
    """Make a checked recipe known as `experiment=PATH`.

    Args:
        path: Absolute, with its suffix; Hydra would look for a relative one in `configs/` as well.
        node: What it holds.
    """
    group, _, name = f"{RECIPES}{path}".rpartition("/")
    name = name.removesuffix(RECIPE_SUFFIX)
    ConfigStore.instance().store(group=group, name=name, node=OmegaConf.create(node), package="_global_")
    _TAKEN_IN[path] = node


def read_recipe(name: str) -> dict[str, Any]:
    """Return what a recipe holds that `has_option` knows."""
    if name in _TAKEN_IN or name == "null":
        return _TAKEN_IN.get(name, {})
    node = OmegaConf.to_container(OmegaConf.load(config_dir() / RECIPES / f"{name}{RECIPE_SUFFIX}"))
    return cast(dict[str, Any], node)


def find_unknown_options(overrides: Sequence[str], own_configs: Path | None = None) -> list[tuple[str, str]]:
    """Find the options that overrides choose and that neither `configs/` nor `add_recipe` has.

    Hydra would look for `model=../../x` among the files of this machine.

    Args:
        overrides: As typed, without Hydra's flags.
        own_configs: The folder of Hydra's flag `--config-dir`, whose options are known too.

    Returns:
        Group and option of each.
    """
    unknown = []
    for text in overrides:
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException:  # as composing it will tell
            continue
        if override.is_delete() or isinstance(override.value(), dict | IntervalSweep | Glob):
            continue
        group = override.key_or_group
        if group.partition("/")[0] not in list_groups() or not list_options(group):
            continue
        known = () if own_configs is None else list_options(group, own_configs)
        names = [name for name in list_names(override) if name not in known]
        unknown += [(group, name) for name in names if not has_option(group, name)]
    return unknown


def list_names(override: Override) -> list[str]:
    """List the options that an override chooses, those of a sweep and of a list one by one."""
    value = override.value()
    values = value.list if isinstance(value, ChoiceSweep) else value if isinstance(value, list) else [value]
    names = [value.text if isinstance(value, QuotedString) else value for value in values]
    return ["null" if name is None else str(name) for name in names]


def has_option(group: str, name: str) -> bool:
    """Return whether a group has an option; for `experiment`, null or a file added by `add_recipe`."""
    return name in list_options(group) or (group == RECIPES and (name == "null" or name in _TAKEN_IN))


def to_typed(config: DictConfig) -> Any:  # noqa: ANN401  # the dataclass depends on the verb
    """Turn a checked configuration into the dataclasses of `schema`, with nothing left to resolve.

    Raises:
        ConfigError: If batches do not go with the devices of this machine, where it is asked for them.
    """
    typed = OmegaConf.to_object(expand_paths(config))
    return settle(typed, os.environ) if isinstance(typed, schema.TrainConfig) else typed


def innermost_reason(error: BaseException) -> str:
    """Return the innermost reason of an error of Hydra's, on one line; of a renamed key, its new name."""
    while error.__cause__ is not None:
        error = error.__cause__
    key = getattr(error, "full_key", None)
    if key is not None and key in RENAMED:
        return explain_renamed(key)
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
