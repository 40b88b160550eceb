"""Parts of a verb of the command line."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

HYDRA_NOTES = (
    "Hydra's flags: --multirun (-m) runs every combination of comma-separated values, --cfg job",
    "prints the configuration, --hydra-help tells the rest.",
)


class Verb(NamedTuple):
    """A command of the command line; its configuration is `configs/NAME.yaml`."""

    summary: str
    run: Callable[[Sequence[str]], None]
    examples: tuple[str, ...]
    words: str = ""
    notes: tuple[str, ...] = HYDRA_NOTES
    modes: tuple[tuple[str, str], ...] = ()
    """Flags that select another mode, each with the name of that mode's configuration."""
