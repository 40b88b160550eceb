"""The folder that a run leaves behind: what is in it, under which name."""

import importlib.metadata
import json
import os
import platform
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from binrecon.checksums import CHECKPOINTS, begin_checksums, check_file, is_there
from binrecon.config.problems import explain_comma, parse_word
from binrecon.config.schema import TrainConfig
from binrecon.config.stored.overrides import check_stored
from binrecon.config.stored.run_config import load_resolved
from binrecon.config.trials import write_word
from binrecon.errors import BinreconError, CheckpointError, ConfigError, DamagedRunError
from binrecon.json_file import read_object
from binrecon.masking import hide_text
from binrecon.training.run_contents import check_metadata, check_results
from binrecon.whole_file import remove_abandoned_drafts, write_json, write_text

if TYPE_CHECKING:  # reading a configuration is to load neither
    from binrecon.calibration import Calibration
    from binrecon.manifest import Manifest

_PUT_BACK = "put back a copy of it, or start anew without resume"
_CHECKOUT = Path(__file__).parents[3]
_PACKAGES = (
    "binrecon", "torch", "torchvision", "torchcodec", "pytorch-lightning", "torchmetrics", "timm", "wandb",
    "hydra-core", "omegaconf", "numpy", "pillow", "pandas", "pyarrow",
)  # fmt: skip


COMMIT_VARIABLE = "BINRECON_COMMIT"
"""Environment variable with commit and dirty flag as JSON, where code was sent without its checkout."""


class RunFolder:
    """Names of what a run leaves behind, and readers that refuse what is not as the run wrote it.

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
        self.checkpoints = path / CHECKPOINTS
        self.best_checkpoint = self.checkpoints / "best.ckpt"
        self.last_checkpoint = self.checkpoints / "last.ckpt"
        self.plots = path / "plots"
        self.frozen_part = self.checkpoints / "backbone.ckpt"
        self.needed_to_train = (
            self.facts, self.manifest, self.frozen_part, self.last_checkpoint,
            self.best_checkpoint,
        )  # fmt: skip
        self.error = path / "error.txt"  # of a trial of a sweep that failed

    def begin(self) -> None:
        """Keep a checksum of each file from now on, and remove what a killed process left half-written."""
        begin_checksums(self.path)
        for folder in (self.path, self.checkpoints, self.plots):
            remove_abandoned_drafts(folder)

    def write_config(self, config: TrainConfig) -> None:
        """Write the configuration with nothing left to resolve."""
        self.begin()
        write_text(self.config, OmegaConf.to_yaml(OmegaConf.structured(config)))

    def read_config(self) -> TrainConfig:
        """Read the configuration.

        Raises:
            DamagedRunError: If it is missing or not as the run wrote it.
            ConfigError: If it is none that this version can read.
        """
        check_file(self.config)
        try:
            return load_resolved(self.config)
        except BinreconError:
            raise
        except Exception as error:  # of YAML and OmegaConf, which share no base
            said = " ".join(str(error).split())[:200]
            raise ConfigError([f"{self.config}: cannot be read ({said}); put back a copy of it"]) from error

    @property
    def has_ended(self) -> bool:
        """Return whether the run was trained and tested to its end."""
        return is_there(self.metrics)

    def read_facts(self) -> dict[str, Any]:
        """Read `run.json`; empty if there is none.

        Raises:
            DamagedRunError: If it is not as the run wrote it.
        """
        return self._read(self.facts, check_metadata) if is_there(self.facts) else {}

    def read_fact(self, key: str) -> Any:  # noqa: ANN401  # each key has a type of its own
        """Read a key of `run.json` that every run has.

        Raises:
            DamagedRunError: If it is missing, or the file is not as the run wrote it.
        """
        facts = self.read_facts()
        if key not in facts:
            raise DamagedRunError(
                f"'{self.facts}' has no key {key}; put back a copy of it, or delete '{self.path}' and "
                "train again"
            )
        return facts[key]

    def read_results(self) -> dict[str, Any]:
        """Read `metrics.json`.

        Raises:
            DamagedRunError: If it is missing or not as the run wrote it.
        """
        return self._read(self.metrics, check_results)

    def read_manifest(self) -> "Manifest":
        """Read the bins of the run.

        Raises:
            DamagedRunError: If they are missing or not as the run wrote them.
            ManifestError: If the file is no manifest.
        """
        from binrecon.manifest import read_manifest

        check_file(self.manifest)
        return read_manifest(self.manifest)

    def read_calibration(self) -> "Calibration | None":
        """Read the calibration; None if the run has none.

        Raises:
            DamagedRunError: If it is gone or not as it was written.
            CalibrationError: If the file is no calibration.
        """
        from binrecon.calibration import read_calibration

        if not is_there(self.calibration):
            return None
        check_file(self.calibration)
        return read_calibration(self.calibration)

    def require_calibration(self) -> "Calibration":
        """Read the calibration of a run that has to have one.

        Raises:
            DamagedRunError: If it is gone or not as it was written.
            CalibrationError: If the run has none, or the file is no calibration.
        """
        from binrecon.calibration import read_calibration

        return self.read_calibration() or read_calibration(self.calibration)

    def _read(self, path: Path, check: Callable[[Mapping[str, object]], None]) -> dict[str, Any]:
        """Read a JSON file of the run, and check what it holds."""
        check_file(path)
        try:
            content = read_object(path)
            check(content)
        except (OSError, ValueError) as error:
            raise DamagedRunError(
                f"'{path}' is not what a run writes ({error}); put back a copy of it, or delete "
                f"'{self.path}' and train again"
            ) from error
        return content

    def is_left_by(self, job: str | None) -> bool:
        """True if a job, which may have been started again since, began the run in it and did not end it."""
        return job is not None and self.read_facts().get("job") == job and not self.has_ended

    def write_facts(self, facts: Mapping[str, object]) -> None:
        """Write `run.json` anew."""
        begin_checksums(self.path)
        write_json(self.facts, facts)

    def update_facts(self, **facts: object) -> None:
        """Add to `run.json`."""
        self.write_facts({**self.read_facts(), **facts})


def open_finished(path: Path) -> RunFolder:
    """Return the folder of a run that has ended, so that its counter is final.

    Raises:
        CheckpointError: If it is none, or lacks a file that it had.
    """
    folder = RunFolder(path.expanduser())
    if not (folder.config.is_file() and folder.facts.is_file()):
        missing = folder.facts if folder.config.is_file() else folder.config
        raise CheckpointError(
            f"'{folder.path}' is not the folder of a run (it has no {missing.name}); "
            "give the path that the run printed at its end, as outputs/train/DATE_TIME"
        )
    if not (is_there(folder.metrics) and is_there(folder.best_checkpoint)):
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
    if COMMIT_VARIABLE in os.environ:
        return dict(json.loads(os.environ[COMMIT_VARIABLE]))
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
    override = parse_word(given["resume"])
    if override.is_sweep_override():
        values = given["resume"].partition("=")[2]
        raise ConfigError([f"resume: takes one run, got {values}{explain_comma('resume', values)}"])
    folder = RunFolder(Path(str(override.value())).expanduser())
    if not folder.facts.exists():
        raise CheckpointError(
            f"resume: '{folder.path}' is not the folder of a run (it has no {folder.facts.name}); "
            "give the path that the run printed at its end, as outputs/train/DATE_TIME"
        )
    earlier = [word for word in read_stored(folder) if word.partition("=")[0] not in given]
    return [*earlier, *words, write_word("hydra.run.dir", str(folder.path))]


def read_stored(folder: RunFolder) -> list[str]:
    """Read the overrides that the `run.json` of a run keeps.

    Raises:
        DamagedRunError: If it is not as the run wrote it.
        CheckpointError: If one does more than set a key of `train` to a plain value.
    """
    try:
        return check_stored(folder.read_fact("overrides"))
    except ConfigError as error:
        named = "; ".join(error.problems)
        raise CheckpointError(
            f"'{folder.facts}' holds overrides that are not read from a file ({named}); {_PUT_BACK}, or, if "
            "you trust them, give them on the command line and take them out of the file"
        ) from error
