"""Settings that may change when a run is resumed: length, machine, log; not what it trains, nor its bins."""

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
_OF_THE_BINS = ("data.labels",)
"""The bins themselves are compared, by content."""

_MAY_DIFFER = (*_OF_A_MACHINE, *_OF_THE_LENGTH, *_HELD_BY_THE_CHECKPOINT, *_OF_THE_BINS)
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


def check_same_length(path: Path, config: TrainConfig) -> None:
    """Refuse another number of epochs where the epochs so far depend on how many there are in all.

    Args:
        path: The `config.yaml` that the run left; without one, nothing is known of it.
        config: What it is resumed with.

    Raises:
        CheckpointError: With the setting that depends on the length.
    """
    earlier = dict(flatten(_read(path))) if is_there(path) else {}
    known, wanted = earlier.get("trainer.max_epochs"), config.trainer.max_epochs
    bound = config.schedule.bound_to_length or config.regime.bound_to_length
    if known is None or known == wanted or bound is None:
        return
    raise CheckpointError(
        f"trainer.max_epochs: the run in '{path.parent}' was begun with {known}, got {wanted}; {bound} "
        f"depends on the length of the whole training, so its epochs are not those of a run of {wanted}. "
        f"Resume it with trainer.max_epochs={known}, or start anew in another folder with "
        f"trainer.max_epochs={wanted}"
    )


def weights_of(path: Path, config: TrainConfig) -> str:
    """Return the weights that a run began with; once there is a checkpoint, others change nothing."""
    earlier = dict(flatten(_read(path))) if is_there(path) else {}
    return str(earlier.get("model.weights", config.model.weights))


def words_that_stay(words: Sequence[str]) -> list[str]:
    """Return the words of a command line that a run has to go on with.

    >>> words_that_stay(["trainer=ddp", "optimizer=adam", "trainer.ema_decay=0.9", "+logger.mode=offline"])
    ['optimizer=adam', 'trainer.ema_decay=0.9']
    """
    return [word for word in words if not _may_differ(word.lstrip("+~").partition("=")[0])]


def _may_differ(key: str) -> bool:
    return covers(_MAY_DIFFER, key) and not covers(_BUT_NOT, key)


def _read(path: Path) -> Mapping[str, Any]:
    check_file(path)
    try:
        return read_yaml(path)
    except StoredFileError as error:
        raise CheckpointError(
            f"'{path}' cannot be read ({error}); put back a copy of it, or start anew without resume"
        ) from error
