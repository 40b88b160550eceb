"""Counts of any number of photos, in a stream: what is kept is not computed, what is computed is kept."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from binrecon.console import ProgressMeter, get_console
from binrecon.reconcile.count_store import CountStore, PhotoCounts, find_missing, take_counts
from binrecon.reconcile.counting_run import CountingRun
from binrecon.reconcile.looks import Looker
from binrecon.reconcile.novelty import Novelty


def count_photos(
    run: CountingRun, looker: Looker, photos: pa.Table, novelty: Novelty | None, cache_dir: Path
) -> PhotoCounts:
    """Say how many items each photo shows, and how unlike the training photos it is.

    Chunks are kept as soon as they are computed, by the hash of the photo. So the same photos are never
    looked at twice, and after a kill only the chunk at hand is lost.

    Args:
        run: Whose counter looks.
        looker: How it looks.
        photos: Rows of `PHOTOS_SCHEMA`, each hash once.
        novelty: What unlikeness is measured by; None measures none.
        cache_dir: Where counts are kept.

    Raises:
        OutputError: If they cannot be kept.
        PhotoError: If a photo changes meanwhile.
    """
    identity = f"{run.checkpoint_hash} {looker.identity} {run.config.data.tta} {novelty is not None}"
    store = CountStore(cache_dir / "counts", identity, len(run.counter.counts))
    hashes = photos["sha256"]
    kept = store.load()
    missing = find_missing(kept, hashes)
    if len(missing) < len(photos):
        get_console().print(f"{len(photos) - len(missing):,} of {len(photos):,} photos are counted already")
    if len(missing):
        _count(looker, photos.take(missing), novelty, store)
        kept = store.load()
    return take_counts(kept, hashes)


def _count(looker: Looker, photos: pa.Table, novelty: Novelty | None, store: CountStore) -> None:
    looker.prepare(photos)
    hashes = photos["sha256"].combine_chunks()
    with ProgressMeter("counting", len(photos), "photos") as meter:
        for start in range(0, len(photos), looker.chunk_rows):
            stop = min(start + looker.chunk_rows, len(photos))
            look = looker.look(start, stop)
            unknown = np.full(stop - start, np.nan, np.float32)
            distances = unknown if novelty is None else novelty.distance(look.features)
            store.add(hashes[start:stop], PhotoCounts(look.log_probabilities, distances))
            meter.advance(stop - start)
