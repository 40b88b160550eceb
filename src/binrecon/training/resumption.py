"""What a run may change when it goes on: how far, on what machine, with which log; not what it trains."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from binrecon.checksums import check_file, is_there
from binrecon.config.run_keys import MOST_NAMED, PLACE_KEYS, covers, flatten, list_settings
from binrecon.config.schema import TrainConfig
from binrecon.config.stored.files import StoredFileError, read_yaml
from binrecon.errors import CheckpointError
from binrecon.training.checkpoints.files import list_differences

_OF_A_MACHINE = (*PLACE_KEYS, "hydra", "trainer", "features", "source", "data.workers")
_OF_THE_LENGTH = ("callbacks",)
_HELD_BY_THE_CHECKPOINT = ("model.weights",)
_BINS_TO_COME = ("data.labels",)
_MAY_DIFFER = (*_OF_A_MACHINE, *_OF_THE_LENGTH, *_HELD_BY_THE_CHECKPOINT, *_BINS_TO_COME)
_BUT_NOT = ("trainer.ema_decay", "trainer.gradient_clip_norm")


def check_same_words(path: Path, config: TrainConfig) -> None:
    """Refuse to go on as another training than the one that was begun.

    Lightning would take some of the words from its checkpoint and others from here, and the run folder would
    say of all epochs what holds for the last ones alone.

    Args:
        path: The `config.yaml` that the run left; without one, nothing is known of it.
        config: What it goes on with.

    Raises:
        CheckpointError: With what differs.
    """
    if not is_there(path):
        return
    check_file(path)
    earlier = dict(flatten(_read(path)))
    here = list_settings(config)
    keys = [key for key in here if key in earlier and not _may_differ(key)]
    differing = list_differences({key: earlier[key] for key in keys}, {key: here[key] for key in keys})
    if differing:
        named = "; ".join(differing[:MOST_NAMED])
        more = f" and {len(differing) - MOST_NAMED} more" if len(differing) > MOST_NAMED else ""
        raise CheckpointError(
            f"the run in '{path.parent}' was begun with other words ({named}{more}); go on with those, or "
            "start anew in another folder. What may change is trainer.max_epochs, machine, log, features and "
            "where the bins are"
        )


def words_that_stay(words: Sequence[str]) -> list[str]:
    """Return the words of a command line that a run has to go on with.

    >>> words_that_stay(["trainer=ddp", "optimizer=adam", "trainer.ema_decay=0.9", "+logger.mode=offline"])
    ['optimizer=adam', 'trainer.ema_decay=0.9']
    """
    return [word for word in words if not _may_differ(word.lstrip("+~").partition("=")[0])]


def _may_differ(key: str) -> bool:
    return covers(_MAY_DIFFER, key) and not covers(_BUT_NOT, key)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return read_yaml(path)
    except StoredFileError as error:
        raise CheckpointError(
            f"'{path}' cannot be read ({error}); put back a copy of it, or start anew without resume"
        ) from error
