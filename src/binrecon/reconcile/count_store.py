"""Predictions of photos in files that are whole, so that a killed reconciliation can be resumed."""

import hashlib
import json
import time
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from binrecon.manifest.parts import list_parts, read_part, write_part

_VERSION = 2
"""To be raised with every change after which the same counter says other things of the same photo, or counts
lie otherwise on disk."""

_HASH = "photo_sha256"
_NOVELTY = "novelty"


class PhotoCounts(NamedTuple):
    """The predictions of a counter for N photos.

    Args:
        log_probabilities: Not calibrated, float32, shape (N, C).
        novelty: Distance to the training photos, float32, shape (N,); NaN where it was not asked for.
    """

    log_probabilities: NDArray[np.float32]
    novelty: NDArray[np.float32]


class CountStore:
    """Counts by the SHA-256 of photos, for one counter and one way of looking.

    Args:
        root: Folder of all such stores.
        identity: Text that names all that counts depend on besides the photo.
        class_count: C.
    """

    def __init__(self, root: Path, identity: str, class_count: int) -> None:
        digest = hashlib.sha256(json.dumps([identity, _VERSION]).encode()).hexdigest()
        self.folder = root / digest[:16]
        fields = [pa.field(f"class_{number}", pa.float32()) for number in range(class_count)]
        self._schema = pa.schema([pa.field(_HASH, pa.string()), *fields, pa.field(_NOVELTY, pa.float32())])

    def load(self) -> pa.Table:
        """Read every part that is sound; print a line for each that is damaged."""
        parts = [self._schema.empty_table()]
        for path in list_parts(self.folder):
            parts += read_part(path, self._schema, "its photos are counted anew", lambda _: None)
        return pa.concat_tables(parts)

    def add(self, hashes: pa.Array, counts: PhotoCounts) -> None:
        """Keep what was said of some photos.

        Raises:
            OutputError: If the folder cannot be written.
        """
        columns = [hashes, *counts.log_probabilities.T, counts.novelty]
        part = pa.table([pa.array(column) for column in columns], schema=self._schema)
        write_part(part, self.folder / f"part-{time.time_ns():020d}-{uuid4().hex}.parquet")


def find_missing(table: pa.Table, hashes: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return the places of the hashes that a table of a store has not."""
    return np.flatnonzero(np.asarray(pc.is_null(pc.index_in(hashes, value_set=table[_HASH]))))


def take_counts(table: pa.Table, hashes: pa.ChunkedArray) -> PhotoCounts:
    """Return the counts of photos, each of which the table has, in the order of the hashes."""
    rows = pc.index_in(hashes, value_set=table[_HASH])
    columns = [table[name].take(rows).to_numpy() for name in table.column_names[1:]]
    return PhotoCounts(np.stack(columns[:-1], axis=1), columns[-1])
