"""The verb `reconcile`: from photos and records to a ranked table, a report and a page."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from binrecon.calibration.arrays import Floats
from binrecon.config.reconcile import ReconcileConfig
from binrecon.console import get_console
from binrecon.errors import OutputError
from binrecon.manifest import CountRange
from binrecon.manifest.facts import STAMPS_SCHEMA
from binrecon.manifest.facts_cache import FactsCache
from binrecon.manifest.reader import read_facts
from binrecon.reconcile.bins import count_lost_zeros, join_bins
from binrecon.reconcile.budget import parse_budget
from binrecon.reconcile.count_store import PhotoCounts
from binrecon.reconcile.counting_run import CountingRun, open_run
from binrecon.reconcile.decide import decide
from binrecon.reconcile.inventory import Inventory, read_inventory
from binrecon.reconcile.judge import find_classes, judge_bins
from binrecon.reconcile.looks import PHOTOS_SCHEMA, build_looker
from binrecon.reconcile.pairs import compare_changes, find_partners
from binrecon.reconcile.photo_counts import count_photos
from binrecon.reconcile.photo_faults import Thresholds, find_photo_faults
from binrecon.reconcile.photo_reference import PhotoReference, prepare_reference
from binrecon.reconcile.record_errors import RecordErrors
from binrecon.reconcile.report import NO_TRUTH, Summary, list_assumptions, list_results, write_report
from binrecon.reconcile.table import build_table, list_item_names, write_tables
from binrecon.sources import Source
from binrecon.sources.build import build_source
from binrecon.sources.layout import PHOTO_FOLDER
from binrecon.whole_file import write_text

PAGE = "page.html"
"""Name of the page in the folder of the results."""


def reconcile(config: ReconcileConfig, folder: Path) -> None:
    """Rank bins by how likely their record is wrong, and say what to do about each.

    What takes long (facts of photos, features, counts) is kept, so the same command goes on after a kill.

    Args:
        config: Checked by `validate`.
        folder: Where the results go.

    Raises:
        BinreconError: If the run, the inventory, the bins or the folder do not allow it.
    """
    inventory = _read_inventory(config)
    run = open_run(Path(config.checkpoint), config.device)
    source = build_source(config.source)
    source.prepare()
    bins = join_bins(_read_facts(source, Path(config.cache_dir)), inventory)
    reference = prepare_reference(run, config.workers) if config.quality.is_judged else None
    counts = _count(run, source, bins, reference, config)
    table, summary = _judge(config, run, bins, counts, reference, tuple(_list_remarks(run, bins, inventory)))
    write_tables(table, folder)
    _write_report(folder, summary)
    _write_page(config, source, _list_items(table, bins), summary, folder)
    _show(folder, summary)


def _read_inventory(config: ReconcileConfig) -> Inventory | None:
    if config.inventory is None:
        return None
    return read_inventory(Path(config.inventory).expanduser(), config.bin_column, config.count_column)


def _read_facts(source: Source, cache_dir: Path) -> pa.Table:
    """Look at every photo and record that has changed since it was looked at last."""
    cache = FactsCache(cache_dir / "facts", str(source.folder.resolve()), with_records=True)
    return read_facts(source, cache=cache).drop_columns(STAMPS_SCHEMA.names[1:])


def _count(
    run: CountingRun,
    source: Source,
    bins: pa.Table,
    reference: PhotoReference | None,
    config: ReconcileConfig,
) -> PhotoCounts:
    """Return what the counter says of each bin's photo, NaN where there is none that can be read."""
    hashes = pc.unique(bins["sha256"].drop_null())
    photos = pa.table(
        [hashes, bins["bin_id"].take(pc.index_in(hashes, value_set=bins["sha256"]))], PHOTOS_SCHEMA
    )
    novelty = None if reference is None else reference.novelty
    looker = build_looker(run, source, config.workers)
    found = count_photos(run, looker, photos, novelty, Path(config.cache_dir))
    places = pc.fill_null(pc.index_in(bins["sha256"], value_set=hashes), -1).to_numpy()
    is_missing = (places < 0) | np.asarray(pc.is_null(bins["sha256"]))
    spread = [column[places] for column in found] if len(photos) else _list_nothing(len(bins), run)
    for column in spread:
        column[is_missing] = np.nan
    return PhotoCounts(*spread)


def _list_nothing(bins: int, run: CountingRun) -> list[np.ndarray]:
    return [np.zeros((bins, len(run.counter.counts)), np.float32), np.zeros(bins, np.float32)]


def _judge(
    config: ReconcileConfig,
    run: CountingRun,
    bins: pa.Table,
    counts: PhotoCounts,
    reference: PhotoReference | None,
    remarks: tuple[str, ...],
) -> tuple[pa.Table, Summary]:
    count_range, thresholds = CountRange.of(run.config.data), Thresholds.of(config.quality, reference)
    classes = find_classes(bins["recorded_count"], count_range, run.calibration)
    log_probabilities: Floats = counts.log_probabilities.astype(np.float64)
    errors = RecordErrors.of(config.record_errors)
    judgement = judge_bins(
        log_probabilities, classes, bins["items"], run.calibration, errors, config.coverage
    )
    novelty = counts.novelty.astype(np.float64)
    faults = [*find_photo_faults(bins, novelty, thresholds)]
    decisions = decide(bins, classes, judgement, faults, count_range, parse_budget(config.budget))
    recorded = pc.fill_null(bins["recorded_count"], -1).to_numpy()
    partner = find_partners(bins["bin_id"], bins["items"])
    pairs = compare_changes(partner, recorded, judgement.posteriors)
    table = build_table(bins, judgement, decisions, pairs, novelty, count_range.min_count)
    return table, Summary(config, count_range, run.calibration, thresholds, decisions, remarks)


def _list_remarks(run: CountingRun, bins: pa.Table, inventory: Inventory | None) -> Iterator[str]:
    """Say which photos the counter knows, and what of an inventory looks like a mistake."""
    trained = run.folder.read_manifest().select_rows("train", ["photo_sha256"])["photo_sha256"]
    if known := pc.sum(pc.is_in(bins["sha256"].drop_null(), value_set=trained)).as_py():
        yield (
            f"The counter was trained on {known:,} of these photos and their records, which it then tends to "
            "confirm: wrong ones among them are found less often than others."
        )
    if inventory is None:
        return
    if inventory.ignored:
        yield f"Columns of the inventory that were not looked at: {', '.join(inventory.ignored)}."
    if lost := count_lost_zeros(bins["bin_id"].filter(bins["has_photo"]), inventory.bin_ids):
        yield (
            "Bins of the inventory that have no photo, but would have one if leading zeros did not matter: "
            f"{lost:,}. 523 and 00523 are two bins, so look whether a spreadsheet has dropped zeros."
        )


def _write_report(folder: Path, summary: Summary) -> None:
    try:
        write_text(folder / "report.md", write_report(summary))
    except OSError as error:
        raise OutputError(
            f"the report cannot be written to '{folder}' ({error.strerror}); choose another output_dir"
        ) from error


def _list_items(table: pa.Table, bins: pa.Table) -> pa.Table:
    """Put the names of the items in place of their joined text, since a name may hold what joins them."""
    names = list_item_names(bins["items"]).take(pc.index_in(table["bin_id"], value_set=bins["bin_id"]))
    return table.set_column(table.schema.get_field_index("items"), "items", names)


def _write_page(
    config: ReconcileConfig, source: Source, table: pa.Table, summary: Summary, folder: Path
) -> None:
    """Write the page, on which bins are looked at and counted."""
    from binrecon.reconcile.page import PageFacts, write_page  # what it draws with is slow to load

    facts = PageFacts(
        counter=config.checkpoint,
        source=str(source.folder),
        created=datetime.now().astimezone().isoformat(sep=" ", timespec="minutes"),
        budget=config.budget,
        coverage=config.coverage,
        is_open_ended=summary.counts.above_range == "clip",
        notes=(*list_assumptions(summary), *summary.remarks, NO_TRUTH),
        photo_folder=source.folder / PHOTO_FOLDER,
    )
    write_page(table.to_pandas(), facts, source.read_photo, folder / PAGE, config.embedded_photos)


def _show(folder: Path, summary: Summary) -> None:
    console = get_console()
    for line in (*list_results(summary), *summary.remarks):
        console.print(line, highlight=False, markup=False)
    console.print(f"results: {folder}", highlight=False, markup=False)
    console.print(f"page:    {folder / PAGE}", highlight=False, markup=False)
