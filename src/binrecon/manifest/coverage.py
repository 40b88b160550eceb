"""Coverage of a published split by the bins at hand, and leaks of a split, as text."""

from collections.abc import Iterator
from dataclasses import dataclass

from binrecon.config.split_words import SPLITS
from binrecon.manifest.groups import MAX_ID_DISTANCE
from binrecon.manifest.leaks import SplitLeak, count_leaks
from binrecon.manifest.schema import Manifest
from binrecon.manifest.split import SplitRule


@dataclass(frozen=True)
class Coverage:
    """The numbers of bins of a split.

    Args:
        name: The word in `data.split`.
        usable: Usable bins of each split.
        listed: Bins of each split as published, or of `all` where only the pool was; empty for a split of our
            own, which lists none.
    """

    name: str
    usable: dict[str, int]
    listed: dict[str, int]


def count_coverage(manifest: Manifest, splits: SplitRule) -> Coverage:
    """Count the usable bins of each split beside the published ones.

    Args:
        manifest: The bins at hand, split by `splits`.
        splits: The rule.
    """
    usable: dict[str, int] = {split: sum(manifest.count_classes(split).values()) for split in SPLITS}
    return Coverage(splits.name, usable, splits.count_listed())


def describe_coverage(manifest: Manifest, splits: SplitRule) -> list[str]:
    """Say in a line each how much of a published split is at hand, and which bins leak into the judgement.

    Args:
        manifest: The bins at hand, split by `splits`.
        splits: The rule.
    """
    coverage = count_coverage(manifest, splits)
    return [*_describe_listed(coverage), *map(_describe_leak, count_leaks(manifest))]


def _describe_listed(coverage: Coverage) -> Iterator[str]:
    if not coverage.listed:
        return
    usable = {"all": sum(coverage.usable.values()), **coverage.usable}
    parts = [f"{usable[split]:,} of {bins:,} {split}" for split, bins in coverage.listed.items()]
    bins = ", ".join(parts).removesuffix(" all")
    share = usable["all"] / sum(coverage.listed.values())
    yield f"split {coverage.name}: at hand and usable {bins} bins ({_percent(share)})"


def _describe_leak(leak: SplitLeak) -> str:
    if leak.is_exact:
        return (
            f"leak: {leak.related_bins:,} of {leak.bins:,} {leak.split} bins ({_percent(leak.share)}) "
            "have a before/after partner in training"
        )
    return (
        f"leak: at most {leak.related_bins:,} of {leak.bins:,} {leak.split} bins ({_percent(leak.share)}) "
        "have a direct before/after partner in training: "
        f"so many have a training bin at most {MAX_ID_DISTANCE} ids away (records would tell; none was read)"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
