"""Facts of earlier builds on disk, so that only bins that changed are read again."""

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from binrecon.manifest.facts import FACTS_SCHEMA, FACTS_VERSION
from binrecon.manifest.parts import list_parts, read_part, write_part

_COMPACT = "facts.parquet"
_DRAFT_MAX_AGE_S = 86_400.0  # no build takes a day to write one file


class FactsCache:
    """Facts of one source: one file after a whole build, some parts more after a build that was killed.

    Several builds may use one cache at once: every file is whole, and every row holds for its stamps.

    Args:
        root: Folder of all caches; made when first written to.
        source_identity: Text that no other source shares.
        with_records: Whether the facts were read with records; each kind has its own files.
    """

    def __init__(self, root: Path, source_identity: str, with_records: bool) -> None:
        # Another version of the decoder may find another photo corrupt.
        parts = [source_identity, with_records, FACTS_VERSION, version("torchcodec")]
        self.folder = root / hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        self._paths: list[Path] = []

    @property
    def is_compact(self) -> bool:
        """Return whether all that was loaded or added stands in the one file that a whole build leaves."""
        return [path.name for path in self._paths] == [_COMPACT]

    def load(self) -> list[pa.Table]:
        """Read every file that is sound, the latest last; print a line for each that is damaged.

        Returns:
            Tables of `FACTS_SCHEMA`, some tens of thousands of rows each, sorted by `bin_id`; an id may stand
            in several.
        """
        self._paths = list_parts(self.folder)
        return [table for path in self._paths for table in _read_part(path) if len(table)]

    def add(self, facts: pa.Table) -> None:
        """Keep facts of a build that goes on.

        Raises:
            OutputError: If the folder cannot be written.
        """
        # Sorts behind the compact file and behind earlier parts.
        self._write(facts, self.folder / f"part-{time.time_ns():020d}-{uuid4().hex}.parquet")

    def replace(self, facts: pa.Table) -> None:
        """Keep the facts of a whole build in one file, in place of all that was loaded and added.

        Raises:
            OutputError: If the folder cannot be written.
        """
        compact = self.folder / _COMPACT
        self._write(facts, compact)
        for path in self._paths:
            if path != compact:
                path.unlink(missing_ok=True)
        self._paths = [compact]
        self._remove_drafts()

    def _write(self, facts: pa.Table, path: Path) -> None:
        write_part(facts, path)
        self._paths.append(path)

    def _remove_drafts(self) -> None:
        """Remove what builds left that were killed while they wrote."""
        for draft in self.folder.glob(".*"):
            with suppress(FileNotFoundError):  # another build has finished or removed it
                if time.time() - draft.stat().st_mtime > _DRAFT_MAX_AGE_S:
                    draft.unlink()


def _read_part(path: Path) -> list[pa.Table]:
    def find_fault(tables: Sequence[pa.Table]) -> str | None:
        columns = [table["bin_id"] for table in tables]
        is_sorted = all(pc.all(pc.less(ids[:-1], ids[1:]), min_count=0).as_py() for ids in columns)
        return None if is_sorted else f"'{path}' is not sorted"

    return read_part(path, FACTS_SCHEMA, "its bins are checked anew", find_fault)
