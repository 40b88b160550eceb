from dataclasses import asdict
from pathlib import Path

import pytest
from omegaconf import MISSING, OmegaConf

from binrecon.config import schema
from binrecon.config.compose import (
    COMMANDS,
    PRESETS,
    chosen_options,
    compose_config,
    config_dir,
    list_groups,
    list_options,
    to_typed,
)
from binrecon.config.stored.run_config import load_resolved
from binrecon.config.validate import validate
from binrecon.errors import ConfigError
from binrecon.optim.optimizers.sgdr import SGDRConfig
from binrecon.optim.schedules.warm_restarts import WarmRestartsConfig
from binrecon.sources.synthetic.options import SyntheticSourceConfig

EVERY_OPTION = [
    (group, option)
    for group in list_groups()
    if group not in ("experiment",)
    for option in list_options(group)
]
REQUIRED = {
    ("model", "timm"): "model.backbone=resnet18",
    ("head", "coral"): "loss=cumulative",
    ("head", "corn"): "loss=corn",
    ("loss", "corn"): "head=corn",
    ("trainer", "fsdp"): "regime=full",
}


@pytest.mark.parametrize(("group", "option"), EVERY_OPTION)
def test_every_option_composes_and_validates(group: str, option: str, tiny_bins: Path) -> None:
    if group == "sweep":  # of the verb `sweep`, whose other words are those of `train`
        validate(compose_config("sweep", [f"sweep={option}"]))
        return
    if group == "cloud":  # of the verb `launch`, in the same way
        validate(compose_config("launch", [f"cloud={option}", "do=ls", "cloud.region=us-east-1"]))
        return
    source = [] if group == "source" else ["source=local"]
    words = [*source, f"{group}={option}", f"++source.root={tiny_bins}"]
    required = REQUIRED.get((group, option))
    config = compose_config("train", words if required is None else [*words, required])
    validate(config)
    assert isinstance(to_typed(config), schema.TrainConfig)


@pytest.mark.parametrize("recipe", list_options("experiment"))
def test_every_recipe_composes_and_validates(recipe: str, tiny_bins: Path) -> None:
    validate(compose_config("train", [f"experiment={recipe}", f"source.root={tiny_bins}"]))


@pytest.mark.parametrize("path", sorted(config_dir().rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_says_what_it_is(path: Path) -> None:
    lines = path.read_text().splitlines()
    comments = [line for line in lines[:2] if line.startswith("# ") and "@package" not in line]
    assert comments, f"{path} does not start with a comment"


def test_words_choose_schemas() -> None:
    config = to_typed(compose_config("train", ["source=synthetic", "optimizer=sgdr", "model=resnet34"]))
    assert isinstance(config.source, SyntheticSourceConfig)
    assert isinstance(config.optimizer, SGDRConfig)
    assert isinstance(config.schedule, WarmRestartsConfig)
    assert config.model.backbone == "resnet34.tv_in1k"


def test_schemas_are_nobodys_option() -> None:
    assert "schema" not in list_groups()
    assert all((config_dir() / f"{name}.yaml").exists() for name in COMMANDS)


@pytest.mark.parametrize(
    ("words", "schedule"),
    [
        ([], "constant"),
        (["optimizer=sgd"], "step"),
        (["optimizer=sgdr"], "warm_restarts"),
        (["optimizer=sgdr", "schedule=cosine"], "cosine"),
        (["schedule=step"], "step"),
        (["experiment=best", "optimizer=sgd"], "cosine"),
        (["experiment=quickstart", "optimizer=sgd"], "step"),
    ],
)
def test_schedule__is_the_optimizers_own_unless_another_is_given(words: list[str], schedule: str) -> None:
    config = compose_config("train", words)
    assert config.schedule.name == schedule
    assert chosen_options("train", words)["schedule"] == schedule


def test_defaults_are_written_once() -> None:
    """No file of a group gives a value that its preset has anyway."""
    for path, preset in PRESETS.items():
        group = path.split("/")[0]
        defaults = asdict(preset())
        for file in (config_dir() / group).glob("*.yaml"):
            given = OmegaConf.load(file)
            repeated = [key for key, value in given.items() if defaults.get(key, MISSING) == value]
            assert repeated == [], file


def test_load_resolved__gives_types_back(tmp_path: Path) -> None:
    words = ["source=synthetic", "optimizer=sgd", "head=mlp", "loss=soft_labels"]
    config = to_typed(compose_config("train", words))
    OmegaConf.save(OmegaConf.structured(config), tmp_path / "config.yaml")
    assert load_resolved(tmp_path / "config.yaml") == config


def test_load_resolved__another_version(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("source: {name: local}\noptimizer: {name: lion}\n")
    with pytest.raises(
        ConfigError, match=r"optimizer\.name: must be one of sgd, sgdr, adam, adamw, got lion"
    ):
        load_resolved(path)


def test_load_resolved__with_the_names_of_an_earlier_version(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "optimizer: {name: adam, schedule: cosine, warmup_epochs: 1.0}\nhead: {starts_at_prior: true}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_resolved(path)
    assert caught.value.problems == (
        f"'{path}': an earlier version wrote it, with other names: optimizer.schedule: is now called schedule; give "
        "schedule=VALUE; optimizer.warmup_epochs: is now called schedule.warmup_epochs; give "
        "schedule.warmup_epochs=VALUE; head.starts_at_prior: is now called head.init_bias_from_prior; give "
        "head.init_bias_from_prior=VALUE; this version of binrecon did not write it, or it was changed since: "
        "put back a copy of it",
    )
