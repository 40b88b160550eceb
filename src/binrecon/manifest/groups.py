"""Groups of photos that show one bin at different times.

Neighbouring ids are often one bin before and after a pick: in 627 consecutive records 41 % of the neighbours
share a product, and most of those differ by one unit. Such photos must not stand in different splits. Bins
whose ids lie at most two apart and that share a product are joined, and so are bins joined to the same bin.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array  # type: ignore[import-untyped]  # scipy publishes no type information
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]  # as above

from binrecon.config.subset_words import PADDED_DIGITS

MAX_ID_DISTANCE = 2
"""Ids further apart than this are not taken for photos of one bin, whatever they share."""

MAX_DIGITS = 18
"""An id with more digits after its leading zeros is no number of either series; it would not fit 64 bits."""

_PADDED_SERIES_START = 2**61  # above every number of MAX_DIGITS digits, so the two series never meet


def find_groups(bin_ids: pa.ChunkedArray, items: pa.ChunkedArray) -> pa.ChunkedArray:
    """Name the group of every bin.

    The result does not depend on the order of a bin's products. It takes time proportional to the number of
    products, but for sorting them.

    Args:
        bin_ids: Every id once, sorted.
        items: The products of each bin, as in the manifest; null or empty where none are known.

    Returns:
        For each bin the first id, in text order, among the bins it is joined to: its own if it stands alone.
    """
    if len(bin_ids) == 0:
        return bin_ids
    one, other = _find_links(place_in_series(bin_ids), items)
    links = coo_array((np.ones(len(one), np.bool_), (one, other)), shape=(len(bin_ids), len(bin_ids)))
    _, labels = connected_components(links, directed=False)
    _, first_rows = np.unique(labels, return_index=True)
    return bin_ids.take(first_rows[labels])


def place_in_series(bin_ids: pa.ChunkedArray) -> np.ndarray:
    """Give every id a place, so that ids of one series lie as far apart as their numbers.

    Returns:
        One int64 for each id; negative for an id that is no number and so has no neighbours. Places of
        different series are further apart than any two numbers.
    """
    return np.concatenate([np.empty(0, np.int64), *map(_place_chunk, bin_ids.chunks)])


def _place_chunk(bin_ids: pa.Array) -> np.ndarray:
    is_number = pc.match_substring_regex(bin_ids, rf"\A0*[0-9]{{1,{MAX_DIGITS}}}\z")
    digits = pc.if_else(is_number, pc.utf8_ltrim(bin_ids, "0"), "-1")
    numbers = np.asarray(pc.if_else(pc.equal(digits, ""), "0", digits).cast(pa.int64()))
    is_padded = np.asarray(pc.greater_equal(pc.utf8_length(bin_ids), PADDED_DIGITS))
    return np.where((numbers >= 0) & is_padded, numbers + _PADDED_SERIES_START, numbers)


def _find_links(places: np.ndarray, items: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """List pairs of rows that share a product in reach, enough of them to join all that belong together."""
    rows = np.repeat(
        np.arange(len(places), dtype=np.int32), pc.fill_null(pc.list_value_length(items), 0).to_numpy()
    )
    asins = _number_texts(pc.struct_field(pc.list_flatten(items), "asin"))
    order = np.lexsort((places[rows], asins))
    rows, asins = rows[order], asins[order]
    # Linking each bin to the nearest holder before it links it to all in reach: they form a chain.
    pairs = np.flatnonzero((asins[:-1] == asins[1:]) & (asins[:-1] >= 0))
    one, other = rows[pairs], rows[pairs + 1]
    is_near = (places[one] >= 0) & (places[other] - places[one] <= MAX_ID_DISTANCE)
    return one[is_near], other[is_near]


def _number_texts(texts: pa.ChunkedArray) -> np.ndarray:
    """Give equal texts equal numbers from 0; null has -1."""
    # The system's pool gives the memory back, for the sorting that follows.
    encoded = pc.dictionary_encode(texts, memory_pool=pa.system_memory_pool())
    numbers = [np.asarray(pc.fill_null(chunk.indices, -1)) for chunk in encoded.chunks]
    return np.concatenate([np.empty(0, np.int32), *numbers])
