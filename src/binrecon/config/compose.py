"""From YAML files and overrides to a typed configuration."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from binrecon.config import cloud_settings, export, schema
from binrecon.config.apply import ApplyConfig
from binrecon.config.calibrate import CalibrateConfig
from binrecon.config.compare import CompareConfig
from binrecon.config.credentials import find_credentials_in
from binrecon.config.evaluation import EvaluateConfig
from binrecon.config.features import FeaturesConfig
from binrecon.config.fetch import FetchConfig
from binrecon.config.home import expand_home, expand_paths, quote_where_needed
from binrecon.config.reconcile import ReconcileConfig
from binrecon.config.reproduce import ReproduceConfig
from binrecon.config.show import ShowConfig
from binrecon.config.sweep import SweepConfig, SweepSettings
from binrecon.config.trainer_words import settle
from binrecon.errors import ConfigError

SCHEMAS: dict[str, type[Any]] = {
    "train": schema.TrainConfig,
    "show": ShowConfig,
    "fetch": FetchConfig,
    "features": FeaturesConfig,
    "calibrate": CalibrateConfig,
    "sweep": SweepConfig,
    "sweep/settings": SweepSettings,
    "compare": CompareConfig,
    "evaluate": EvaluateConfig,
    "reconcile": ReconcileConfig,
    "export": export.ExportConfig,
    "launch": cloud_settings.LaunchConfig,
    "cloud/sagemaker": cloud_settings.SageMakerConfig,
    "apply": ApplyConfig,
    "reproduce": ReproduceConfig,
    "data": schema.DataConfig,
    "model": schema.ModelConfig,
    "trainer": schema.TrainerConfig,
    "callbacks": schema.CallbacksConfig,
    "source/abid": schema.AbidSourceConfig,
    "source/local": schema.LocalSourceConfig,
    "source/synthetic": schema.SyntheticSourceConfig,
    "regime/frozen": schema.FrozenRegimeConfig,
    "regime/full": schema.FullRegimeConfig,
    "regime/gradual": schema.GradualRegimeConfig,
    "regime/phased": schema.PhasedRegimeConfig,
    "head/linear": schema.LinearHeadConfig,
    "head/mlp": schema.MlpHeadConfig,
    "head/coral": schema.CoralHeadConfig,
    "head/corn": schema.CornHeadConfig,
    "loss/cross_entropy": schema.CrossEntropyConfig,
    "loss/soft_labels": schema.SoftLabelsConfig,
    "loss/cumulative": schema.CumulativeConfig,
    "loss/corn": schema.CornConfig,
    "features/kept": schema.KeptFeaturesConfig,
    "logger/csv": schema.CsvLoggerConfig,
    "logger/none": schema.NoLoggerConfig,
    "logger/wandb": schema.WandbLoggerConfig,
    "optimizer/sgd": schema.SGDConfig,
    "optimizer/sgdr": schema.SGDRConfig,
    "optimizer/adam": schema.AdamConfig,
    "optimizer/adamw": schema.AdamWConfig,
}
"""The dataclass behind each `/schema/NAME@_here_` of `configs/`."""

RECIPES = "experiment"
"""The group whose options may also be files elsewhere."""

RECIPE_SUFFIX = ".yaml"

GROUPS_OF_KINDS = ("source", "regime", "head", "loss", "optimizer", "logger")
"""The groups whose options have a schema each."""


def config_dir() -> Path:
    """Return the folder of the YAML files: beside the package when installed, or that of the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parents[1] / "configs"


def register_schemas() -> None:
    """Make the schemas known to Hydra, in a group of their own so that they are nobody's option.

    So is `expand_home`, for the folders that Hydra makes itself.
    """
    OmegaConf.register_new_resolver("expand_home", expand_home, replace=True)
    store = ConfigStore.instance()
    for name, node in SCHEMAS.items():
        group, _, leaf = f"schema/{name}".rpartition("/")
        store.store(group=group, name=leaf, node=node)


def list_options(group: str) -> tuple[str, ...]:
    """List the words that `group=` takes, sorted."""
    return tuple(
        sorted(
            path.relative_to(config_dir() / group).with_suffix("").as_posix()
            for path in (config_dir() / group).rglob("*.yaml")
        )
    )


def list_groups() -> tuple[str, ...]:
    """List the config groups, sorted."""
    return tuple(sorted(path.name for path in config_dir().iterdir() if path.is_dir()))


def compose_config(config_name: str, overrides: Sequence[str] = ()) -> DictConfig:
    """Compose a configuration as the command line would, without starting a run.

    Raises:
        ConfigError: If it cannot be composed, with Hydra's reason; `find_problems` explains it better.
    """
    register_schemas()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        try:
            return expand_paths(compose(config_name, list(overrides)))
        except (HydraException, OmegaConfBaseException) as error:
            raise ConfigError([innermost_reason(error)]) from error


def chosen_options(config_name: str, overrides: Sequence[str]) -> dict[str, str | None]:
    """Return the option that each group has after some overrides, `hydra`'s own groups left out."""
    register_schemas()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        choices = compose(config_name, list(overrides), return_hydra_config=True).hydra.runtime.choices
    return {str(group): word for group, word in choices.items() if group in list_groups()}


def take_in_recipes(words: Sequence[str]) -> list[str]:
    """Make recipes known that lie outside `configs/`: `experiment=PATH.yaml`.

    Returns:
        The words, with each such path relative to the current folder, as Hydra needs it.

    Raises:
        ConfigError: If there is no such file, or it is none of YAML.
    """
    taken, problems = [], []
    for word in words:
        paths = _recipes_of(word)
        problems += [problem for path in paths for problem in _take_in(path)]
        taken.append(f"{RECIPES}={','.join(map(quote_where_needed, paths))}" if paths else word)
    if problems:
        raise ConfigError(problems)
    return taken


def _recipes_of(word: str) -> list[str]:
    """Return the paths of the recipes that a word chooses, relative to the current folder."""
    try:
        override = OverridesParser.create().parse_override(word)
    except HydraException:  # the word is none; others say so
        return []
    if override.key_or_group != RECIPES or override.is_delete() or override.value() is None:
        return []
    is_sweep = override.is_sweep_override()
    values = [str(v) for v in override.sweep_string_iterator()] if is_sweep else [str(override.value())]
    if not all(value.strip("'\" ").endswith(RECIPE_SUFFIX) for value in values):
        return []
    plain = (
        [OverridesParser.create().parse_override(f"{RECIPES}={v}").value() for v in values]
        if is_sweep
        else values
    )
    return [os.path.relpath(expand_home(str(path))) for path in plain]


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
    yield from (f"{path}: {p}" for p in find_credentials_in(OmegaConf.to_container(node)))
    group, _, name = f"{RECIPES}/{path}".rpartition("/")
    name = name.removesuffix(RECIPE_SUFFIX)
    ConfigStore.instance().store(group=group, name=name, node=node, package="_global_")


def to_typed(config: DictConfig) -> Any:  # noqa: ANN401  # the dataclass depends on the verb
    """Turn a checked configuration into the dataclasses of `schema`, with nothing left to resolve.

    Raises:
        ConfigError: If batches do not go with the devices of this machine, where it is asked for them.
    """
    typed = OmegaConf.to_object(expand_paths(config))
    return settle(typed, os.environ) if isinstance(typed, schema.TrainConfig) else typed


def load_resolved(path: Path) -> schema.TrainConfig:
    """Read a `config.yaml` that a run wrote, and give it its types back.

    Raises:
        ConfigError: If it is not such a file, or of a version with other keys.
    """
    plain = cast(DictConfig, OmegaConf.load(path))
    typed = OmegaConf.structured(schema.TrainConfig)
    try:
        for group in GROUPS_OF_KINDS:
            typed[group] = OmegaConf.structured(SCHEMAS[f"{group}/{plain[group].name}"])
        return cast(schema.TrainConfig, OmegaConf.to_object(OmegaConf.merge(typed, plain)))
    except (OmegaConfBaseException, KeyError, TypeError) as error:
        raise ConfigError(
            [f"{path}: not a configuration that this version wrote ({innermost_reason(error)})"]
        ) from error


def innermost_reason(error: BaseException) -> str:
    """Return the innermost reason of an error of Hydra's, on one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
