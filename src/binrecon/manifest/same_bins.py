"""Comparison of the bins at hand with those of a run, by content, wherever they lie now."""

import hashlib
from typing import Any, NamedTuple

from binrecon.errors import ManifestError, SourceError
from binrecon.manifest.schema import Manifest, SplitRows
from binrecon.sources import Source

_IDENTITY = ("photo_sha256", "recorded_count", "split", "status")
"""Columns of the manifest that make a bin what it is to a run, beside its id."""

NEW_RUN = "training on with new data is a new run: start one in another folder"


class Difference(NamedTuple):
    """Bins that are not the same in two manifests.

    Attributes:
        bins: How many there are.
        example: What is different about the first of them.
    """

    bins: int
    example: str


def find_difference(earlier: Manifest, here: Manifest) -> Difference | None:
    """Compare two manifests by what makes a bin what it is to a run; None if no bin differs."""
    if earlier.content_hash() == here.content_hash():
        return None
    there, now = _read_identities(earlier), _read_identities(here)
    differing = [bin_id for bin_id in sorted({*there, *now}) if there.get(bin_id) != now.get(bin_id)]
    if not differing:
        return None
    first = differing[0]
    return Difference(len(differing), f"bin {first} {_describe(there.get(first), now.get(first))}")


def _read_identities(manifest: Manifest) -> dict[str, tuple[Any, ...]]:
    columns = (manifest.table[name].to_pylist() for name in _IDENTITY)
    return dict(zip(manifest.table["bin_id"].to_pylist(), zip(*columns, strict=True), strict=True))


def _describe(there: tuple[Any, ...] | None, now: tuple[Any, ...] | None) -> str:
    if now is None:
        return "is missing"
    if there is None:
        return "is new"
    name, before, after = next(
        (name, before, after)
        for name, before, after in zip(_IDENTITY, there, now, strict=True)
        if before != after
    )
    if name == "photo_sha256":
        return "has another photo"
    before, after = ("none" if value is None else value for value in (before, after))
    return f"has {name.replace('_', ' ')} {before} there, {after} here"


def check_photos(rows: SplitRows, source: Source, where: str) -> None:
    """Refuse a source whose photos are not those of a run.

    Args:
        rows: The bins of the run that are to be read.
        source: The source, prepared.
        where: The key and value that name the source, for the error.

    Raises:
        ManifestError: With how many bins differ and an example.
    """
    other = [
        bin_id
        for bin_id, known in zip(rows.bin_ids, rows.photo_hashes, strict=True)
        if _hash_photo(source, bin_id) != known
    ]
    if other:
        raise ManifestError(
            f"{where}: the bins there are not those of the run: {len(other)} of {len(rows.bin_ids)} photos "
            f"are others or missing, for instance that of bin {other[0]}; give the folder of the run's bins"
        )


def _hash_photo(source: Source, bin_id: str) -> str | None:
    try:
        return hashlib.sha256(source.read_photo(bin_id)).hexdigest()
    except (OSError, SourceError):
        return None
