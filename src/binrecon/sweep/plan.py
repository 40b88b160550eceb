"""A sweep as parsed from its command line: search space, fixed settings and identity."""

import shlex
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from binrecon.config.compose import chosen_options, to_typed
from binrecon.config.problems import explain_comma
from binrecon.config.run_keys import PLACE_KEYS
from binrecon.config.schema import TrainConfig
from binrecon.config.search_space import SearchSpace, SweepWords, Value, build_space, sort_words
from binrecon.config.stored.recipes import take_in_recipes
from binrecon.config.sweep import SweepConfig, SweepSettings
from binrecon.config.trials import check_space, compose_checked, compose_trial, write_words
from binrecon.errors import ConfigError
from binrecon.masking import hide_text
from binrecon.sweep.place import Place

_OF_A_RUN = ("resume", "hydra")
_OF_A_MACHINE = (
    "data.workers",
    "trainer.name",
    "trainer.accelerator",
    "trainer.devices",
    "trainer.nodes",
    "trainer.accumulate",
    "trainer.is_deterministic",
)
_OF_THE_BINS = (
    "source*",
    "data",
    "data.split",
    "data.split_seed",
    "data.val_fraction",
    "data.test_fraction",
    "data.train_share",
    "data.min_count",
    "data.max_count",
    "data.above_range",
    "data.counts_from",
    "data.labels",
)
_NOT_SEARCHED = {
    "seed": "would find the luckiest; the winner is trained on sweep.final_seeds others",
    "monitor": "is the first of sweep.objectives",
    "experiment": "holds many values at once; search its keys",
    **dict.fromkeys(_OF_THE_BINS, "changes the bins, which trials share"),
    **dict.fromkeys(PLACE_KEYS, "says where things lie, not what comes of them"),
    **dict.fromkeys(_OF_A_MACHINE, "changes how trials run, not what comes of them"),
    "trainer": "changes how trials run, not what comes of them",
    "trainer.max_epochs": "is the length of all trials, by which they are compared and pruned",
}
_ELSEWHERE = (*PLACE_KEYS, *_OF_A_MACHINE, "source.root")
"""Keys that may differ between workers of one study."""


class Plan:
    """A sweep, read from the command line and checked.

    Args:
        words: Overrides of the command line.

    Raises:
        ConfigError: With all problems.
    """

    def __init__(self, words: Sequence[str]) -> None:
        said = sort_words(take_in_recipes(words))
        self.settings = _read_settings(said.sweep)
        self.words_of_space, self.left_out = _gather_space(self.settings, said)
        self.fixed = list(said.fixed)
        if not any(word.startswith("monitor=") for word in self.fixed):
            self.fixed.append(f"monitor={self.settings.objectives[0]}")
        self.space: SearchSpace = build_space(self.words_of_space)
        check_space(self.fixed, self.space)
        self.name = self.settings.study or self._make_name(said)
        self._group_in_wandb()
        self.base: DictConfig = compose_trial(self.fixed, {})
        self.config: TrainConfig = to_typed(self.base)
        self.place = Place(Path(self.config.output_root) / "sweeps" / self.name)
        self.command = hide_text(shlex.join(["binrecon", "sweep", *words]))

    def _make_name(self, said: SweepWords) -> str:
        sweep = chosen_options("sweep", said.sweep)["sweep"]
        options = chosen_options("train", self.fixed)
        parts = [sweep, *(options[group] for group in ("model", "optimizer") if group not in self.space)]
        return "-".join(str(part) for part in parts)

    def _group_in_wandb(self) -> None:
        """Group the runs of a study in W&B, if they are logged there."""
        given = {word.partition("=")[0] for word in self.fixed}
        if chosen_options("train", self.fixed)["logger"] == "wandb" and "logger.group" not in given:
            self.fixed.append(f"logger.group={self.name}")

    def compose(self, values: Mapping[str, Value]) -> tuple[TrainConfig, list[str]]:
        """Compose the configuration of a trial; return it with its overrides."""
        return to_typed(compose_trial(self.fixed, values)), [*self.fixed, *write_words(values)]

    def identity(self) -> dict[str, Any]:
        """Return the identity of the study: space, objectives, and the settings that its trials share."""
        plain = OmegaConf.to_container(self.base, resolve=True)
        flat = {
            key: value
            for key, value in _flatten(plain).items()
            if not any(key == left or key.startswith(f"{left}.") for left in (*_ELSEWHERE, *self.space))
        }
        return {
            **flat,
            "sweep.objectives": list(self.settings.objectives),
            **{f"sweep.space.{key}": words for key, words in self.words_of_space.items()},
        }


def _read_settings(words: Sequence[str]) -> SweepSettings:
    config: SweepConfig = to_typed(compose_checked("sweep", words))
    return config.sweep


def _gather_space(settings: SweepSettings, said: SweepWords) -> tuple[dict[str, str], list[str]]:
    """Return the search space: the file's keys, overridden by those of the command line."""
    space = {**settings.space, **said.searched}
    given = {word.partition("=")[0].lstrip("+") for word in said.fixed}
    left_out = [f"{key} is given, so it is not searched" for key in space if key in given]
    space = {key: words for key, words in space.items() if key not in given}
    problems = [
        f"{key}: cannot be searched, for it {reason}{explain_comma(key, space[key])}"
        for key in space
        for barred, reason in _NOT_SEARCHED.items()
        if fnmatchcase(key, barred)
    ]
    if "val/loss" in settings.objectives and any(key.partition(".")[0] == "loss" for key in space):
        problems.append(
            "sweep.objectives: val/loss is on another scale for each loss; use for instance val/nll"
        )
    problems += [
        f"{key}: belongs to a run, not to a sweep"
        for key in sorted(given)
        if key.partition(".")[0] in _OF_A_RUN
    ]
    if not space:
        problems.append(
            "sweep.space: empty; search a key, for instance 'optimizer.lr=tag(log, interval(1e-4, 1e-1))'"
        )
    if problems:
        raise ConfigError(problems)
    return space, left_out


def _flatten(node: Any, prefix: str = "") -> dict[str, Any]:  # noqa: ANN401  # a tree of plain values
    if not isinstance(node, dict):
        return {prefix.removesuffix("."): node}
    return {
        key: value
        for name, branch in node.items()
        for key, value in _flatten(branch, f"{prefix}{name}.").items()
    }
