"""Reference of usual photos: those that a counter was trained and chosen on, measured once and cached."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from binrecon.config.split_words import Split
from binrecon.console import get_console, track
from binrecon.errors import BinreconError, CheckpointError, DamagedCacheError
from binrecon.manifest.photo_quality import measure_photo
from binrecon.reconcile.counting_run import CountingRun
from binrecon.reconcile.looks import PHOTOS_SCHEMA, Looker, build_looker
from binrecon.reconcile.novelty import Novelty, fit_novelty
from binrecon.sealed_file import read_sealed, write_sealed
from binrecon.sources import Source
from binrecon.sources.build import build_source
from binrecon.sources.photo import decode_photo

MOST_PHOTOS = 2_000
"""Training photos whose features are described, and validation photos that thresholds are taken from."""

_FILE = "photo_reference.npz"
_VERSION = "2"


@dataclass(frozen=True)
class PhotoReference:
    """The distribution of usual photos.

    Args:
        novelty: What unlikeness to the training photos is measured by.
        val_sharpness: Of validation photos, shape (N,).
        val_brightness: As above.
        val_novelty: As above.
    """

    novelty: Novelty
    val_sharpness: NDArray[np.float32]
    val_brightness: NDArray[np.float32]
    val_novelty: NDArray[np.float32]


def prepare_reference(run: CountingRun, workers: int) -> PhotoReference:
    """Read what an earlier reconciliation kept in the run's folder, or measure the run's own photos.

    Args:
        run: The run.
        workers: Processes that decode.

    Raises:
        CheckpointError: If the photos that the run was trained on are no longer to be had.
    """
    path = run.folder.path / _FILE
    if (kept := _read(path, run.checkpoint_hash)) is not None:
        return kept
    try:
        reference = _measure(run, workers)
    except (BinreconError, OSError) as error:
        raise CheckpointError(
            f"checkpoint: '{run.folder.path}' does not know yet what usual photos are like, and those that "
            f"it was trained on cannot be read ({str(error).splitlines()[0]}). Reconcile once where they "
            "are, or leave unusual photos in with quality.is_judged=false"
        ) from error
    try:
        write_sealed(path, _pack(reference), _name_seal(run.checkpoint_hash))
    except OSError as error:  # a run that may only be read can be used, a little more slowly
        get_console().print(f"'{path}' cannot be written ({error.strerror}), so it is measured each time")
    return reference


def _measure(run: CountingRun, workers: int) -> PhotoReference:
    source = build_source(run.config.source)
    source.prepare()
    looker = build_looker(run, source, workers)
    get_console().print("looking at photos that the counter was trained and chosen on, once for this run")
    novelty = fit_novelty(_read_features(looker, _sample(run, "train")))
    val = _sample(run, "val")
    distances = novelty.distance(_read_features(looker, val))
    bin_ids = track(val["bin_id"].to_pylist(), "measuring usual photos", len(val), "photos")
    qualities = np.array([_measure_one(source, bin_id) for bin_id in bin_ids], np.float32).reshape(-1, 2)
    return PhotoReference(novelty, qualities[:, 0], qualities[:, 1], distances)


def _measure_one(source: Source, bin_id: str) -> tuple[float, float]:
    return measure_photo(decode_photo(source.read_photo(bin_id)))


def _sample(run: CountingRun, split: Split) -> pa.Table:
    """Take bins of a split in the order of their photos' hashes: a random order, the same each time."""
    rows = run.folder.read_manifest().select_rows(split, ["photo_sha256", "bin_id"])
    return rows.sort_by("photo_sha256").slice(0, MOST_PHOTOS).rename_columns(PHOTOS_SCHEMA.names)


def _read_features(looker: Looker, photos: pa.Table) -> NDArray[np.float32]:
    looker.prepare(photos)
    starts = range(0, len(photos), looker.chunk_rows)
    shown = track(starts, "reading features of usual photos", len(starts), "chunks")
    parts = [looker.look(start, min(start + looker.chunk_rows, len(photos))).features for start in shown]
    return np.concatenate(parts)


def _name_seal(checkpoint_hash: str) -> str:
    return f"photo reference {_VERSION} of {checkpoint_hash}"


def _pack(reference: PhotoReference) -> bytes:
    novelty = reference.novelty
    file = io.BytesIO()
    np.savez(
        file,
        mean=novelty.mean,
        scale=novelty.scale,
        directions=novelty.directions,
        variances=novelty.variances,
        rest=np.array(novelty.rest),
        val_sharpness=reference.val_sharpness,
        val_brightness=reference.val_brightness,
        val_novelty=reference.val_novelty,
    )
    return file.getvalue()


def _read(path: Path, checkpoint_hash: str) -> PhotoReference | None:
    """Read a reference; None if there is none of this counter, or it is damaged: it can be made again."""
    try:
        content = read_sealed(path, _name_seal(checkpoint_hash))
    except FileNotFoundError:
        return None
    except DamagedCacheError as error:
        line = f"{error} for this counter, so usual photos are measured anew"
        get_console().print(line, highlight=False, markup=False)
        return None
    except OSError as error:
        raise CheckpointError(
            f"'{path}' cannot be read ({error.strerror or error}); remove it, and it is made anew"
        ) from error
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        novelty = Novelty(
            kept["mean"], kept["scale"], kept["directions"], kept["variances"], float(kept["rest"])
        )
        names = ("val_sharpness", "val_brightness", "val_novelty")
        return PhotoReference(novelty, *(kept[name] for name in names))
