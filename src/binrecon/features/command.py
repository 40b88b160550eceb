"""The verb `features`: list, check and remove what is cached: features, counts and file facts."""

import shutil
import time
from pathlib import Path
from uuid import uuid4

from rich.console import JustifyMethod
from rich.table import Table

from binrecon.config.features import FeaturesConfig
from binrecon.console import get_console
from binrecon.errors import DamagedCacheError, FeatureStoreError
from binrecon.features.claims import is_claimed
from binrecon.features.inspection import StoreFolder, check_store, list_folders, list_strangers
from binrecon.features.lock import hold_folder
from binrecon.features.store import find_last_use
from binrecon.manifest.parts import check_parts
from binrecon.sealed_file import discard

_DAY_S = 86_400
_TABLES = ("counts", "facts")
"""Folders beside that of the features: what counters said of photos, and what photos and records are."""


def features(config: FeaturesConfig) -> None:
    """Do what `config.action` says to the cache.

    Raises:
        FeatureStoreError: If `verify` found damage, or `prune` may not remove something.
    """
    root = Path(config.cache_dir)
    match config.action:
        case "ls":
            list_cache(root)
        case "verify":
            verify_cache(root)
        case "prune":
            prune_cache(root, config.unused_days)


def list_cache(root: Path) -> None:
    """Print what the cache holds, how large it is and when it was last used."""
    stores = list_folders(root / "features")
    get_console().print(describe_stores([one for one in stores if not one.is_outdated]))
    if outdated := sum(one.is_outdated for one in stores):
        get_console().print(f"{outdated} more are of another version; prune removes them")
    for kind in _TABLES:
        if folders := _list_tables(root, kind):
            size = sum(path.stat().st_size for folder in folders for path in folder.iterdir())
            days = (time.time() - max(folder.stat().st_mtime for folder in folders)) / _DAY_S
            plural = "" if len(folders) == 1 else "s"
            _say(f"{kind}: {len(folders):,} folder{plural}, {size / 1e6:,.1f} MB, {days:.0f} days unused")


def describe_stores(stores: list[StoreFolder]) -> Table:
    """Show what each store holds, how large it is and when it was last used."""
    table = Table(title=_count(len(stores)), title_justify="left", title_style="")
    for heading in ("store", "views", "width", "MB", "done", "days unused"):
        justify: JustifyMethod = "left" if heading == "store" else "right"
        table.add_column(heading, justify=justify, overflow="fold")  # cut off, names of stores are the same
    for one in stores:
        days = f"{(time.time() - find_last_use(one.folder)) / _DAY_S:.0f}"
        table.add_row(one.folder.name, *_describe_store(one), days)
    return table


def _describe_store(one: StoreFolder) -> tuple[str, str, str, str]:
    if one.store is None:
        return "", "", "", "damaged"
    width = f"{one.store.fingerprint.feature_count:,}"
    try:
        table = one.store.check_index()
    except (DamagedCacheError, FeatureStoreError):
        return "", width, "", "damaged"
    done = f"{table.is_done.sum()} of {len(table.rows.blocks)} blocks"
    return f"{len(table.rows):,}", width, f"{len(table.rows) * one.store.row_bytes / 1e6:,.1f}", done


def verify_cache(root: Path) -> None:
    """Compare every file of the cache with what was written, and print what came of it.

    Damaged blocks and tables count as not there from then on; all else the next run repairs that uses it.

    Raises:
        FeatureStoreError: If something is damaged.
    """
    faults = 0
    stores = list_folders(root / "features")
    for one in stores:
        faults += _verify_store(one)
    for kind in _TABLES:
        for folder in _list_tables(root, kind):
            for path, fault in check_parts(folder):
                discard(path)
                _say(f"{kind}/{folder.name}: {fault}; removed")
                faults += 1
    if faults:
        raise FeatureStoreError(
            f"{faults} fault{'' if faults == 1 else 's'} in '{root}', listed above; what is damaged is made "
            "anew by the next run that needs it. Check the disk"
        )
    get_console().print(f"{_count(len(stores))}, everything as it was written")


def _verify_store(one: StoreFolder) -> int:
    name = one.folder.name
    if one.is_outdated:
        _say(f"{name}: of another version, never read; prune removes it")
        return 0
    found = check_store(one)
    for fault in found.faults:
        _say(f"{name}: {fault}")
    if not found.faults:
        _say(f"{name}: {found.done} of {found.blocks} blocks, as written")
    if strangers := list_strangers(one.folder):
        _say(f"{name}: holds what is not its own: {', '.join(strangers)}")
    return len(found.faults)


def prune_cache(root: Path, unused_days: float) -> None:
    """Remove what no run has used for so many days, and what another version wrote.

    Raises:
        FeatureStoreError: If something may not be removed.
    """
    stores = list_folders(root / "features")
    removed = 0
    for one in stores:
        if one.is_outdated or _is_unused(find_last_use(one.folder), unused_days):
            removed += _remove_store(one.folder)
    for kind in _TABLES:
        for folder in _list_tables(root, kind):
            if _is_unused(folder.stat().st_mtime, unused_days):
                removed += _remove(folder)
    for kind in ("features", *_TABLES):  # of a killed prune
        for leftover in (root / kind).glob(".*.removed"):
            shutil.rmtree(leftover, ignore_errors=True)
    if not removed:
        get_console().print(f"nothing to remove: {_count(len(stores))}, none unused for {unused_days:g} days")


def _is_unused(last_used: float, unused_days: float) -> bool:
    return time.time() - last_used >= unused_days * _DAY_S


def _list_tables(root: Path, kind: str) -> list[Path]:
    folders = (root / kind).iterdir() if (root / kind).is_dir() else ()
    return sorted(folder for folder in folders if folder.is_dir() and not folder.name.startswith("."))


def _remove_store(folder: Path) -> bool:
    if is_claimed(folder):
        _say(f"kept {folder}: a run computes features there")
        return False
    try:
        with hold_folder(folder):
            return _remove(folder)
    except OSError as error:
        raise FeatureStoreError(f"'{folder}' cannot be removed ({error.strerror or error})") from error


def _remove(folder: Path) -> bool:
    """Take a folder away from all others at once, then remove it."""
    aside = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.removed")
    try:
        folder.rename(aside)
        shutil.rmtree(aside)
    except OSError as error:
        raise FeatureStoreError(f"'{folder}' cannot be removed ({error.strerror or error})") from error
    _say(f"removed {folder}")
    return True


def _count(stores: int) -> str:
    return f"{stores:,} feature store{'' if stores == 1 else 's'}"


def _say(text: str) -> None:
    get_console().print(text, highlight=False, markup=False)
