"""`binrecon fetch`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from binrecon.verbs.verb import Verb

if TYPE_CHECKING:
    from pathlib import Path

    from omegaconf import DictConfig


def _fetch(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb

    run_verb("fetch", ["dry_run=true" if word == "--dry-run" else word for word in words], _fetch_once)


def _fetch_once(config: "DictConfig", run_dir: "Path", overrides: Sequence[str]) -> None:
    from binrecon.config.compose import to_typed
    from binrecon.sources.s3.command import fetch

    fetch(to_typed(config), run_dir)


VERB = Verb(
    "bring bins from S3 into a folder",
    _fetch,
    (
        "subset=sample:500 --dry-run",
        "subset=sample:500",
        "subset=unc lists_dir=data/lists source.parts=photos",
        "subset=all verify=true",
    ),
)
