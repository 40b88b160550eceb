"""Keys of `reconcile --apply`, their meanings, and the checks of their values."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binrecon.config.options import option


@dataclass
class ApplyConfig:
    """Everything that `reconcile --apply` needs."""

    audit: str = option(is_path=True)
    """The file that the page exported; given as `--apply FILE`."""
    results: str | None = option(None, is_path=True)
    """Folder of the reconciliation; null looks below `output_root` for the one that the audit names."""
    output_root: str = option(is_path=True)
    """Folder that holds the results folders."""


def check_apply(config: Any) -> Iterator[str]:  # noqa: ANN401  # as composed, of any verb
    """Yield what is wrong with the keys of `reconcile --apply`, a line each; nothing for other verbs."""
    if "audit" not in config:
        return
    if not Path(config.audit).expanduser().is_file():
        yield f"audit: '{config.audit}' is not a file; give what the page exported, as --apply audit.csv"
    if config.results is not None and not Path(config.results).expanduser().is_dir():
        yield f"results: '{config.results}' is not a folder; give that of a reconciliation, or leave it out"
