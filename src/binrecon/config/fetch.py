"""The keys of `fetch`."""

from dataclasses import dataclass

from binrecon.config.options import option
from binrecon.config.schema import MISSING, SourceConfig


@dataclass
class FetchConfig:
    """Everything that `fetch` needs."""

    source: SourceConfig = MISSING  # chosen by a group option
    subset: str = option(is_path=True)
    """A published split (`udacity`, …), `ids:FILE`, `range:FIRST-LAST`, `sample:N` or `all`."""
    dry_run: bool = MISSING
    """Print only how many objects and bytes would move (`--dry-run`)."""
    verify: bool = MISSING
    """List the bucket anew, compare the local files by MD5, and fetch again what differs."""
    relist: bool = MISSING
    """List the bucket anew, though an earlier listing is kept."""
    output_root: str = option(is_path=True)
    """Folder for the report."""
    lists_dir: str = option(is_path=True)
    """Folder of the lists that others published; they are not part of binrecon."""
    cache_dir: str = option(is_path=True)
    """Cache directory: here, of fetched bins."""
