"""The commands that a document quotes, and whether they still compose."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from binrecon.cloud import words as launch_words
from binrecon.config.compose import compose_config, take_in_recipes
from binrecon.config.home import quote_value
from binrecon.config.problems import parse_word
from binrecon.config.search_space import build_space, sort_words
from binrecon.config.trials import check_space
from binrecon.errors import BinreconError, ConfigError
from binrecon.published.rows import TABLES
from binrecon.reproduce import words as own_words

_COMMAND = re.compile(r"(?:python (train)\.py|binrecon (\w+)) ([^`#\n]+)")
_SCRIPT = re.compile(r"python (-m )?(experiments[\w./]+)")


def find_commands(text: str) -> list[str]:
    """Find every command of binrecon in a document that sets a key: its verb and its words.

    >>> find_commands("`python train.py model=resnet18` or `binrecon fetch subset=all`, see `binrecon sweep`")
    ['train model=resnet18', 'fetch subset=all']
    """
    found = (" ".join(filter(None, parts)) for parts in _COMMAND.findall(text.replace("\\\n", " ")))
    lines = (line.strip() for line in found if "=" in line or line.startswith("reproduce "))
    return [line for line in lines if "…" not in line and "resume=" not in line]


def find_scripts(text: str) -> list[str]:
    """Find the scripts of studies that a document runs, as paths from the root of the checkout.

    >>> find_scripts("python experiments/a/run.py x; python -m experiments.b.measure")
    ['experiments/a/run.py', 'experiments/b/measure.py']
    """
    found = _SCRIPT.findall(text)
    return [name.replace(".", "/") + ".py" if is_module else name for is_module, name in found]


def find_faults(path: Path, root: Path) -> dict[str, str]:
    """Compose every command that a document quotes, and look for every script that it runs.

    Args:
        path: Of the document.
        root: Of the checkout.

    Returns:
        What no longer holds: the command, and why.
    """
    text, faults = path.read_text(encoding="utf-8"), {}
    for command in find_commands(text):
        try:
            compose_command(command, root)
        except (BinreconError, ValueError) as error:
            faults[command] = " ".join(str(error).split())
    for script in find_scripts(text):
        if not (root / script).is_file():
            faults[script] = "there is no such script"
    return faults


def compose_command(command: str, root: Path) -> None:
    """Compose what a command would run, without running it; of several values for a key each by itself.

    Args:
        command: A verb and its words; flags, and what a shell fills in, are left out.
        root: An existing folder, which stands for those that a document only names.

    Raises:
        ConfigError: If it does not compose.
    """
    given = shlex.split(command)
    verb, *words = [word for word in given if not word.startswith(("-", "$"))]
    if "--evaluate" in given:
        verb = "evaluate"  # the keys of `reconcile --evaluate` are its own
    if verb == "sweep":
        _compose_sweep(words, root)
    elif verb == "reproduce":
        _compose_reproduction(words)
    elif verb == "launch":
        _compose_launch(words, root)
    else:
        _compose_each(verb, words)


def _compose_each(verb: str, words: Sequence[str]) -> None:
    if any(word.startswith("experiment=outputs/") for word in words):
        words = [word for word in words if not word.startswith("experiment=")]  # a recipe that a study writes
    words = [
        word for word in words if "=" in word or verb not in ("calibrate", "compare", "features", "show")
    ]
    words = take_in_recipes(words)
    choices = [_list_values(word) for word in words]
    for index in range(max(map(len, choices), default=1)):
        compose_config(verb, [values[index % len(values)] for values in choices])


def _list_values(word: str) -> list[str]:
    """List a word once for each of its values."""
    override = parse_word(word)
    if not override.is_sweep_override():
        return [word]
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]


def _compose_sweep(words: Sequence[str], root: Path) -> None:
    """Compose the sweep, and trials at the bounds of what it searches."""
    here = f"source.root={quote_value(str(root))}"
    said = sort_words([here if word.startswith("source.root=") else word for word in words])
    space = dict(compose_config("sweep", said.sweep).sweep.space)
    fixed = [word for word in (here, *said.fixed) if word.partition("=")[0] != "sweep"]
    check_space(fixed, build_space({**space, **said.searched}))


def _compose_launch(words: Sequence[str], root: Path) -> None:
    """Compose the settings of the job, and what would travel to it."""
    said = launch_words.sort_words(words)
    compose_config("launch", said.own)
    if said.search:
        _compose_sweep([*said.train, *said.search], root)
    else:
        _compose_each("train", said.train)


def _compose_reproduction(words: Sequence[str]) -> None:
    """Compose every row; a study's own words are few."""
    name, *rest = words
    said = own_words.sort_words(rest)
    compose_config("reproduce", said.own)
    if name not in TABLES:
        return
    chosen = compose_config("reproduce", said.own).rows
    known = [row.name for row in TABLES[name]]
    if unknown := [row for row in chosen or () if row not in known]:
        raise ConfigError([f"rows: {', '.join(unknown)} are no rows of {name}"])
    for row in TABLES[name]:
        compose_config("train", [f"experiment={row.recipe}", *said.train])
