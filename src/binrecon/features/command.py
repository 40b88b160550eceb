"""The verb `features`: list the stores, check their bytes, remove what nobody uses."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import JustifyMethod
from rich.table import Table

from binrecon.config.features import FeaturesConfig
from binrecon.console import get_console, track
from binrecon.errors import FeatureStoreError
from binrecon.features.store import FeatureStore, read_fingerprint

_DAY_S = 86_400


def features(config: FeaturesConfig) -> None:
    """Do what `config.action` says to the stores below the cache.

    Raises:
        FeatureStoreError: If `verify` found damage. The damaged blocks count as not done from then on, and
            the next run computes them anew.
    """
    root = Path(config.cache_dir) / "features"
    stores, outdated = list(find_stores(root)), list(find_outdated(root))
    match config.action:
        case "ls":
            get_console().print(describe_stores(stores))
            if outdated:
                get_console().print(f"{len(outdated)} more are of another version; prune removes them")
        case "verify":
            verify_stores(stores)
        case "prune":
            unused = find_unused(stores, config.unused_days)
            for folder in (*unused, *outdated):
                _remove(folder)
            if not unused and not outdated:
                get_console().print(
                    f"nothing to remove: {_count(stores)}, none unused for {config.unused_days:g} days"
                )


def find_stores(root: Path) -> Iterator[FeatureStore]:
    """Yield every store below a folder, in order of their names."""
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        fingerprint = read_fingerprint(folder)
        if fingerprint is not None:
            yield FeatureStore(root, fingerprint)


def find_outdated(root: Path) -> Iterator[Path]:
    """Yield every folder whose features another version computed, which this one never reads."""
    for path in sorted(root.glob("*/fingerprint.json")):
        if read_fingerprint(path.parent) is None:
            yield path.parent


def describe_stores(stores: list[FeatureStore]) -> Table:
    """Show what each store holds, how large it is and when it was last used."""
    table = Table(title=_count(stores), title_justify="left", title_style="")
    for heading in ("store", "views", "width", "MB", "done", "days unused"):
        justify: JustifyMethod = "left" if heading == "store" else "right"
        table.add_column(heading, justify=justify, overflow="fold")  # cut off, names of stores are the same
    for store in stores:
        blocks = store.list_blocks()
        rows = blocks[-1].stop if blocks else 0
        done = len(blocks) - len(store.list_undone_blocks())
        table.add_row(
            store.folder.name,
            f"{rows:,}",
            f"{store.fingerprint.feature_count:,}",
            f"{rows * store.row_bytes / 1e6:,.1f}",
            f"{done} of {len(blocks)} blocks",
            f"{(time.time() - store.last_used) / _DAY_S:.0f}",
        )
    return table


def verify_stores(stores: list[FeatureStore]) -> None:
    """Compare the bytes of every done block with the hash that was written with them.

    Raises:
        FeatureStoreError: If some differ.
    """
    damaged = []
    for store in stores:
        blocks = [block for block in store.list_blocks() if store.is_done(block)]
        for block in track(blocks, f"verifying {store.folder.name}", len(blocks), "blocks"):
            if not store.is_sound(block):
                store.forget(block)
                damaged.append(f"block {block.number} of {store.folder.name}")
    if damaged:
        raise FeatureStoreError(
            f"{len(damaged)} blocks are not what was written: {', '.join(damaged[:5])}; "
            "they count as not done now, and the next run computes them anew. Check the disk"
        )
    get_console().print(f"{_count(stores)}, every block as it was written")


def find_unused(stores: list[FeatureStore], unused_days: float) -> list[Path]:
    """List the folders of the stores that no run has used for so many days."""
    return [store.folder for store in stores if time.time() - store.last_used >= unused_days * _DAY_S]


def _count(stores: list[FeatureStore]) -> str:
    return f"{len(stores):,} feature store{'' if len(stores) == 1 else 's'}"


def _remove(folder: Path) -> None:
    shutil.rmtree(folder)
    get_console().print(f"removed {folder}")
