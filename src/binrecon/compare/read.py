"""Reading of run folders for a comparison; a run that cannot be read is named with its reason."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from yaml import YAMLError

from binrecon.checksums import check_file, is_there
from binrecon.compare.judged import JudgedBins, read_judged_bins
from binrecon.compare.scores import Predictions
from binrecon.config.metric_names import RANKING_METRICS
from binrecon.config.run_keys import list_settings
from binrecon.errors import BinreconError, ComparisonError
from binrecon.training.predictions import read_prediction_table
from binrecon.training.run_folder import RunFolder


@dataclass(frozen=True)
class Run:
    """Configuration, scores and predictions of one finished run.

    Attributes:
        path: Its folder.
        settings: Its configuration by dotted key; of a key that changed when the run was resumed, all values.
        judged: The bins that it was evaluated on.
        scores: Metrics on the evaluated bins by name; NaN where the run has none.
        majority: Metrics of always predicting the commonest training count.
        majority_count: That count.
        best_epoch: Epoch of the evaluated checkpoint, counted from 1.
        seconds: Seconds that it took, resumptions included; NaN if unknown.
        started: Start time, in ISO 8601.
        commit: Of the code, with `+` where files had changed; None where it was installed.
        predictions: Predictions for the evaluated bins, in order of their ids.
    """

    path: Path
    settings: Mapping[str, Any]
    judged: JudgedBins
    scores: Mapping[str, float]
    majority: Mapping[str, float]
    majority_count: int
    best_epoch: int
    seconds: float
    started: str
    commit: str | None
    predictions: Predictions

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return int(self.settings["seed"])


class LeftOut(NamedTuple):
    """A run that is not compared, and the reason."""

    path: Path
    reason: str


def find_run_folders(places: Iterable[str]) -> list[Path]:
    """List the run folders at or below some folders, each once, sorted by path.

    Args:
        places: Run folders, or folders that hold some at any depth.

    Raises:
        ComparisonError: If a folder holds none.
    """
    found: dict[Path, Path] = {}
    empty = []
    for place in places:
        names = (RunFolder(Path()).facts.name, RunFolder(Path()).metrics.name)
        files = (path for name in names for path in Path(place).expanduser().rglob(name))
        below = {folder for folder in {path.parent for path in files} if _is_of_a_run(folder)}
        if not below:
            empty.append(place)
        for path in below:
            found.setdefault(path.resolve(), path)
    if empty:
        raise ComparisonError(
            f"no run in {', '.join(map(repr, empty))}: no folder there holds a run.json; "
            "give the path that a run printed at its end, or a folder above it"
        )
    return sorted(found.values())


def _is_of_a_run(path: Path) -> bool:
    """Return whether a folder with metadata is a run's, not the one that the trials of a sweep share."""
    folder = RunFolder(path)
    try:
        return folder.metrics.exists() or "started" in folder.read_facts()
    except BinreconError:
        return True  # a damaged one, which `read_run` will report


def read_runs(folders: Iterable[Path]) -> tuple[list[Run], list[LeftOut]]:
    """Read all readable runs, and list the others with the reason."""
    runs, left_out = [], []
    for path in folders:
        try:
            runs.append(read_run(path))
        except (BinreconError, OSError, ValueError, KeyError, TypeError, YAMLError) as error:
            left_out.append(LeftOut(path, _explain(error)))
    return runs, left_out


def read_run(path: Path) -> Run:
    """Read a finished run.

    Raises:
        ComparisonError: If it has not finished, or its files contradict each other.
        ConfigError: If another version wrote its configuration.
        OSError, ValueError, KeyError, TypeError, YAMLError: If a file is damaged.
    """
    folder = RunFolder(path)
    if not folder.has_ended:
        raise ComparisonError(_why_unfinished(folder))
    missing = [file.name for file in (folder.facts, folder.config, folder.predictions) if not file.exists()]
    if missing:
        raise ComparisonError(f"broken, it has no {' and no '.join(missing)}")
    config = folder.read_config()
    facts, results = folder.read_facts(), folder.read_results()
    if lacking := [key for key in ("git", "manifest_hash", "started") if key not in facts]:
        raise ComparisonError(f"broken, {folder.facts.name} has no key {', '.join(lacking)}")
    data, split = config.data, results["judged_split"]
    git = facts["git"]
    return Run(
        path=path,
        settings=list_settings(config) | list_changed_settings(facts.get("legs", ())),
        judged=read_judged_bins(folder, data, split),
        scores=_read_scores(results[split]),
        majority=_read_scores(results["baselines"]["majority"]),
        majority_count=int(results["majority_count"]),
        best_epoch=int(results["best_epoch"]),
        seconds=float(facts.get("seconds", math.nan)),
        started=str(facts["started"]),
        commit=None if git is None else git["commit"] + ("+" if git["is_dirty"] else ""),
        predictions=read_predictions(folder.predictions, range(data.min_count, data.max_count + 1)),
    )


def list_changed_settings(legs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Describe the settings that not all legs of a run share, by dotted key.

    >>> list_changed_settings([{"settings": {"a": 1, "b": 2}}, {"settings": {"a": 1, "b": 3}}])
    {'b': '2, then 3'}
    """
    settings = [leg["settings"] for leg in legs]
    changed = {}
    for key in dict.fromkeys(key for some in settings for key in some):
        values = [str(some.get(key)) for some in settings]
        if len(set(values)) > 1:
            distinct = [value for at, value in enumerate(values) if at == 0 or value != values[at - 1]]
            changed[key] = ", then ".join(distinct)
    return changed


def _why_unfinished(folder: RunFolder) -> str:
    ended = folder.read_facts().get("ended") or {}
    if ended.get("reason") == "pruned":
        return f"pruned by its sweep after epoch {ended['epoch']}"
    if folder.error.exists():
        return f"failed, {(folder.error.read_text(errors='replace').strip().splitlines() or ['?'])[-1]}"
    return f"unfinished, it has no {folder.metrics.name}; go on with binrecon train resume={folder.path}"


def read_predictions(path: Path, counts: range) -> Predictions:
    """Read the predictions of a run.

    Args:
        path: Its `predictions.parquet`.
        counts: Counts that are classes, in items.

    Raises:
        CheckpointError: If the file is damaged, columns or values are missing, or bins are repeated.
    """
    table = read_prediction_table(path, counts)
    recorded, predicted = (table[f"{kind}_count"].to_numpy(np.int64) for kind in ("recorded", "predicted"))
    return Predictions(
        bin_ids=tuple(table["bin_id"]),
        recorded=recorded,
        predicted=predicted,
        probabilities=table[[f"p_{count}" for count in counts]].to_numpy(np.float64),
        min_count=counts.start,
    )


def read_history(run: Run) -> pd.DataFrame:
    """Read a row for each epoch: `epoch` and a column for each `<split>/<metric>`.

    Without a `metrics.csv` (`logger=none`) they come from the last checkpoint; only then is Lightning loaded.

    Raises:
        ComparisonError: If neither can be read.
    """
    folder = RunFolder(run.path)
    try:
        if is_there(folder.history):
            check_file(folder.history)
            return _check_history(pd.read_csv(folder.history))
        from binrecon.training.checkpoints.contents import read_epochs
        from binrecon.training.checkpoints.files import read_checkpoint

        last = folder.last_checkpoint
        return _check_history(pd.DataFrame(read_epochs(last, read_checkpoint(last, for_facts=True))))
    except (BinreconError, OSError, ValueError, KeyError) as error:
        raise ComparisonError(f"{run.path}: its epochs cannot be read ({_explain(error)})") from error


def _check_history(history: pd.DataFrame) -> pd.DataFrame:
    if "epoch" not in history or history.empty:
        raise ComparisonError(f"no epoch; columns are {', '.join(map(str, history)) or 'none'}")
    return history


def _read_scores(numbers: Mapping[str, float | None]) -> dict[str, float]:
    """Return the value of each metric; null in the file becomes NaN."""
    values = {name: numbers.get(name) for name in RANKING_METRICS}
    return {name: math.nan if value is None else float(value) for name, value in values.items()}


def _explain(error: Exception) -> str:
    """Return on one line why a run cannot be read."""
    if isinstance(error, ComparisonError):
        return str(error)
    problems: Sequence[str] = getattr(error, "problems", ())
    reason = "; ".join(problems) or (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"it has no key {reason}" if isinstance(error, KeyError) else f"unreadable, {reason}"
