"""What the README says of commands and metrics is true."""

import re
import shlex
from pathlib import Path

import pytest

from binrecon.config.compose import compose_config, list_groups, list_options, take_in_recipes
from binrecon.config.metric_names import METRIC_MEANINGS
from binrecon.config.search_space import build_space, check_space, sort_words

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "experiments").glob("*/README.md"))]
COMMAND = re.compile(r"(?:python (train)\.py|binrecon (\w+)) ([^`#\n]+=[^`#\n]+)")


def commands() -> list[str]:
    """Find every command of a README, as its verb and its words."""
    texts = [document.read_text().replace("\\\n", " ") for document in DOCUMENTS]
    found = [" ".join(part for part in parts if part) for text in texts for parts in COMMAND.findall(text)]
    return [line.strip() for line in found if "…" not in line and "resume=" not in line]


def test_readme__commands_are_there() -> None:
    assert {"train experiment=quickstart", "fetch subset=sample:500"} <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_readme__every_command_composes(command: str) -> None:
    """A comma stands for several values of a multirun: each is composed by itself."""
    verb, *words = [word for word in shlex.split(command) if not word.startswith("-")]
    if verb == "sweep":
        compose_sweep(words)
        return
    if any(word.startswith("experiment=outputs/") for word in words):
        words = take_in_recipes([f"experiment={ROOT / 'configs' / 'experiment' / 'quickstart.yaml'}"])
    words = [word for word in words if "=" in word or verb != "compare"]  # its other words are folders
    choices = [
        re.split(r",(?![^\[]*\])", word.partition("=")[2]) if not word.startswith("+") else [word]
        for word in words
    ]
    for index in range(max(map(len, choices))):
        picked = [
            f"{word.partition('=')[0]}={values[index % len(values)]}"
            for word, values in zip(words, choices, strict=True)
        ]
        compose_config(verb, picked)


def compose_sweep(words: list[str]) -> None:
    """Compose the sweep, and trials at the bounds of what it searches."""
    said = sort_words([f"source.root={ROOT}" if word.startswith("source.root=") else word for word in words])
    space = dict(compose_config("sweep", said.sweep).sweep.space)
    fixed = [word for word in (f"source.root={ROOT}", *said.fixed) if word.partition("=")[0] != "sweep"]
    check_space(fixed, build_space({**space, **said.searched}))


def test_readme__lists_every_option() -> None:
    text = (ROOT / "README.md").read_text()
    absent = [
        f"{group}={option}"
        for group in list_groups()
        for option in list_options(group)
        if f"`{option}`" not in text
    ]
    assert [word for word in absent if word != "model=timm"] == []
    assert "`timm model.backbone=NAME`" in text


@pytest.mark.parametrize(("name", "meaning"), METRIC_MEANINGS.items())
def test_readme__explains_every_metric(name: str, meaning: str) -> None:
    text = (ROOT / "README.md").read_text()
    assert re.search(rf"\| `{name}` \| (higher|lower) \| {re.escape(meaning)} \|", text)
