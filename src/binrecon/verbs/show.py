"""`binrecon show`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from binrecon.verbs.verb import Verb

if TYPE_CHECKING:
    from pathlib import Path

    from omegaconf import DictConfig


def _show(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb

    run_verb("show", words, _show_once)


def _show_once(config: "DictConfig", run_dir: "Path", overrides: Sequence[str]) -> None:
    from binrecon.config.compose import to_typed
    from binrecon.report.contact_sheet import draw_contact_sheet

    draw_contact_sheet(to_typed(config))


VERB = Verb(
    "draw a sheet of bins with their recorded counts",
    _show,
    ("source=synthetic", "source=local source.root=data/abid photos=48 path=bins.png"),
)
