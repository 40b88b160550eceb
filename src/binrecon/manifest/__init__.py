"""From bytes to one row per bin: its recorded count, its group, its split, and what is wrong with it."""

from binrecon.manifest.build import assemble_manifest, build_manifest
from binrecon.manifest.check import check_trainable
from binrecon.manifest.coverage import Coverage, count_coverage, describe_coverage
from binrecon.manifest.io import read_manifest, write_manifest
from binrecon.manifest.leaks import SplitLeak, count_leaks
from binrecon.manifest.schema import Manifest, SplitRows, Status
from binrecon.manifest.selection import CountRange
from binrecon.manifest.split import GroupedSplit, ListedSplit, SplitRule
from binrecon.manifest.split_rule import build_split_rule

__all__ = [
    "CountRange",
    "Coverage",
    "GroupedSplit",
    "ListedSplit",
    "Manifest",
    "SplitLeak",
    "SplitRows",
    "SplitRule",
    "Status",
    "assemble_manifest",
    "build_manifest",
    "build_split_rule",
    "check_trainable",
    "count_coverage",
    "count_leaks",
    "describe_coverage",
    "read_manifest",
    "write_manifest",
]
