"""`binrecon features`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from binrecon.verbs.verb import Verb

if TYPE_CHECKING:
    from pathlib import Path

    from omegaconf import DictConfig


def _features(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb

    first, *rest = words or ("ls",)
    given = [first if "=" in first or first.startswith("-") else f"action={first}", *rest]
    run_verb("features", given, _features_once)


def _features_once(config: "DictConfig", run_dir: "Path", overrides: Sequence[str]) -> None:
    from binrecon.config.compose import to_typed
    from binrecon.features.command import features

    features(to_typed(config))


VERB = Verb(
    "list, check or remove what is cached: features, counts, file facts",
    _features,
    ("ls", "verify", "prune unused_days=7"),
)
