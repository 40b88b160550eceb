"""The folder that a run leaves behind: what is in it, under which name."""

import importlib.metadata
import json
import math
import platform
import shlex
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from binrecon.config.problems import parse_word
from binrecon.config.schema import TrainConfig
from binrecon.config.stored.files import StoredFileError, read_json
from binrecon.config.stored.overrides import check_stored
from binrecon.config.trials import write_word
from binrecon.errors import CheckpointError, ConfigError
from binrecon.masking import hide_text
from binrecon.whole_file import write_json, write_text

_CHECKOUT = Path(__file__).parents[3]
_PACKAGES = (
    "binrecon", "torch", "torchvision", "torchcodec", "pytorch-lightning", "torchmetrics", "timm", "wandb",
    "hydra-core", "omegaconf", "numpy", "pillow", "pandas", "pyarrow",
)  # fmt: skip


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
        self.needed_to_train = (
            self.facts, self.manifest, self.checkpoints / "backbone.ckpt", self.last_checkpoint,
            self.best_checkpoint,
        )  # fmt: skip
        self.error = path / "error.txt"  # of a trial of a sweep that failed

    def write_config(self, config: TrainConfig) -> None:
        """Write the configuration with nothing left to resolve."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_text(self.config, OmegaConf.to_yaml(OmegaConf.structured(config)))

    def read_facts(self) -> dict[str, Any]:
        """Read `run.json`; empty if there is none.

        Raises:
            CheckpointError: If it is damaged, or not what a run wrote.
        """
        return read_facts(self.facts) if self.facts.exists() else {}

    def is_left_by(self, job: str | None) -> bool:
        """Whether a job, which may have been started again since, began the run in it and did not end it."""
        return job is not None and self.read_facts().get("job") == job and not self.metrics.exists()

    def update_facts(self, **facts: object) -> None:
        """Add to `run.json`."""
        write_json(self.facts, {**self.read_facts(), **facts})

    def seconds_since_start(self) -> float:
        """Return how long ago the run was started, or resumed the last time, in seconds."""
        started = datetime.fromisoformat(self.read_facts()["started"])
        return round((datetime.now(UTC) - started).total_seconds(), 1)


def read_facts(path: Path) -> dict[str, Any]:
    """Read a `run.json`, and check the types of what is used of it.

    Raises:
        CheckpointError: If it cannot be read, or holds something else.
    """
    try:
        facts = read_json(path)
    except StoredFileError as error:
        raise CheckpointError(f"'{path}' is damaged or no run's ({error}); {_PUT_BACK}") from error
    wrong = [
        f"{key}: must be {name}, got {json.dumps(facts[key])[:60]}"
        for key, (name, is_sound) in _FACTS.items()
        if key in facts and not is_sound(facts[key])
    ]
    if wrong:
        raise CheckpointError(f"'{path}' is damaged or no run's ({'; '.join(wrong)}); {_PUT_BACK}")
    return facts


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_git(value: object) -> bool:
    return value is None or (
        isinstance(value, dict)
        and isinstance(value.get("commit"), str)
        and isinstance(value.get("is_dirty"), bool)
    )


_PUT_BACK = "put back a copy of it, or start anew without resume"

_FACTS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "overrides": (
        "a list of text",
        lambda value: isinstance(value, list) and all(map(_is_text, value)),
    ),
    "started": ("a time with its zone", _is_time),
    "git": ("null, or a commit and is_dirty", _is_git),
    "job": ("null or text", lambda value: value is None or _is_text(value)),
    "seconds": ("a number", _is_number),
    **dict.fromkeys(("command", "manifest_hash", "weights_hash", "ended_early"), ("text", _is_text)),
    **dict.fromkeys(("split", "features", "packages"), ("an object", lambda value: isinstance(value, dict))),
}
"""What is read back of `run.json`, and what it must be."""


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


def collect_facts(overrides: Sequence[str], stored: Sequence[str], seed: int) -> dict[str, Any]:
    """Collect what makes a run repeatable: command, code, versions, seed.

    Args:
        overrides: As given; they are shown and never read back.
        stored: Those of them with which the run is resumed, see `binrecon.config.stored`.
        seed: Of the run.
    """
    return {
        "command": hide_text(shlex.join(["binrecon", "train", *overrides])),
        "overrides": [hide_text(override) for override in stored],
        "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seed": seed,
        "git": read_git_state(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def read_git_state(checkout: Path = _CHECKOUT) -> dict[str, Any] | None:
    """Return commit and dirty flag of the checkout this code runs from; None where it was installed."""
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
    given = {word.partition("=")[0].lstrip("+"): word for word in words}
    if given.get("resume", "resume=null").lstrip("+") in ("resume=null", "resume="):
        return list(words)
    folder = RunFolder(Path(str(parse_word(given["resume"]).value())).expanduser())
    if not folder.facts.exists():
        raise CheckpointError(
            f"resume: '{folder.path}' is not the folder of a run (it has no {folder.facts.name}); "
            "give the path that the run printed at its end, as outputs/train/DATE_TIME"
        )
    earlier = [word for word in read_stored(folder.facts) if word.partition("=")[0] not in given]
    return [*earlier, *words, write_word("hydra.run.dir", str(folder.path))]


def read_stored(path: Path) -> list[str]:
    """Read the overrides that a `run.json` keeps.

    Raises:
        CheckpointError: If there are none, or one does more than set a key of `train` to a plain value.
    """
    facts = read_facts(path)
    if "overrides" not in facts:
        raise CheckpointError(f"'{path}' is damaged or no run's (it has no overrides); {_PUT_BACK}")
    try:
        return check_stored(facts["overrides"])
    except ConfigError as error:
        named = "; ".join(error.problems)
        raise CheckpointError(
            f"'{path}' holds overrides that are not read from a file ({named}); {_PUT_BACK}, or, if you "
            "trust them, give them on the command line and take them out of the file"
        ) from error
