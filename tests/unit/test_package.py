"""The package works wherever it is installed: nothing in it reads the repository that it came from."""

import re
from pathlib import Path

import binrecon

PACKAGE = Path(binrecon.__file__).parent

READS_ABOVE = {
    "config/compose.py",  # `configs/` of an editable install; a wheel has its own copy
    "training/run_folder.py",  # asks git for the commit of the code
    "cloud/archive.py",  # packs the code for a job, and says so where there is no checkout
}
"""Files that may name a folder above the package."""


def test_package__names_no_folder_above_itself() -> None:
    above = set()
    for path in PACKAGE.rglob("*.py"):
        depth = len(path.relative_to(PACKAGE.parent).parts) - 1
        text = path.read_text()
        levels = [int(level) for level in re.findall(r"__file__\)(?:\.resolve\(\))?\.parents\[(\d+)\]", text)]
        if any(level >= depth for level in levels) or ".parent.parent" in text:
            above.add(path.relative_to(PACKAGE).as_posix())
    assert above <= READS_ABOVE


def test_package__names_no_file_of_the_repository() -> None:
    named = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"[\"'](?:experiments|tests|docs|tools)[/\"']|README\.md", path.read_text())
    }
    assert named <= {"cloud/archive.py"}
