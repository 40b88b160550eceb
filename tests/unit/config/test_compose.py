from pathlib import Path

import pytest

from binrecon.config import schema
from binrecon.config.compose import (
    SCHEMAS,
    compose_config,
    config_dir,
    list_groups,
    list_options,
    to_typed,
)
from binrecon.config.validate import validate

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
    assert isinstance(config.source, schema.SyntheticSourceConfig)
    assert isinstance(config.optimizer, schema.SGDRConfig)
    assert config.model.backbone == "resnet34.tv_in1k"


def test_schemas_are_nobodys_option() -> None:
    assert "schema" not in list_groups()
    assert all(
        (config_dir() / name.partition("/")[0]).is_dir() or (config_dir() / f"{name}.yaml").exists()
        for name in SCHEMAS
    )
