"""From bytes to one row per bin: its recorded count, its group, its split, and what is wrong with it."""

from binrecon.manifest.build import assemble_manifest, build_manifest
from binrecon.manifest.check import check_trainable
from binrecon.manifest.io import read_manifest, write_manifest
from binrecon.manifest.schema import Manifest, SplitRows, Status
from binrecon.manifest.selection import CountRange
from binrecon.manifest.split import SplitRule

__all__ = [
    "CountRange",
    "Manifest",
    "SplitRows",
    "SplitRule",
    "Status",
    "assemble_manifest",
    "build_manifest",
    "check_trainable",
    "read_manifest",
    "write_manifest",
]
