"""`binrecon train`, which is `python train.py`."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from binrecon.verbs.loading import loading
from binrecon.verbs.verb import Verb

if TYPE_CHECKING:
    from pathlib import Path

    from omegaconf import DictConfig


def _train(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb
    from binrecon.training.distributed.place import find_place, words_of_job
    from binrecon.training.run_folder import words_to_resume

    words = words_of_job(words_to_resume(words), find_place(os.environ))
    folders = run_verb("train", words, _train_once)
    if len(folders) > 1:
        sys.stdout.write(f"{len(folders)} runs; rank them with: binrecon compare {folders[0].parent}\n")


def _train_once(config: "DictConfig", run_dir: "Path", overrides: Sequence[str]) -> float | None:
    with loading():
        from binrecon.config.compose import to_typed
        from binrecon.training.distributed.place import find_place
        from binrecon.training.run import train
        from binrecon.training.run_folder import RunFolder

    return train(to_typed(config), RunFolder(run_dir), overrides, place=find_place(os.environ))


VERB = Verb(
    "train a counter and test it; `binrecon sweep` searches for good hyper-parameters",
    _train,
    (
        "experiment=quickstart",
        "source.root=data/abid model=resnet50 optimizer=adam",
        "source.root=data/abid model=resnet18,resnet34 optimizer=sgd,sgdr,adam --multirun",
        "source.root=data/abid model=resnet50 optimizer=sgd,adam logger=wandb --multirun",
        "resume=outputs/train/2026-11-23_12-00-00_000000 trainer.max_epochs=30",
    ),
)
