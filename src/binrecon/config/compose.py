"""From YAML files and overrides to a typed configuration."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from binrecon.config import cloud_settings, export, schema
from binrecon.config.apply import ApplyConfig
from binrecon.config.calibrate import CalibrateConfig
from binrecon.config.compare import CompareConfig
from binrecon.config.evaluation import EvaluateConfig
from binrecon.config.features import FeaturesConfig
from binrecon.config.fetch import FetchConfig
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


def config_dir() -> Path:
    """Return the folder of the YAML files: beside the package when installed, or that of the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parents[1] / "configs"


def register_options() -> None:
    """Make the options of all groups known to Hydra, and the schemas in a group that is nobody's option."""
    store = ConfigStore.instance()
    for name, node in COMMANDS.items():
        store.store(group="schema", name=name, node=node)
    for group in list_groups():
        for name, node in typed_options(group).items():
            store.store(group=group, name=name, node=node)
    for alias, schedule in list_default_schedules().items():
        store.store(group="schedule", name=alias, node=find_part("schedule", schedule))


def list_options(group: str) -> tuple[str, ...]:
    """List the options that `group=` takes, sorted: the parts of its room, and its files."""
    files = (
        path.relative_to(config_dir() / group).with_suffix("").as_posix()
        for path in (config_dir() / group).rglob("*.yaml")
    )
    return tuple(sorted({*typed_options(group), *files}))


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
    register_options()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        try:
            return compose(config_name, list(overrides))
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


def take_in_recipes(words: Sequence[str]) -> list[str]:
    """Make recipes known that lie outside `configs/`: `experiment=PATH.yaml`.

    Returns:
        The words, with each such path relative to the current folder, as Hydra needs it.

    Raises:
        ConfigError: If there is no such file, or it is none of YAML.
    """
    taken, problems = [], []
    for word in words:
        key, _, value = word.partition("=")
        if key != RECIPES or not value.endswith(RECIPE_SUFFIX):
            taken.append(word)
            continue
        paths = [os.path.relpath(Path(path.strip("'\" ")).expanduser()) for path in value.split(",")]
        problems += [problem for path in paths for problem in _take_in(path)]
        taken.append(f"{key}={','.join(paths)}")
    if problems:
        raise ConfigError(problems)
    return taken


def _take_in(path: str) -> Iterator[str]:
    try:
        node = OmegaConf.load(path)
    except OSError as error:
        yield (
            f"{RECIPES}: '{path}' cannot be read ({error.strerror}); give the path of a recipe, "
            f"or one of {', '.join(list_options(RECIPES))}"
        )
        return
    except YAMLError as error:
        yield f"{RECIPES}: '{path}' is not YAML ({str(error).splitlines()[0]})"
        return
    group, _, name = f"{RECIPES}/{path}".rpartition("/")
    name = name.removesuffix(RECIPE_SUFFIX)
    ConfigStore.instance().store(group=group, name=name, node=node, package="_global_")


def to_typed(config: DictConfig) -> Any:  # noqa: ANN401  # the dataclass depends on the verb
    """Turn a checked configuration into the dataclasses of `schema`, with nothing left to resolve.

    Raises:
        ConfigError: If batches do not go with the devices of this machine, where it is asked for them.
    """
    typed = OmegaConf.to_object(config)
    return settle(typed, os.environ) if isinstance(typed, schema.TrainConfig) else typed


def load_resolved(path: Path) -> schema.TrainConfig:
    """Read a `config.yaml` that a run wrote, and give it its types back.

    Raises:
        ConfigError: If it is not such a file, or of a version with other keys.
    """
    plain = cast(DictConfig, OmegaConf.load(path))
    if renamed := [key for key in RENAMED if OmegaConf.select(plain, key) is not None]:
        named = "; ".join(explain_renamed(key) for key in renamed)
        raise ConfigError([f"{path}: an earlier version wrote it, with other names ({named}); train it anew"])
    typed = OmegaConf.structured(schema.TrainConfig)
    try:
        for group in ROOMS:
            typed[group] = OmegaConf.structured(find_part(group, plain[group].name))
        return cast(schema.TrainConfig, OmegaConf.to_object(OmegaConf.merge(typed, plain)))
    except (OmegaConfBaseException, ConfigError, KeyError, TypeError) as error:
        raise ConfigError(
            [f"{path}: not a configuration that this version wrote ({innermost_reason(error)})"]
        ) from error


def innermost_reason(error: BaseException) -> str:
    """Return the innermost reason of an error of Hydra's, on one line; of a renamed key, its new name."""
    while error.__cause__ is not None:
        error = error.__cause__
    key = getattr(error, "full_key", None)
    if key is not None and key in RENAMED:
        return explain_renamed(key)
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
