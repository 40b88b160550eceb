"""The folder that a run leaves behind: what is in it, under which name."""

import importlib.metadata
import json
import os
import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from binrecon.config.problems import parse_word
from binrecon.config.schema import TrainConfig
from binrecon.config.trials import write_word
from binrecon.errors import CheckpointError
from binrecon.whole_file import write_json, write_text

_PACKAGES = (
    "binrecon", "torch", "torchvision", "torchcodec", "pytorch-lightning", "torchmetrics", "timm", "wandb",
    "hydra-core", "omegaconf", "numpy", "pillow", "pandas", "pyarrow",
)  # fmt: skip


COMMIT_VARIABLE = "BINRECON_COMMIT"
"""Environment variable with commit and dirty flag as JSON, where code was sent without its checkout."""


class RunFolder:
    """Names of what a run leaves behind.

    Args:
        path: The folder; made when first written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.facts = path / "run.json"
        self.manifest = path / "manifest.parquet"
        self.history = path / "metrics.csv"
        self.metrics = path / "metrics.json"
        self.predictions = path / "predictions.parquet"
        self.val_predictions = path / "val_predictions.parquet"  # where others are judged
        self.calibration = path / "calibration.json"
        self.checkpoints = path / "checkpoints"
        self.best_checkpoint = self.checkpoints / "best.ckpt"
        self.last_checkpoint = self.checkpoints / "last.ckpt"
        self.plots = path / "plots"
        self.frozen_part = self.checkpoints / "backbone.ckpt"
        self.needed_to_train = (
            self.facts, self.manifest, self.frozen_part, self.last_checkpoint,
            self.best_checkpoint,
        )  # fmt: skip
        self.error = path / "error.txt"  # of a trial of a sweep that failed

    def write_config(self, config: TrainConfig) -> None:
        """Write the configuration with nothing left to resolve."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_text(self.config, OmegaConf.to_yaml(OmegaConf.structured(config)))

    def read_facts(self) -> dict[str, Any]:
        """Read `run.json`; empty if there is none."""
        return dict(json.loads(self.facts.read_text())) if self.facts.exists() else {}

    def is_left_by(self, job: str | None) -> bool:
        """Whether a job, which may have been started again since, began the run in it and did not end it."""
        return job is not None and self.read_facts().get("job") == job and not self.metrics.exists()

    def write_facts(self, facts: Mapping[str, object]) -> None:
        """Write `run.json` anew."""
        write_json(self.facts, facts)

    def update_facts(self, **facts: object) -> None:
        """Add to `run.json`."""
        self.write_facts({**self.read_facts(), **facts})


def open_finished(path: Path) -> RunFolder:
    """Return the folder of a run that has ended, so that its counter is final.

    Raises:
        CheckpointError: If it is none.
    """
    folder = RunFolder(path.expanduser())
    if not (folder.config.is_file() and folder.facts.is_file()):
        missing = folder.facts if folder.config.is_file() else folder.config
        raise CheckpointError(
            f"'{folder.path}' is not the folder of a run (it has no {missing.name}); "
            "give the path that the run printed at its end, as outputs/train/DATE_TIME"
        )
    if not (folder.best_checkpoint.is_file() and folder.metrics.is_file()):
        raise CheckpointError(
            f"the run '{folder.path}' has not ended, so its counter is not final; "
            f"go on with it: binrecon train resume={folder.path}"
        )
    return folder


def collect_facts(overrides: Sequence[str], seed: int) -> dict[str, Any]:
    """Collect what makes a run repeatable: command, code, versions, seed."""
    return {
        "command": shlex.join(["binrecon", "train", *overrides]),
        "overrides": list(overrides),
        "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seed": seed,
        "git": _git_state(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def _git_state() -> dict[str, Any] | None:
    """Return commit and dirty flag of the checkout this code runs from; None where it was installed."""
    if COMMIT_VARIABLE in os.environ:
        return dict(json.loads(os.environ[COMMIT_VARIABLE]))
    checkout = Path(__file__).parents[3]
    if not (checkout / ".git").exists():
        return None

    def ask(*words: str) -> str:
        command = ["git", "-C", str(checkout), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  # our own words

    try:
        return {"commit": ask("rev-parse", "HEAD"), "is_dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def words_to_resume(words: Sequence[str]) -> list[str]:
    """Add to a command line with `resume=RUN_FOLDER` the words of that run, except where they are given anew.

    The resumed run works in the folder of the one it goes on from.

    Raises:
        CheckpointError: If there is no such run, or what it was started with cannot be read.
        ConfigError: If the word cannot be read.
    """
    given = {word.partition("=")[0]: word for word in words}
    if given.get("resume", "resume=null") in ("resume=null", "resume="):
        return list(words)
    folder = RunFolder(Path(str(parse_word(given["resume"]).value())).expanduser())
    if not folder.facts.exists():
        raise CheckpointError(
            f"resume: '{folder.path}' is not the folder of a run (it has no {folder.facts.name}); "
            "give the path that the run printed at its end, as outputs/train/DATE_TIME"
        )
    try:
        earlier = [word for word in folder.read_facts()["overrides"] if word.partition("=")[0] not in given]
    except (ValueError, KeyError) as error:
        raise CheckpointError(
            f"resume: '{folder.facts}' is damaged or no run's ({type(error).__name__}: {error}), so that the "
            "words of the run are lost; put back a copy of it, or start anew without resume"
        ) from error
    return [*earlier, *words, write_word("hydra.run.dir", str(folder.path))]
