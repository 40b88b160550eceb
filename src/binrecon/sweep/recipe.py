"""The winner of a study, as a recipe that `python train.py experiment=PATH` accepts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from binrecon.config.compose import RECIPES, chosen_options, compose_config
from binrecon.config.run_keys import PLACE_KEYS, SEED_KEY
from binrecon.whole_file import write_text

_LEFT_OUT = (*PLACE_KEYS, SEED_KEY, RECIPES, "monitor")
"""Keys of a run that are no result of the search; `monitor` is written last."""


def write_recipe(path: Path, words: Sequence[str], remarks: Sequence[str]) -> None:
    """Write overrides of `train` as a recipe.

    Args:
        path: File of the recipe.
        words: Overrides, as given to a run.
        remarks: Lines of comment at its head.
    """
    chosen = {group: word for group, word in chosen_options("train", words).items() if group not in _LEFT_OUT}
    given, resolved = _plain(words), _plain(words, resolve=True)
    base = _plain([f"{group}={word}" for group, word in chosen.items()])
    recipe = {
        "defaults": [{f"override /{group}": word} for group, word in sorted(chosen.items())],
        **{key: value for key, value in _differing(given, base, resolved).items() if key not in _LEFT_OUT},
        "monitor": resolved["monitor"],
    }
    head = "\n".join(["# @package _global_", *(f"# {remark}" for remark in remarks)])
    write_text(path, f"{head}\n{OmegaConf.to_yaml(OmegaConf.create(recipe))}")


def _plain(words: Sequence[str], *, resolve: bool = False) -> dict[str, Any]:
    config = OmegaConf.to_container(compose_config("train", words), resolve=resolve)
    assert isinstance(config, dict)  # noqa: S101  # it always is
    return {str(key): value for key, value in config.items()}


def _differing(
    given: Mapping[str, Any], base: Mapping[str, Any], resolved: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the keys of one dictionary whose values differ in another, without equal branches.

    Their values are resolved: a recipe holds none that come from the environment.
    """
    differing = {}
    for key, value in given.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), Mapping):
            if branch := _differing(value, base[key], resolved[key]):
                differing[key] = branch
        elif key not in base or value != base[key]:
            differing[key] = resolved[key]
    return differing
