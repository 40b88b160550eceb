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

import numpy as np

from binrecon.console import track
from binrecon.errors import SourceError
from binrecon.json_file import read_object
from binrecon.sources.layout import PHOTO_FOLDER, PHOTO_SUFFIX, RECORD_FOLDER, RECORD_SUFFIX
from binrecon.sources.local import LocalSource
from binrecon.sources.synthetic.faults import Fault, check_faults
from binrecon.sources.synthetic.options import FaultsConfig
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


class SyntheticSource(LocalSource):
    """Draws bins and keeps them in the bucket's layout.

    Each set of settings has its own folder below `root`. The same settings give the same bytes.

    Args:
        root: Folder below which the bins are kept.
        bin_count: Bins with padded ids, from `00001`.
        seed: Seed of all bins.
        largest_count: Most items in one bin.
        pair_fraction: Part of the bins that belong to a before/after pair: adjacent ids, the second photo
            taken after one unit was picked.
        faults: Faults to plant.

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
        faults: FaultsConfig | None = None,
    ) -> None:
        faults = faults or FaultsConfig()
        _check_settings(bin_count, seed, largest_count, pair_fraction)
        check_faults(faults, bin_count)
        self._seed = seed
        self._asked = (bin_count, seed, largest_count, pair_fraction, faults)
        self._settings = {
            "renderer_version": RENDERER_VERSION,
            "bin_count": bin_count,
            "seed": seed,
            "largest_count": largest_count,
            "pair_fraction": float(pair_fraction),
            "faults": asdict(faults),
        }
        fingerprint = hashlib.sha256(json.dumps(self._settings, sort_keys=True).encode()).hexdigest()[:12]
        super().__init__(root / f"synthetic-{bin_count}-{fingerprint}")

    def prepare(self) -> None:
        """Draw the bins that are missing; a second call finds nothing left to do.

        Raises:
            SourceError: If the folder cannot be written.
        """
        if self._is_finished():
            return
        planned = plan_bins(*self._asked)
        try:
            missing = self._find_missing(planned)
            drawn = _draw_all(self.folder, self._seed, missing)
            for _ in track(drawn, "rendering bins", len(missing), "bins"):
                pass
            self._write_marker(planned)
        except OSError as error:
            raise SourceError(
                f"source.root: '{self.folder.parent}' cannot be written ({error.strerror or error}); "
                "free space there, or name another folder"
            ) from error

    def _is_finished(self) -> bool:
        """Return whether the marker and as many files as it states are there."""
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
        marker = {"settings": self._settings, "photos": len(planned), "records": records}
        _write_file(self.folder / MARKER, json.dumps(marker, indent=2).encode())


def build_scene(entry: PlannedBin, seed: int) -> Scene:
    """Sample the scene of one planned bin."""
    rng = np.random.default_rng([seed, entry.number])
    if not entry.is_after_pick:
        return sample_scene(rng, entry.item_count)
    before = sample_scene(np.random.default_rng([seed, entry.number - 1]), entry.item_count + 1)
    return remove_item(before, rng)


def build_bin(entry: PlannedBin, seed: int) -> tuple[bytes, bytes | None]:
    """Draw one planned bin; return the bytes of its photo and of its record, None if that is missing."""
    scene = build_scene(entry, seed)
    photo = render_photo(scene if entry.photo_of is None else build_scene(entry.photo_of, seed))
    if entry.fault == Fault.CORRUPT_PHOTO:
        photo = photo[: len(photo) * 2 // 5]  # as a broken transfer leaves it
    if entry.fault == Fault.MISSING_RECORD:
        return photo, None
    surplus = 1 if entry.fault == Fault.CONTRADICTORY_RECORD else 0
    photo_name = f"{entry.bin_id}{PHOTO_SUFFIX}" if entry.is_unpadded else None
    return photo, build_record(scene.items, surplus, photo_name)


def _check_settings(bin_count: int, seed: int, largest_count: int, pair_fraction: float) -> None:
    least, most = _LARGEST_COUNTS
    for key, is_sound, message in (
        ("bin_count", bin_count >= 1, f"1 or more, got {bin_count}; say how many bins to draw"),
        ("seed", seed >= 0, f"0 or more, got {seed}; choose another seed"),
        (
            "largest_count", least <= largest_count <= most, f"from {least} to {most}, got {largest_count}; "
            "more items than that cannot be told apart in one photo",
        ),
        (
            "pair_fraction", 0 <= pair_fraction <= 1, f"from 0 to 1, got {pair_fraction}; "
            "set it to 0 for no before/after pairs",
        ),
    ):  # fmt: skip
        if not is_sound:
            raise SourceError(f"source.{key}: must be {message}")


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
