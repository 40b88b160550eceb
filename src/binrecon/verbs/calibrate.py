"""`binrecon calibrate`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from binrecon.verbs.loading import loading
from binrecon.verbs.verb import Verb

if TYPE_CHECKING:
    from pathlib import Path

    from omegaconf import DictConfig


def _calibrate(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb, word_to_run

    run_verb("calibrate", word_to_run(words), _calibrate_once)


def _calibrate_once(config: "DictConfig", run_dir: "Path", overrides: Sequence[str]) -> None:
    with loading():
        from binrecon.config.compose import to_typed
        from binrecon.training.recalibrate import calibrate

    calibrate(to_typed(config))


VERB = Verb(
    "make a run's probabilities honest, where it has no calibration or is to have another",
    _calibrate,
    (
        "outputs/train/2026-11-23_12-00-00_000000",
        "outputs/train/2026-11-23_12-00-00_000000 method=vector",
    ),
    words="RUN_FOLDER ",
)
