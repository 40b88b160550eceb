"""The reconciliation as a table: Parquet for programs, CSV that no spreadsheet takes for formulas."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
from numpy.typing import NDArray

from binrecon.calibration.arrays import Floats
from binrecon.errors import OutputError
from binrecon.formulas import FORMULA
from binrecon.manifest.io import write_table
from binrecon.reconcile.decide import Decision, Decisions
from binrecon.reconcile.judge import Judgement
from binrecon.reconcile.pairs import Pairs
from binrecon.whole_file import drafting

PARQUET, CSV = "reconciliation.parquet", "reconciliation.csv"
"""Names of the two tables in the folder of the results."""

_ITEM_SEPARATOR = "; "


def build_table(
    bins: pa.Table,
    judgement: Judgement,
    decisions: Decisions,
    pairs: Pairs,
    novelty: Floats,
    min_count: int,
) -> pa.Table:
    """Put everything that is known of each bin into a table, first what is to be looked at first.

    Args:
        bins: A table of `BINS_SCHEMA`.
        judgement: Of these bins.
        decisions: About them.
        pairs: Among them.
        novelty: Of their photos.
        min_count: The count of class 0.
    """
    probabilities, posteriors = judgement.probabilities, judgement.posteriors
    classes = np.arange(probabilities.shape[1]) + min_count
    columns = {
        "rank": pa.array(decisions.ranks, pa.int32(), mask=decisions.ranks == 0),
        "bin_id": bins["bin_id"],
        "decision": pa.array(decisions.decisions, pa.string()),
        "reason": pa.array(decisions.reasons, pa.string()),
        "recorded_count": _keep_int32(bins["recorded_count"]),
        "predicted_count": _likeliest(probabilities, min_count),
        "mean_count": _number(probabilities @ classes),
        **{f"p_{count}": _number(probabilities[:, place]) for place, count in enumerate(classes.tolist())},
        "p_match": _number(judgement.p_match),
        "variance_probability": _number(judgement.variance_probability),
        "likely_count": _likeliest(posteriors, min_count),
        "expected_variance": _number(judgement.expected_variance),
        "count_set": pa.array(judgement.count_sets, pa.string()),
        "sharpness": bins["sharpness"],
        "brightness": bins["brightness"],
        "novelty": _number(novelty),
        "pair_bin_id": _take(bins["bin_id"], pairs.partner),
        "pair_change_probability": _number(pairs.change_probability),
        "items": join_item_names(bins["items"]),
    }
    return pa.table(columns).take(_sort(decisions))


def _sort(decisions: Decisions) -> NDArray[np.int64]:
    """Return the order of the table: ranks, then photos to take again, then what cannot be judged."""
    last = np.iinfo(np.int32).max
    order = np.where(decisions.ranks > 0, decisions.ranks, last)
    is_last = decisions.decisions == str(Decision.NOT_JUDGED)
    return np.lexsort((is_last, order))


def _number(values: Floats) -> pa.Array:
    """Keep numbers in half the space; NaN is null."""
    return pa.array(values, pa.float32(), mask=np.isnan(values), safe=False)


def _likeliest(rows: Floats, min_count: int) -> pa.Array:
    is_unknown = np.isnan(rows).any(axis=1)
    return pa.array(np.argmax(rows, axis=1) + min_count, pa.int32(), mask=is_unknown)


def _keep_int32(counts: pa.ChunkedArray) -> pa.ChunkedArray:
    return counts.cast(pa.int32())


def _take(texts: pa.ChunkedArray, places: NDArray[np.int64]) -> pa.ChunkedArray:
    return texts.take(pa.array(places, mask=places < 0))


def join_item_names(items: pa.ChunkedArray) -> pa.ChunkedArray:
    """Join the names of each bin's products; null where none are known, empty for an empty bin."""
    return pc.binary_join(list_item_names(items), _ITEM_SEPARATOR)


def list_item_names(items: pa.ChunkedArray) -> pa.ChunkedArray:
    """List the names of each bin's products; null where none are known, empty for an empty bin."""
    return pa.chunked_array([_list_names(chunk) for chunk in items.chunks], type=pa.list_(pa.string()))


def _list_names(items: pa.ListArray) -> pa.Array:
    names = pc.fill_null(pc.struct_field(pc.list_flatten(items), "name"), "(no name)")
    lengths = pc.list_value_length(items)
    offsets = np.concatenate([[0], np.cumsum(pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), names, mask=pc.is_null(lengths))


def neutralise(table: pa.Table) -> pa.Table:
    """Do to each text of a table what `guard_cell` does to one."""
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            safe = pc.replace_substring_regex(table[field.name], rf"\A{FORMULA}", r"'\1")
            table = table.set_column(place, field, safe)
    return table


def write_tables(table: pa.Table, folder: Path) -> None:
    """Write the table as `reconciliation.parquet`, with every text as it is, and as `reconciliation.csv`.

    Raises:
        OutputError: If they cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_table(table, folder / PARQUET)
        with drafting(folder / CSV) as draft:
            pc_csv.write_csv(neutralise(table), draft)
    except OSError as error:
        raise OutputError(
            f"the results cannot be written to '{folder}' ({error.strerror or error}); "
            "choose another output_dir, or make room"
        ) from error
