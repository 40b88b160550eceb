"""The folders of a cache of features: which are stores, and what is wrong with them."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from binrecon.config.engine_words import INT8
from binrecon.errors import DamagedCacheError, FeatureStoreError
from binrecon.features.claims import CLAIMS
from binrecon.features.fingerprint import FEATURES_VERSION, read_fingerprint
from binrecon.features.index import BLOCKS, FEATURES, FINGERPRINT, ROWS
from binrecon.features.lock import LOCK
from binrecon.features.network import NETWORK, check_network
from binrecon.features.store import FeatureStore

_FILES = {FINGERPRINT, ROWS, FEATURES, BLOCKS, CLAIMS, LOCK, NETWORK}


class StoreFolder(NamedTuple):
    """A folder below the root of all stores.

    Args:
        folder: Where it is.
        store: What it holds; None if its fingerprint is damaged, or of another version.
        is_outdated: Whether another version wrote it, which this one never reads.
    """

    folder: Path
    store: FeatureStore | None
    is_outdated: bool = False


class Finding(NamedTuple):
    """A check of a store.

    Args:
        done: Blocks whose features are there.
        blocks: All blocks.
        faults: What is damaged, a text for each.
    """

    done: int = 0
    blocks: int = 0
    faults: tuple[str, ...] = ()


def list_folders(root: Path) -> list[StoreFolder]:
    """List every folder below the root of all stores, in order of their names."""
    if not root.is_dir():
        return []
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    return [_open_folder(folder) for folder in folders]


def _open_folder(folder: Path) -> StoreFolder:
    fingerprint = read_fingerprint(folder)
    if fingerprint is not None and fingerprint.version == FEATURES_VERSION:
        return StoreFolder(folder, FeatureStore(folder.parent, fingerprint))
    return StoreFolder(folder, None, fingerprint is not None or _is_of_other_fields(folder))


def _is_of_other_fields(folder: Path) -> bool:
    """Tell whether a folder is named after its fingerprint, whatever that consists of."""
    try:
        fields = json.loads((folder / FINGERPRINT).read_text())
    except (OSError, ValueError, RecursionError):
        return False
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    return folder.name.endswith(digest[:16])


def check_store(one: StoreFolder) -> Finding:
    """Compare every file of a store with what was written; damaged blocks count as not done from then on."""
    if one.store is None:
        return Finding(faults=(f"{FINGERPRINT} is damaged, so nothing can be checked",))
    try:
        table = one.store.check_index()
    except (DamagedCacheError, FeatureStoreError) as error:
        return Finding(faults=(str(error),))
    blocks = table.rows.blocks
    done = [block for block in blocks if table.is_done[block.number]]
    faults = list(_check_network(one.store, bool(done)))
    if damaged := table.find_damaged(done, is_quiet=False, reads_all=True):
        one.store.forget_damaged(damaged)
        numbers = ", ".join(str(block.number) for block in damaged[:5])
        more = ", …" if len(damaged) > 5 else ""
        faults.append(f"{len(damaged)} of {len(done)} blocks are not what was written: {numbers}{more}")
    return Finding(len(done) - len(damaged), len(blocks), tuple(faults))


def _check_network(store: FeatureStore, has_done_blocks: bool) -> Iterator[str]:
    is_int8 = store.fingerprint.precision == INT8
    try:
        if is_int8:
            check_network(store.folder, is_wanted=has_done_blocks)
    except (DamagedCacheError, OSError) as error:
        yield str(error)


def list_strangers(folder: Path) -> list[str]:
    """List what lies in a store's folder and is not its own, by name; drafts of killed processes aside."""
    names = {path.name for path in folder.iterdir()}
    return sorted(name for name in names - _FILES if not name.startswith("."))
