from pathlib import Path

import pytest

from binrecon.config.compose import compose_config, config_dir, list_options
from binrecon.config.stored.files import read_yaml
from binrecon.config.stored.recipes import find_recipe_problems, take_in_recipes
from binrecon.config.trials import compose_checked
from binrecon.errors import ConfigError

SOURCE = "source=synthetic"


def problems_with(path: Path, text: str) -> tuple[str, ...]:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        compose_checked("train", [SOURCE, *take_in_recipes([f"experiment={path}"])])
    return caught.value.problems


@pytest.mark.parametrize("name", list_options("experiment"))
def test_shipped_recipes_hold_nothing_else(name: str) -> None:
    assert list(find_recipe_problems(read_yaml(config_dir() / "experiment" / f"{name}.yaml"))) == []


@pytest.mark.parametrize("name", ["r.yaml", "a b/x=é,'.yaml", "a,b.yaml"])
def test_take_in_recipes__any_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "# @package _global_\ndefaults:\n  - override /optimizer: sgd\n  - _self_\noptimizer:\n  lr: 1e-4\n"
    )
    quoted = "'" + str(path).replace("'", "\\'") + "'"
    for word in (f"experiment={quoted}", f"+experiment@_global_={quoted}", f"experiment=[{quoted},best]"):
        config = compose_config("train", take_in_recipes([SOURCE, word]))
        assert config.optimizer.lr == (1e-3 if "best" in word else 1e-4)
    monkeypatch.chdir(tmp_path.parent)
    (word,) = take_in_recipes([f"experiment={quoted}"])
    assert str(tmp_path) in word


def test_take_in_recipes__the_file_named_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hydra looks for a relative path below `configs/` before it asks what was taken in."""
    path = tmp_path / "r.yaml"
    path.write_text("optimizer: {lr: 0.25}\n")
    relative = Path("../" * 20) / path.relative_to("/")
    monkeypatch.chdir("/")
    assert compose_config("train", take_in_recipes([f"experiment={relative}"])).optimizer.lr == 0.25
    with pytest.raises(ConfigError, match="no such option"):
        compose_config("train", [f"experiment={relative}"])
    with pytest.raises(ConfigError, match="no such option"):
        compose_config("train", [f"experiment={relative.with_suffix('')}"])
    with pytest.raises(ConfigError, match="no such option"):
        compose_config("train", [f"+experiment/stanford={relative.with_suffix('')}"])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("hydra: {callbacks: {x: {_target_: sympy.sympify, a: b}}}", "hydra: a recipe cannot set it"),
        ("optimizer: {_target_: os.system}", "optimizer._target_: not the name of a key"),
        ("source: {faults: {_partial_: true}}", "source.faults._partial_: not the name of a key"),
        (
            "output_root: ${oc.env:AWS_SECRET_ACCESS_KEY}",
            "output_root: '${oc.env:AWS_SECRET_ACCESS_KEY}' is not",
        ),
        ("monitor: ${now:%Y}", "monitor: '${now:%Y}' is not allowed"),
        ("optimizer: {lrr: 1}", "optimizer.lrr: unknown key"),
        ("sedd: 1", "sedd: a recipe cannot set it"),
        ("sweep: {trials: 1}", "sweep: a recipe cannot set it"),
        ("defaults: 3", "defaults: must be a list"),
        ("defaults: [best]", "defaults: 'best' is not allowed"),
        ("defaults: [/experiment: /tmp/x]", "defaults: '/experiment' is not allowed"),
        ("defaults: [/experiment/../../x]", "defaults: '/experiment/../../x' is not allowed"),
        ("defaults: [{override /experiment: best}]", "defaults: 'override /experiment' is not allowed"),
        (
            "defaults: [{override /optimizer: ../../../tmp/x}]",
            "defaults: optimizer: ../../../tmp/x: no such option",
        ),
        (
            "defaults: [{override /optimizer@data: sgd}]",
            "defaults: 'override /optimizer@data' is not allowed",
        ),
        ("defaults: [{override hydra/launcher: x}]", "defaults: 'override hydra/launcher' is not allowed"),
    ],
)
def test_take_in_recipes__no_more_than_plain_values(text: str, key: str, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        take_in_recipes([f"experiment={path}"])
    (problem,) = caught.value.problems
    assert problem.startswith(f"experiment: '{path}': {key}")


def test_compose_checked__every_wrong_key_of_a_recipe_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    assert problems_with(path, "optimizer: {lr: abc, momentum: 1}\nseed: x\n") == (
        f"experiment={path}: optimizer.lr: Value 'abc' of type 'str' could not be converted to Float",
        f"experiment={path}: optimizer.momentum: Key 'momentum' not in 'AdamConfig'",
        f"experiment={path}: seed: Value 'x' of type 'str' could not be converted to Integer",
    )
    assert problems_with(path, "seed: ${data.split_seed}\ndata: {split_seed: '${seed}', batch_size: 0}") == (
        "data.split_seed: Recursive interpolation detected",
        "seed: Recursive interpolation detected",
        "data.batch_size: must be at least 1, got 0",
    )
