"""What the README says of commands and metrics is true."""

import re
from pathlib import Path

import pytest

from binrecon.config.compose import list_groups, list_options
from binrecon.config.metric_names import METRIC_MEANINGS
from binrecon.report.calibration import CALIBRATION_MEANINGS
from quoted_commands import compose_command, find_commands, find_scripts

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "experiments").glob("*/README.md"))]
TEXTS = [document.read_text() for document in DOCUMENTS]
COMMANDS = list(dict.fromkeys(command for text in TEXTS for command in find_commands(text)))
SCRIPTS = list(dict.fromkeys(script for text in TEXTS for script in find_scripts(text)))


def test_readme__commands_are_there() -> None:
    assert {"train experiment=quickstart", "fetch subset=sample:500"} <= set(COMMANDS)
    assert "experiments/optimizers/run.py" in SCRIPTS


@pytest.mark.parametrize("command", COMMANDS)
def test_readme__every_command_composes(command: str) -> None:
    compose_command(command, ROOT)


@pytest.mark.parametrize("script", SCRIPTS)
def test_readme__every_script_is_there(script: str) -> None:
    assert (ROOT / script).is_file()


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


@pytest.mark.parametrize(("name", "meaning"), CALIBRATION_MEANINGS.items())
def test_readme__explains_every_score_of_a_calibration(name: str, meaning: str) -> None:
    assert f"| `{name}` | {meaning} |" in (ROOT / "README.md").read_text()
