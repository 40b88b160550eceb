"""A sheet of bins with their recorded counts, to see what a source holds."""

import io
from pathlib import Path

from PIL import Image

from binrecon.config.show import ShowConfig
from binrecon.console import get_console
from binrecon.errors import BinreconError, RecordError
from binrecon.manifest.record import parse_record
from binrecon.report.photo_sheet import draw_photo_sheet
from binrecon.sources import Source
from binrecon.sources.build import build_source


def draw_contact_sheet(config: ShowConfig) -> None:
    """Draw bins spread evenly over a source into one picture, each with its id and recorded count.

    Args:
        config: Checked by `validate`.

    Raises:
        SourceError: If the source holds no bins.
        OutputError: If the picture cannot be written.
    """
    source = build_source(config.source)
    source.prepare()
    bin_ids = source.list_bins().photo_ids
    step = max(1, len(bin_ids) // config.photos)
    chosen = bin_ids[::step][: config.photos]
    photos = [Image.open(io.BytesIO(source.read_photo(bin_id))).convert("RGB") for bin_id in chosen]
    captions = [f"{bin_id}: {_describe_record(source, bin_id)}" for bin_id in chosen]
    draw_photo_sheet(photos, captions, Path(config.path), columns=config.columns)
    get_console().print(f"{len(chosen)} of {len(bin_ids)} bins drawn: {config.path}")


def _describe_record(source: Source, bin_id: str) -> str:
    try:
        count = parse_record(source.read_record(bin_id)).recorded_count
        return "1 item" if count == 1 else f"{count} items"
    except RecordError:
        return "record unreadable"
    except BinreconError:
        return "no record"
