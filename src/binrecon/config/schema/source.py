"""Options and methods of every source; the sources themselves are in `sources/`."""

from dataclasses import dataclass
from typing import Any, ClassVar

from binrecon.config.options import MISSING, option


@dataclass
class SourceConfig:
    """Origin of bins."""

    name: str = MISSING
    """Name of the source; set by the group option, not by hand."""
    root: str = option(is_path=True)
    """Folder of the bins."""

    is_given: ClassVar[bool] = False
    """True if its folder has to be there, since nothing is ever rendered or fetched into it."""

    def build(self) -> Any:  # noqa: ANN401  # a `Source`, of a room that this one does not know
        """Build it; nothing is read or rendered yet.

        Raises:
            SourceError: If its settings contradict each other.
        """
        raise NotImplementedError
