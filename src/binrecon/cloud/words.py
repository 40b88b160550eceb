"""Overrides of `launch`: its own, those of a search, and those of `train`, which are sent to the job."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import NamedTuple
from urllib.parse import quote, unquote

from binrecon.config.cloud_settings import LAUNCH_WORDS, LaunchConfig
from binrecon.config.problems import parse_word
from binrecon.config.spelling import did_you_mean
from binrecon.errors import ConfigError

MAX_WORDS = 90
"""Overrides that fit into a job: SageMaker takes 100 hyper-parameters, of which its toolkit needs a few."""

MAX_WORD_LENGTH = 2500
"""Characters of a hyper-parameter, once encoded."""

OWN_KEYS = tuple(item.name for item in fields(LaunchConfig))

_FLAGS = {"--dry-run": "dry_run=true"}
_WITH_JOB = ("follow", "stop", "fetch")
_WORD = re.compile(r"word_(\d+)")
_NOT_OURS = ("sagemaker_", "_tuning_", "sm_")
"""Prefixes of the hyper-parameters of the toolkit and of a tuning job."""

_SAFE = "=.,:/_-+"
"""Characters that mean nothing to a shell: the toolkit joins all hyper-parameters to one shell command."""

_BARRED = {
    "resume": "a job goes on by itself from cloud.checkpoints=s3://BUCKET/PREFIX",
    "hydra": "belongs to a run on this machine",
    "cache_dir": "is chosen in the container",
    "source.root": "is a folder of this machine; give the bins as cloud.bins=s3://BUCKET/PREFIX",
    "lists_dir": "is a folder of this machine; give the lists as cloud.lists=s3://BUCKET/PREFIX",
    "data.lists_dir": "is a folder of this machine; give the lists as cloud.lists=s3://BUCKET/PREFIX",
    "source.lists_dir": "is a folder of this machine; give the lists as cloud.lists=s3://BUCKET/PREFIX",
}
"""Overrides of `train` that mean nothing in a container, and what to give instead."""


class Said(NamedTuple):
    """Parsed command line.

    Attributes:
        own: Settings of `launch`.
        train: Overrides of `train`, with one value each.
        search: Settings of a search, and overrides of `train` with several values.
    """

    own: tuple[str, ...]
    train: tuple[str, ...]
    search: tuple[str, ...]


def sort_words(words: Sequence[str]) -> Said:
    """Sort overrides into the three kinds.

    Raises:
        ConfigError: With every word that is none of them, or cannot travel.

    >>> sort_words(["stop", "binrecon-1"])
    Said(own=('do=stop', 'job=binrecon-1'), train=(), search=())
    >>> sort_words(["cloud.bucket=b", "optimizer=adam", "head.dropout=choice(0.0, 0.5)"]).search
    ('head.dropout=choice(0.0, 0.5)',)
    """
    own: list[str] = []
    train: list[str] = []
    search: list[str] = []
    problems: list[str] = []
    own, rest = _read_action(words)
    for word in (_FLAGS.get(word, word) for word in rest):
        try:
            key, has_several = _read_key(word)
        except ConfigError as error:
            problems += error.problems
            continue
        top = key.partition(".")[0]
        kind = own if top in OWN_KEYS else search if top == "sweep" or has_several else train
        kind.append(word)
    if problems:
        raise ConfigError(problems)
    return Said(tuple(own), tuple(train), tuple(search))


def _read_action(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Read `stop NAME` and the like from the first arguments."""
    rest = list(words)
    if not rest or rest[0] not in LAUNCH_WORDS:
        return [], rest
    action = rest.pop(0)
    has_job = action in _WITH_JOB and rest and "=" not in rest[0] and not rest[0].startswith("-")
    return [f"do={action}", *([f"job={rest.pop(0)}"] if has_job else [])], rest


def _read_key(word: str) -> tuple[str, bool]:
    """Return the key that an override sets, and whether it has several values."""
    if word.startswith("-"):
        hint = did_you_mean(word, _FLAGS)
        raise ConfigError(
            [f"{word}: no flag of launch, which has {', '.join(_FLAGS)}; give one job at a time{hint}"]
        )
    if "=" not in word and not word.startswith("~"):
        hint = did_you_mean(word, LAUNCH_WORDS)
        raise ConfigError([f"{word}: neither KEY=VALUE nor one of {', '.join(LAUNCH_WORDS)}{hint}"])
    override = parse_word(word)
    key = override.get_key_element().lstrip("+~")
    for barred, advice in _BARRED.items():
        if key == barred or key.startswith(f"{barred}."):
            raise ConfigError([f"{key}: {advice}"])
    return key, override.is_sweep_override()


def encode_words(words: Sequence[str]) -> dict[str, str]:
    """Turn overrides into hyper-parameters, which are plain strings and in no order of their own.

    What a shell would read is percent-encoded, so that quoting survives whoever starts the container.

    Raises:
        ConfigError: If there are too many, or one is too long.

    >>> encode_words(["optimizer=adam", "data.split='a b'"])
    {'word_00': 'optimizer=adam', 'word_01': 'data.split=%27a%20b%27'}
    """
    encoded = {f"word_{place:02d}": encode_value(word) for place, word in enumerate(words)}
    problems = [
        f"{words[place].partition('=')[0]}: {len(value)} characters once encoded, and SageMaker takes "
        f"{MAX_WORD_LENGTH}; put it into a recipe, experiment=PATH.yaml"
        for place, value in enumerate(encoded.values())
        if len(value) > MAX_WORD_LENGTH
    ]
    if len(words) > MAX_WORDS:
        problems.append(
            f"{len(words)} words, and {MAX_WORDS} fit into a job; "
            "put some into a recipe, experiment=PATH.yaml"
        )
    if problems:
        raise ConfigError(problems)
    return encoded


def encode_value(text: str) -> str:
    """Percent-encode what a shell would read.

    >>> encode_value("~logger"), encode_value("x=$HOME")
    ('%7Elogger', 'x=%24HOME')
    """
    return quote(text, safe=_SAFE).replace("~", "%7E")


def decode_words(parameters: Mapping[str, str]) -> list[str]:
    """Turn hyper-parameters back into overrides: those that were given, in order, then those of a tuning job.

    >>> decode_words({"word_10": "a=1", "word_2": "b=%27x%27", "head.dropout": "0.1", "sagemaker_r": "x"})
    ["b='x'", 'a=1', 'head.dropout=0.1']
    """
    given: dict[int, str] = {}
    tuned: list[str] = []
    for name in sorted(parameters, key=lambda name: ("." in name, name)):
        if (match := _WORD.fullmatch(name)) is not None:
            given[int(match[1])] = unquote(parameters[name])
        elif not name.startswith(_NOT_OURS):
            tuned.append(f"{name}={unquote(parameters[name])}")
    return [*(given[place] for place in sorted(given)), *tuned]
