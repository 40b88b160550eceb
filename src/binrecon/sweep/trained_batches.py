"""Results of heads that were trained side by side, kept until the study has stored all of them.

The last bits of a head depend on those beside it, so a batch counts as a whole. A worker that is killed
before it is trained costs all of it; one that is killed while it tells the study costs nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from optuna.trial import Trial

from binrecon.sweep.outcome import Outcome
from binrecon.sweep.positions import RETRY_OF
from binrecon.whole_file import write_json


@dataclass(frozen=True)
class TrainedTrial:
    """A trained trial.

    Attributes:
        params: Parameters that it set.
        outcome: Its outcome.
        epochs: Metrics reported to the study, by epoch.
    """

    params: Mapping[str, Any]
    outcome: Outcome
    epochs: Mapping[int, Mapping[str, float]]


def write_batch(folder: Path, trials: Sequence[Trial], trained: Sequence[TrainedTrial]) -> Path:
    """Store a batch, and return its file."""
    firsts = [_first_of(trial) for trial in trials]
    path = folder / f"{min(firsts):06d}.json"
    write_json(path, {str(first): asdict(one) for first, one in zip(firsts, trained, strict=True)})
    return path


def read_batch(folder: Path, trials: Sequence[Trial]) -> list[TrainedTrial] | None:
    """Read the outcomes of trials, or of those that they replace; None unless all were trained."""
    kept: dict[str, Any] = {}
    for path in sorted(folder.glob("*.json")):
        kept |= _read(path)
    found = [kept.get(str(_first_of(trial))) for trial in trials]
    if any(one is None or one["params"] != trial.params for one, trial in zip(found, trials, strict=True)):
        return None
    return [
        TrainedTrial(
            one["params"],
            Outcome(**{**one["outcome"], "values": tuple(one["outcome"]["values"])}),
            {int(epoch): row for epoch, row in one["epochs"].items()},
        )
        for one in found
        if one is not None
    ]


def _first_of(trial: Trial) -> int:
    return int(trial.user_attrs.get(RETRY_OF, trial.number))


def _read(path: Path) -> dict[str, Any]:
    """Read a batch; one that cannot be read counts as not stored, and is trained again."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
