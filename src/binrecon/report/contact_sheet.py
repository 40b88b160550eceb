"""Sheet of bins with their recorded counts, as an overview of a source."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from binrecon.config.show import ShowConfig
from binrecon.console import get_console
from binrecon.errors import BinreconError, RecordError, SourceError
from binrecon.manifest.record import parse_record
from binrecon.report.photo_sheet import draw_photo_sheet
from binrecon.sources import Source
from binrecon.sources.build import build_source
from binrecon.sources.photo import decode_photo

_NO_PHOTO = np.full((1, 1, 3), 233, np.uint8)
"""Shown in place of an unreadable photo."""


def draw_contact_sheet(config: ShowConfig) -> None:
    """Draw bins spread evenly over a source in one picture, each with its id and recorded count.

    Args:
        config: Checked by `validate`.

    Raises:
        SourceError: If the source holds no bins.
        OutputError: If the picture cannot be written.
    """
    source = build_source(config.source)
    source.prepare()
    bin_ids = source.list_bins().photo_ids
    if not bin_ids:
        raise SourceError(f"source.root: '{config.source.root}' has records, but no photo to show")
    count = min(config.photos, len(bin_ids))
    chosen = [bin_ids[index * len(bin_ids) // count] for index in range(count)]
    photos, faults = zip(*(_read_photo(source, bin_id) for bin_id in chosen), strict=True)
    captions = [
        f"{bin_id}: {_describe_record(source, bin_id)}\n{fault}".strip()
        for bin_id, fault in zip(chosen, faults, strict=True)
    ]
    draw_photo_sheet(photos, captions, Path(config.path), columns=config.columns)
    get_console().print(f"{len(chosen)} of {len(bin_ids)} bins drawn: {config.path}")


def _read_photo(source: Source, bin_id: str) -> tuple[NDArray[np.uint8], str]:
    """Return a photo as an array of shape (H, W, 3), and the reason if it is unreadable, else `""`."""
    try:
        return decode_photo(source.read_photo(bin_id)).permute(1, 2, 0).numpy(), ""
    except BinreconError as error:
        return _NO_PHOTO, str(error)


def _describe_record(source: Source, bin_id: str) -> str:
    try:
        count = parse_record(source.read_record(bin_id)).recorded_count
        return "1 item" if count == 1 else f"{count} items"
    except RecordError:
        return "record unreadable"
    except BinreconError:
        return "no record"
