"""Check that the commands which a document quotes still compose, and that the scripts it runs exist.

    python tools/quoted_commands.py [DOCUMENT ...]

Without a document: README.md and the README of every study.
"""

import argparse
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from binrecon.cloud import words as launch_words
from binrecon.config.compose import compose_config
from binrecon.config.home import quote_value
from binrecon.config.problems import parse_word
from binrecon.config.search_space import build_space, sort_words
from binrecon.config.stored.recipes import take_in_recipes
from binrecon.config.trials import check_space
from binrecon.errors import BinreconError, ConfigError
from binrecon.published.rows import TABLES
from binrecon.reproduce import overrides as reproduce_overrides

ROOT = Path(__file__).parents[1]
"""The checkout."""

_COMMAND = re.compile(r"(?:python (train)\.py|binrecon (\w+)) ([^`#\n]+)")
_SCRIPT = re.compile(r"python (-m )?((?:experiments|tools)[\w./]+)")
_STUDY = re.compile(r"python tools/reproduce_study\.py (\w+)")


def find_commands(text: str) -> list[str]:
    """Find every binrecon command in a document that sets a key: the command and its overrides.

    >>> find_commands("`python train.py model=resnet18` or `binrecon fetch subset=all`, see `binrecon sweep`")
    ['train model=resnet18', 'fetch subset=all']
    """
    found = (" ".join(filter(None, parts)) for parts in _COMMAND.findall(text.replace("\\\n", " ")))
    lines = (line.strip() for line in found if "=" in line or line.startswith("reproduce "))
    return [line for line in lines if "…" not in line and "resume=" not in line]


def find_scripts(text: str) -> list[str]:
    """Find the scripts of the repository that a document runs, as paths from the root.

    >>> find_scripts("python experiments/a/run.py x; python -m experiments.b.measure")
    ['experiments/a/run.py', 'experiments/b/measure.py']
    """
    found = _SCRIPT.findall(text)
    return [name.replace(".", "/") + ".py" if is_module else name for is_module, name in found]


def find_faults(path: Path, root: Path = ROOT) -> dict[str, str]:
    """Compose every command that a document quotes, and look for every script and study that it runs.

    Args:
        path: Document to check.
        root: Root of the checkout.

    Returns:
        Each command, script or study that is broken, with the reason.
    """
    text, faults = path.read_text(encoding="utf-8"), {}
    for command in find_commands(text):
        try:
            compose_command(command, root)
        except (BinreconError, ValueError) as error:
            faults[command] = " ".join(str(error).split())
    absent = [name for name in find_scripts(text) if not (root / name).is_file()]
    faults |= dict.fromkeys(absent, "there is no such script")
    studies = [name for name in _STUDY.findall(text) if not name.isupper()]  # STUDY stands for any
    unknown = [name for name in studies if not (root / "experiments" / name / "study.yaml").is_file()]
    return faults | dict.fromkeys(unknown, "there is no such study")


def compose_command(command: str, root: Path = ROOT) -> None:
    """Compose the configuration of a command without running it; for multirun values, each in turn.

    Args:
        command: Command and overrides; flags and shell variables are ignored.
        root: Existing folder that replaces `source.root=` folders which a document only names.

    Raises:
        ConfigError: If it does not compose.
    """
    given = shlex.split(command)
    name, *overrides = [argument for argument in given if not argument.startswith(("-", "$"))]
    if "--evaluate" in given:
        name = "evaluate"  # `reconcile --evaluate` has its own keys
    if name == "sweep":
        _compose_sweep(overrides, root)
    elif name == "reproduce":
        _compose_reproduction(overrides)
    elif name == "launch":
        _compose_launch(overrides, root)
    else:
        _compose_each(name, overrides)


def _compose_each(name: str, overrides: Sequence[str]) -> None:
    if any(override.startswith("experiment=outputs/") for override in overrides):
        # A recipe that a sweep writes: absent here.
        overrides = [override for override in overrides if not override.startswith("experiment=")]
    if name in ("calibrate", "compare", "features", "show"):  # which also take folders
        overrides = [override for override in overrides if "=" in override]
    choices = [_list_values(override) for override in take_in_recipes(overrides)]
    for index in range(max(map(len, choices), default=1)):
        compose_config(name, [values[index % len(values)] for values in choices])


def _list_values(override: str) -> list[str]:
    """Split an override with several values into one override for each."""
    parsed = parse_word(override)
    if not parsed.is_sweep_override():
        return [override]
    return [f"{parsed.get_key_element()}={value}" for value in parsed.sweep_string_iterator()]


def _compose_sweep(overrides: Sequence[str], root: Path) -> None:
    """Compose the sweep, and trials at the bounds of its search space."""
    here = f"source.root={quote_value(str(root))}"
    given = sort_words([here if text.startswith("source.root=") else text for text in overrides])
    space = dict(compose_config("sweep", given.sweep).sweep.space)
    fixed = [text for text in (here, *given.fixed) if text.partition("=")[0] != "sweep"]
    check_space(fixed, build_space({**space, **given.searched}))


def _compose_launch(overrides: Sequence[str], root: Path) -> None:
    """Compose the settings of the job, and the training or sweep that it runs."""
    given = launch_words.sort_words(overrides)
    compose_config("launch", given.own)
    if given.search:
        _compose_sweep([*given.train, *given.search], root)
    else:
        _compose_each("train", given.train)


def _compose_reproduction(overrides: Sequence[str]) -> None:
    """Compose every row of a published table."""
    table, *rest = overrides
    if table not in TABLES:
        raise ConfigError([f"{table}: no published table; tables are {', '.join(TABLES)}"])
    given = reproduce_overrides.split_overrides(rest)
    chosen = compose_config("reproduce", given.own).rows
    known = [row.name for row in TABLES[table]]
    if unknown := [row for row in chosen or () if row not in known]:
        raise ConfigError([f"rows: {', '.join(unknown)} are no rows of {table}"])
    for row in TABLES[table]:
        compose_config("train", [f"experiment={row.recipe}", *given.train])


def main(arguments: Sequence[str] | None = None) -> int:
    """Check documents; return 1 if something that they quote is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", nargs="*", type=Path, metavar="DOCUMENT")
    documents = parser.parse_args(arguments).documents
    has_faults = False
    for path in documents or [ROOT / "README.md", *sorted(ROOT.glob("experiments/*/README.md"))]:
        for command, reason in find_faults(path).items():
            has_faults = True
            sys.stdout.write(f"{path}: {command}: {reason}\n")
    return int(has_faults)


if __name__ == "__main__":
    sys.exit(main())
