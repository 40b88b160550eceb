"""The dotted keys of a training run's configuration, and the short names of some of them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from binrecon.config.options import list_leaves
from binrecon.config.parts import ROOMS, load_parts
from binrecon.config.schema import TrainConfig

SEED_KEY = "seed"
"""The key that tells the runs of one group apart."""

PLACE_KEYS = (
    "output_root", "cache_dir", "lists_dir", "data.lists_dir", "resume", "logger", "trainer.join_timeout_s",
    "trainer.silence_timeout_s", "trainer.checkpoint_mirror", "trainer.checkpoint_minutes",
)  # fmt: skip
"""Keys and groups of a run's inputs and outputs, which change none of its numbers."""


MOST_NAMED = 6
"""Keys that an error names, where more may differ."""


def list_run_keys() -> tuple[str, ...]:
    """List every dotted key that some run has, those of all optimizers, heads, losses and sources included.

    >>> {"seed", "model.backbone", "schedule.min_lr", "source.faults.corrupt_photos"} <= set(list_run_keys())
    True
    """
    keys: dict[str, None] = {}
    for item in fields(TrainConfig):
        if item.name in ROOMS:
            parts = load_parts(item.name).values()
            keys.update((key, None) for part in parts for key in list_leaves(part, f"{item.name}."))
        elif isinstance(item.type, type) and is_dataclass(item.type):
            keys.update((key, None) for key in list_leaves(item.type, f"{item.name}."))
        else:
            keys[item.name] = None
    return tuple(keys)


def list_settings(config: TrainConfig) -> dict[str, Any]:
    """List the value of every dotted key of a run.

    >>> list_settings(TrainConfig(seed=3))["seed"]
    3
    """
    return dict(flatten(asdict(config)))


def flatten(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the value of every dotted key of nested ones.

    >>> dict(flatten({"seed": 1, "model": {"weights": "random"}}))
    {'seed': 1, 'model.weights': 'random'}
    """
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def covers(keys: tuple[str, ...], key: str) -> bool:
    """Return whether a dotted key is one of some keys, or stands below one.

    >>> covers(("logger", "seed"), "logger.mode"), covers(("seed",), "seeds")
    (True, False)
    """
    return any(key == known or key.startswith(f"{known}.") for known in keys)


def short_words() -> dict[str, str]:
    """Map the name of a group to the key that holds a run's option of it.

    >>> short_words()["model"], short_words()["optimizer"]
    ('model.backbone', 'optimizer.name')
    """
    named = [key for key in list_run_keys() if key.endswith(".name")]
    return {"model": "model.backbone", **{key.removesuffix(".name"): key for key in named}}


def expand_key(word: str) -> str:
    """Return the dotted key that an item of `group_by` means.

    >>> expand_key("head"), expand_key("optimizer.lr")
    ('head.name', 'optimizer.lr')
    """
    return short_words().get(word, word)
