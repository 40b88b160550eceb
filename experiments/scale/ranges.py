"""What cutting a folder of bins into ranges of ids does to groups and splits: `ranges.py FOLDER [PARTS ...]`.

Each range is a folder of its own, of links, with a manifest of its own, as one would make where a manifest of
everything does not fit into memory.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from binrecon.manifest import CountRange, GroupedSplit
from binrecon.manifest.build import build_manifest
from binrecon.sources import LocalSource

PARTS = (2, 10, 50)


def read_manifest(root: Path) -> pd.DataFrame:
    """Build the manifest of a folder; its bins, groups and splits, by bin."""
    manifest = build_manifest(LocalSource(root), CountRange(0, 5), GroupedSplit(0.15, 0.15))
    return manifest.table.select(["bin_id", "group", "split", "status"]).to_pandas().set_index("bin_id")


def link_bins(root: Path, bins: Sequence[str], folder: Path) -> None:
    """Make a folder of so many bins."""
    for part, suffix in (("bin-images", ".jpg"), ("metadata", ".json")):
        (folder / part).mkdir(parents=True)
        for name in bins:
            if (path := root / part / f"{name}{suffix}").exists():
                (folder / part / path.name).symlink_to(path)


def cut(root: Path, whole: pd.DataFrame, parts: int) -> str:
    """Build the manifests of so many ranges, and compare them with that of the whole."""
    bins = sorted(whole.index)
    size = -(-len(bins) // parts)
    with tempfile.TemporaryDirectory() as scratch:
        tables = []
        for number, start in enumerate(range(0, len(bins), size)):
            folder = Path(scratch) / str(number)
            link_bins(root, bins[start : start + size], folder)
            tables.append(read_manifest(folder).assign(part=number))
    ranges = pd.concat(tables).loc[whole.index]
    is_cut = ranges.groupby(whole["group"])["part"].nunique() > 1
    moved = (ranges["split"].astype(str) != whole["split"].astype(str)) & (whole["status"] == "usable")
    is_leaking = pd.Series(ranges["split"].astype(str)).groupby(whole["group"]).nunique() > 1
    return (
        f"| {parts} | {len(bins):,} | {len(is_cut):,} | {is_cut.sum()} | {moved.sum()} | "
        f"{(is_leaking & is_cut).sum()} |"
    )


def main(root: Path, counts: Sequence[int]) -> None:
    """Print a row for each number of ranges."""
    whole = read_manifest(root)
    sys.stdout.write("| ranges | bins | groups | cut | bins in another split | groups in two splits |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    for parts in counts:
        sys.stdout.write(f"{cut(root, whole, parts)}\n")


if __name__ == "__main__":
    found = next(Path(sys.argv[1]).resolve().rglob("bin-images"))  # rendered bins lie a folder deeper
    main(found.parent, [int(word) for word in sys.argv[2:]] or PARTS)
