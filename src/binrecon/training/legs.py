"""The legs of a run: each start or resumption with its settings, epochs and time, in `run.json`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytorch_lightning.callbacks import Callback

from binrecon.checksums import is_there
from binrecon.config.run_keys import PLACE_KEYS, covers, list_settings
from binrecon.config.schema import TrainConfig
from binrecon.training.checkpoints.position import position_of, read_position, read_training_state
from binrecon.training.run_folder import RunFolder

Leg = dict[str, Any]
"""`started` (ISO 8601), `from_epoch` (epochs done before), `settings`; then `to_epoch` and `seconds`."""

_CLOCK = "LegClock"
_MAY_CHANGE_NUMBERS = ("trainer", "features")
_CHANGE_NO_NUMBER = (*PLACE_KEYS, "trainer.max_epochs")


class LegClock(Callback):
    """Writes into each checkpoint for how long its leg has run, for the case that the process is killed.

    Args:
        legs: Of the run, the current one last.
    """

    def __init__(self, legs: Sequence[Leg]) -> None:
        self.started = str(legs[-1]["started"])

    @property
    def state_key(self) -> str:
        """Return the name that its state has in checkpoints."""
        return _CLOCK

    def state_dict(self) -> dict[str, Any]:
        """Return which leg it is, and its seconds so far."""
        return {"started": self.started, "seconds": seconds_since(self.started)}


def seconds_since(started: str) -> float:
    """Return the seconds since a time in ISO 8601."""
    return round((datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds(), 1)


def total_seconds(legs: Sequence[Leg]) -> float:
    """Return the seconds of all closed legs."""
    return round(sum(float(leg.get("seconds", 0.0)) for leg in legs), 1)


def begin_leg(earlier: Sequence[Leg], started: str, last: Path, config: TrainConfig) -> list[Leg]:
    """List the legs of a run that begins or is resumed.

    A leg that was killed is closed at its last checkpoint; without one, nothing of it is left in the run.

    Args:
        earlier: Those so far.
        started: When the new leg began.
        last: The checkpoint that it begins from; there may be none.
        config: Of the new leg.
    """
    legs = [dict(leg) for leg in earlier] if is_there(last) else []
    if legs and "seconds" not in legs[-1]:
        checkpoint = read_training_state(last)
        clock = checkpoint["callbacks"].get(_CLOCK, {})
        killed = legs.pop()
        if clock.get("started") == killed["started"]:
            epoch = position_of(last, checkpoint).epoch
            legs.append({**killed, "to_epoch": epoch, "seconds": clock["seconds"]})
    settings = {
        key: value
        for key, value in list_settings(config).items()
        if covers(_MAY_CHANGE_NUMBERS, key) and not covers(_CHANGE_NO_NUMBER, key)
    }
    return [*legs, {"started": started, "from_epoch": read_position(last).epoch, "settings": settings}]


def close_leg(folder: RunFolder) -> None:
    """Write into `run.json` how far the current leg came and how long all legs took; once for each leg."""
    legs = folder.read_facts().get("legs", [])
    if not legs or "seconds" in legs[-1]:
        return
    legs[-1] |= {
        "to_epoch": read_position(folder.last_checkpoint).epoch,
        "seconds": seconds_since(legs[-1]["started"]),
    }
    folder.update_facts(legs=legs, seconds=total_seconds(legs))
