"""A source that draws its bins: known counts, no download, as many as wanted."""

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from binrecon.console import track
from binrecon.errors import SourceError
from binrecon.json_file import read_object
from binrecon.sources.layout import PHOTO_FOLDER, PHOTO_SUFFIX, RECORD_FOLDER, RECORD_SUFFIX
from binrecon.sources.local import LocalSource
from binrecon.sources.source import BinListing, BinStamp, Source
from binrecon.sources.synthetic.faults import Fault, PlantedFaults, check_faults, cut_off
from binrecon.sources.synthetic.plan import PlannedBin, plan_bins
from binrecon.sources.synthetic.records import build_record
from binrecon.sources.synthetic.render import render_photo
from binrecon.sources.synthetic.scene import Scene, remove_item, sample_scene

RENDERER_VERSION = 1
"""To be raised with every change that changes a photo or a record, so that old and new bins never mix."""

MARKER = "finished.json"
"""Written last: the folder that holds it is complete."""

_LARGEST_COUNTS = (1, 12)
_IN_PROCESS = 64  # fewer bins are drawn sooner than worker processes start
_MOST_WORKERS = 16
_CHUNK = 16


class SyntheticSource:
    """Draws bins and keeps them in the bucket's layout.

    Each set of settings has its own folder below `root`. The same settings give the same bytes.

    Args:
        root: Folder below which the bins are kept.
        bin_count: How many bins with padded ids, from `00001`.
        seed: Decides every bin.
        largest_count: Most items in one bin.
        pair_fraction: Part of the bins that belong to a before/after pair: adjacent ids, the second photo
            taken after one unit was picked.
        faults: What to plant.

    Raises:
        SourceError: If a setting is out of range.
    """

    def __init__(
        self,
        root: Path,
        bin_count: int,
        seed: int = 0,
        largest_count: int = 7,
        pair_fraction: float = 0.3,
        faults: PlantedFaults = PlantedFaults(),  # noqa: B008 - immutable
    ) -> None:
        _check_settings(bin_count, seed, largest_count, pair_fraction)
        check_faults(faults, bin_count)
        self._root = root
        self._bin_count = bin_count
        self._seed = seed
        self._largest_count = largest_count
        self._pair_fraction = pair_fraction
        self._faults = faults
        self._bins = LocalSource(self.folder)

    @property
    def folder(self) -> Path:
        """Where the bins of these settings lie; the name ends in a fingerprint of the settings."""
        return self._root / f"synthetic-{self._bin_count}-{self._fingerprint()}"

    def prepare(self) -> None:
        """Draw the bins that are missing; a second call finds nothing left to do.

        Raises:
            SourceError: If the folder cannot be written.
        """
        if self._is_finished():
            return
        planned = plan_bins(
            self._bin_count, self._seed, self._largest_count, self._pair_fraction, self._faults
        )
        try:
            missing = self._find_missing(planned)
            for _ in track(
                _draw_all(self.folder, self._seed, missing), "rendering bins", len(missing), "bins"
            ):
                pass
            self._write_marker(planned)
        except OSError as error:
            raise SourceError(
                f"source.root: '{self._root}' cannot be written ({error.strerror or error}); "
                "free space there, or name another folder"
            ) from error

    def list_bins(self) -> BinListing:
        """List every photo and every record.

        Raises:
            SourceError: If `prepare` was never called.
        """
        return self._bins.list_bins()

    def stamp(self, bin_id: str, with_record: bool = True) -> BinStamp:
        """Return sizes and times of a bin's files."""
        return self._bins.stamp(bin_id, with_record)

    def read_photo(self, bin_id: str) -> bytes:
        """Return the bytes of a photo.

        Raises:
            MissingBinError: If there is none of that id.
        """
        return self._bins.read_photo(bin_id)

    def read_record(self, bin_id: str) -> bytes:
        """Return the bytes of a record.

        Raises:
            MissingBinError: If there is none of that id.
        """
        return self._bins.read_record(bin_id)

    def _settings(self) -> dict[str, object]:
        return {
            "renderer_version": RENDERER_VERSION,
            "bin_count": self._bin_count,
            "seed": self._seed,
            "largest_count": self._largest_count,
            "pair_fraction": float(self._pair_fraction),
            "faults": asdict(self._faults),
        }

    def _fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self._settings(), sort_keys=True).encode()).hexdigest()[:12]

    def _is_finished(self) -> bool:
        """Tell whether the marker stands there and as many files as it states."""
        try:
            marker = read_object(self.folder / MARKER)
            photos, records = (
                sum(1 for _ in (self.folder / name).iterdir()) for name in (PHOTO_FOLDER, RECORD_FOLDER)
            )
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False
        return marker.get("photos") == photos and marker.get("records") == records

    def _find_missing(self, planned: list[PlannedBin]) -> list[PlannedBin]:
        """List the bins of which a file is missing; remove what an interrupted run left half written."""
        present: set[str] = set()
        for name in (PHOTO_FOLDER, RECORD_FOLDER):
            folder = self.folder / name
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("*.tmp"):
                path.unlink(missing_ok=True)
            present.update(path.name for path in folder.iterdir())
        return [entry for entry in planned if not present.issuperset(_list_files(entry))]

    def _write_marker(self, planned: list[PlannedBin]) -> None:
        records = sum(entry.fault != Fault.MISSING_RECORD for entry in planned)
        marker = {"settings": self._settings(), "photos": len(planned), "records": records}
        _write_file(self.folder / MARKER, json.dumps(marker, indent=2).encode())


def build_scene(entry: PlannedBin, seed: int) -> Scene:
    """Draw what stands before the camera for one planned bin."""
    rng = np.random.default_rng([seed, entry.number])
    if not entry.is_after_pick:
        return sample_scene(rng, entry.item_count)
    before = sample_scene(np.random.default_rng([seed, entry.number - 1]), entry.item_count + 1)
    return remove_item(before, rng)


def build_bin(entry: PlannedBin, seed: int) -> tuple[bytes, bytes | None]:
    """Draw one planned bin.

    Returns:
        The bytes of its photo and of its record, or None if its record is missing.
    """
    scene = build_scene(entry, seed)
    photo = render_photo(scene if entry.photo_of is None else build_scene(entry.photo_of, seed))
    if entry.fault == Fault.CORRUPT_PHOTO:
        photo = cut_off(photo)
    if entry.fault == Fault.MISSING_RECORD:
        return photo, None
    surplus = 1 if entry.fault == Fault.CONTRADICTORY_RECORD else 0
    photo_name = f"{entry.bin_id}{PHOTO_SUFFIX}" if entry.is_unpadded else None
    return photo, build_record(scene.items, surplus, photo_name)


def _check_settings(bin_count: int, seed: int, largest_count: int, pair_fraction: float) -> None:
    least, most = _LARGEST_COUNTS
    if bin_count < 1:
        raise SourceError(f"source.bin_count: must be 1 or more, got {bin_count}; say how many bins to draw")
    if seed < 0:
        raise SourceError(f"source.seed: must be 0 or more, got {seed}; choose another seed")
    if not least <= largest_count <= most:
        raise SourceError(
            f"source.largest_count: must be from {least} to {most}, got {largest_count}; "
            "more items than that cannot be told apart in one photo"
        )
    if not 0 <= pair_fraction <= 1:
        raise SourceError(
            f"source.pair_fraction: must be from 0 to 1, got {pair_fraction}; "
            "set it to 0 for no before/after pairs"
        )


def _list_files(entry: PlannedBin) -> list[str]:
    photo, record = f"{entry.bin_id}{PHOTO_SUFFIX}", f"{entry.bin_id}{RECORD_SUFFIX}"
    return [photo] if entry.fault == Fault.MISSING_RECORD else [photo, record]


def _draw_all(folder: Path, seed: int, entries: list[PlannedBin]) -> Iterator[str]:
    """Draw and write bins, on every core if there are many; yield each id as it is done."""
    if len(entries) < _IN_PROCESS:
        yield from (_draw_one(folder, seed, entry) for entry in entries)
        return
    workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, _MOST_WORKERS)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(_draw_one, folder, seed), entries, chunksize=_CHUNK)


def _draw_one(folder: Path, seed: int, entry: PlannedBin) -> str:
    photo, record = build_bin(entry, seed)
    _write_file(folder / PHOTO_FOLDER / f"{entry.bin_id}{PHOTO_SUFFIX}", photo)
    if record is not None:
        _write_file(folder / RECORD_FOLDER / f"{entry.bin_id}{RECORD_SUFFIX}", record)
    return entry.bin_id


def _write_file(path: Path, content: bytes) -> None:
    """Write to another name, then rename: a file is whole or not there."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    unfinished.write_bytes(content)
    unfinished.replace(path)


if TYPE_CHECKING:
    _satisfies_source: type[Source] = SyntheticSource
