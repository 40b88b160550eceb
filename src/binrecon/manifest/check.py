"""Whether a manifest holds enough to train on."""

from collections import Counter
from collections.abc import Iterable, Iterator

from binrecon.config.split_words import SPLITS
from binrecon.errors import ManifestError
from binrecon.manifest.schema import Manifest, Status
from binrecon.manifest.selection import CountRange


def check_trainable(manifest: Manifest, selection: CountRange) -> None:
    """Refuse a manifest that a model cannot be trained, chosen and judged on; name every reason at once.

    Args:
        manifest: The bins at hand.
        selection: The recorded counts that are learned; the manifest was built with it.

    Raises:
        ManifestError: If no bin is usable, a count has no training bin, or the val or test split is empty.
    """
    if manifest.count_statuses()[Status.USABLE] == 0:
        raise ManifestError(_describe_nothing_usable(manifest, selection))
    problems = [*_find_absent_counts(manifest, selection), *_find_empty_splits(manifest)]
    if problems:
        raise ManifestError("\n  ".join(["these bins cannot be trained on", *problems]))


def _describe_nothing_usable(manifest: Manifest, selection: CountRange) -> str:
    statuses = {str(status): n for status, n in manifest.count_statuses().items() if n}
    recorded = Counter(count for count in manifest.table["recorded_count"].to_pylist() if count is not None)
    return (
        f"no bin is usable with data.min_count={selection.min_count}, data.max_count={selection.max_count}; "
        f"recorded counts found: {_show(sorted(recorded.items()))}; "
        f"statuses of the {len(manifest)} bins: {_show(statuses.items())}; "
        "choose counts that occur, or mend the bins (each row of the manifest gives its reason)"
    )


def _find_absent_counts(manifest: Manifest, selection: CountRange) -> Iterator[str]:
    labels = Counter(selection.label_counts(manifest.rows_of("train").recorded_counts))
    absent = [count for count in selection.counts if count not in labels]
    if absent:
        yield (
            f"no training bin has the count {', '.join(map(str, absent))}; "
            f"training bins by count: {_show((count, labels[count]) for count in selection.counts)}; "
            "add such bins, narrow data.min_count..data.max_count, or try another data.split_seed"
        )


def _find_empty_splits(manifest: Manifest) -> Iterator[str]:
    sizes = {split: len(manifest.rows_of(split).bin_ids) for split in SPLITS}
    groups = len(set(manifest.table.filter(manifest.table["split"].is_valid())["group"].to_pylist()))
    for split in ("val", "test"):
        if sizes[split] == 0:
            yield (
                f"the {split} split is empty; usable bins by split: {_show(sizes.items())}, "
                f"in {groups} groups of related photos; "
                f"raise data.{split}_fraction, add bins, or try another data.split_seed"
            )


def _show(counts: Iterable[tuple[object, int]]) -> str:
    return ", ".join(f"{key}: {count}" for key, count in counts) or "none"
