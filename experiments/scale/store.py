"""Peak memory and time of giving rows to so many views in a feature store: `store.py VIEWS`."""

import hashlib
import resource
import sys
import tempfile
import time
from pathlib import Path

from binrecon.features.fingerprint import Fingerprint
from binrecon.features.rows import RowKey
from binrecon.features.store import FeatureStore


def main(views: int) -> None:
    """Add rows for photos with made-up hashes, two views each, and print what it took."""
    keys = (
        RowKey(hashlib.sha256(str(photo).encode()).hexdigest(), view)
        for photo in range(views // 2)
        for view in (0, 1)
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(Path(folder), make_fingerprint())
        started = time.monotonic()
        rows = store.add_rows(keys)
        seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"| {rows:,} | {seconds:.1f} s | {before:,.0f} MiB | {peak:,.0f} MiB |\n")


def make_fingerprint() -> Fingerprint:
    """Describe features of a single value: their number costs space on disk, not what is measured."""
    return Fingerprint("none", "0" * 64, image_size=224, resize="squash", feature_count=1, dtype="float16")


if __name__ == "__main__":
    main(int(sys.argv[1]))
