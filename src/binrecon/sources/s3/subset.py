"""Ids of bins from the value of `subset`."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from binrecon.config.split_words import PUBLISHED_SPLITS
from binrecon.config.subset_words import Subset, list_range
from binrecon.errors import SourceError
from binrecon.published import load_published_ids
from binrecon.regular_file import read_regular
from binrecon.sources.layout import check_bin_id

MAX_IDS_FILE_BYTES = 64 * 2**20
"""An id takes about seven bytes; the dataset's 536,434 take 4 MB."""


def list_subset(
    subset: Subset, lists_dir: Path, sample_seed: int, list_bucket: Callable[[], Sequence[str]]
) -> list[str]:
    """List the bins of a subset, each once.

    Args:
        subset: Which bins.
        lists_dir: Folder of the published lists.
        sample_seed: Chooses another sample.
        list_bucket: Lists the ids in the bucket; only called for the values that need it.

    Raises:
        SourceError: If a file of ids cannot be read, or more bins are sampled than there are.
        ManifestError: If a published list cannot be read.
    """
    if subset.word in PUBLISHED_SPLITS:
        return list(load_published_ids(subset.word, lists_dir))
    match subset.word:
        case "ids":
            return read_ids(Path(subset.argument).expanduser())
        case "range":
            return list_range(subset.argument)
        case "sample":
            return draw_sample(list_bucket(), int(subset.argument), sample_seed)
        case "all":
            return list(list_bucket())
    raise AssertionError(f"no rule for {subset}")


def read_ids(path: Path) -> list[str]:
    """Read a text file with one id on each line; empty lines and what follows a `#` are left out.

    Raises:
        SourceError: If there is no such file, or a line is not the name of a bin.
    """
    try:
        lines = read_regular(path, MAX_IDS_FILE_BYTES).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SourceError(f"subset=ids:{path}: cannot be read ({reason}); give one id a line") from error
    ids: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        bin_id = line.partition("#")[0].strip()
        if not bin_id:
            continue
        try:
            check_bin_id(bin_id)
        except SourceError as error:
            raise SourceError(f"subset=ids:{path}, line {number}: {error}") from error
        ids[bin_id] = None
    if not ids:
        raise SourceError(f"subset=ids:{path}: holds no id; give one id a line, such as 00523")
    return list(ids)


def draw_sample(bin_ids: Sequence[str], size: int, seed: int) -> list[str]:
    """Draw bins at random, the same for the same seed; a larger sample holds every smaller one.

    Raises:
        SourceError: If there are fewer bins.
    """
    if size > len(bin_ids):
        raise SourceError(f"subset=sample:{size}: the bucket holds {len(bin_ids)} bins; ask for fewer")

    def place(bin_id: str) -> bytes:
        # "sample": the grouped split hashes seed and id too; what is drawn must not all be in one split.
        return hashlib.sha256(f"sample:{seed}:{bin_id}".encode()).digest()

    return sorted(sorted(bin_ids, key=place)[:size])
