"""Checks that a manifest holds enough bins to train on."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from binrecon.config.split_words import SPLITS
from binrecon.errors import ManifestError
from binrecon.manifest.schema import Manifest, Status, count_values
from binrecon.manifest.selection import CountRange
from binrecon.manifest.split import SplitRule


def check_trainable(manifest: Manifest, selection: CountRange, splits: SplitRule) -> None:
    """Refuse a manifest that a model cannot be trained, chosen and judged on; name every reason at once.

    Args:
        manifest: The bins at hand.
        selection: The recorded counts that are learned; the manifest was built with it.
        splits: The rule that the manifest was built with; if it keeps nothing for the test, none is missed.

    Raises:
        ManifestError: If no bin is usable, a count has no training bin, or the val or test split is empty.
    """
    if manifest.count_statuses()[Status.USABLE] == 0:
        raise ManifestError(_describe_nothing_usable(manifest, selection, splits))
    problems = [*_find_absent_counts(manifest, selection), *_find_empty_splits(manifest, splits)]
    if problems:
        raise ManifestError("\n  ".join(["these bins cannot be trained on", *problems]))


def _describe_nothing_usable(manifest: Manifest, selection: CountRange, splits: SplitRule) -> str:
    statuses = {str(status): n for status, n in manifest.count_statuses().items() if n}
    recorded = count_values(manifest.table["recorded_count"].drop_null())
    return (
        f"no bin is usable with data.split={splits.name}, data.min_count={selection.min_count}, "
        f"data.max_count={selection.max_count}; recorded counts found: {_show(sorted(recorded.items()))}; "
        f"statuses of the {len(manifest)} bins: {_show(statuses.items())}; "
        "choose counts that occur, another split, or mend the bins (each row of the manifest has its reason)"
    )


def _find_absent_counts(manifest: Manifest, selection: CountRange) -> Iterator[str]:
    bins = dict.fromkeys(selection.counts, 0)
    for recorded_count, found in manifest.count_classes("train").items():
        (label,) = selection.label_counts([recorded_count])
        bins[label] += found
    absent = [count for count, found in bins.items() if not found]
    if absent:
        more = "raise data.train_share" if manifest.count_statuses()[Status.SET_ASIDE] else "add such bins"
        yield (
            f"no training bin has the count {', '.join(map(str, absent))}; "
            f"training bins by count: {_show(bins.items())}; "
            f"{more}, narrow data.min_count..data.max_count, or try another data.split or split_seed"
        )


def _find_empty_splits(manifest: Manifest, splits: SplitRule) -> Iterator[str]:
    rows = {split: manifest.select_rows(split, ["group"]) for split in SPLITS}
    sizes = {split: len(found) for split, found in rows.items()}
    groups = pc.count_distinct(pa.concat_tables(rows.values())["group"]).as_py()
    for split in ("val", "test") if splits.has_test else ("val",):
        if sizes[split] == 0:
            yield (
                f"the {split} split is empty; usable bins by split: {_show(sizes.items())}, "
                f"in {groups} groups of related photos; {splits.advise(split)}"
            )


def _show(counts: Iterable[tuple[object, int]]) -> str:
    return ", ".join(f"{key}: {count}" for key, count in counts) or "none"
