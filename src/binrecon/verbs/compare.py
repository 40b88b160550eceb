"""`binrecon compare`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from binrecon.verbs.verb import Verb

if TYPE_CHECKING:
    from pathlib import Path

    from omegaconf import DictConfig


def _compare(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb, words_to_compare

    run_verb("compare", words_to_compare(words), _compare_once)


def _compare_once(config: "DictConfig", run_dir: "Path", overrides: Sequence[str]) -> None:
    from binrecon.compare.command import compare
    from binrecon.config.compose import to_typed

    compare(to_typed(config), run_dir)


VERB = Verb(
    "rank runs, and say which differences are more than chance",
    _compare,
    (
        "outputs/train",
        "outputs/multirun/2026-11-23_12-00-00_000000 outputs/train metric=rmse",
        "outputs/train group_by=[model,optimizer,head]",
        "runs/old runs/new allow_mixed=true output_dir=outputs/old_and_new",
    ),
    words="RUN_FOLDER ... ",
)
