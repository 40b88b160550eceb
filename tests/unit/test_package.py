"""The package works wherever it is installed: nothing in it reads the repository that it came from."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import binrecon

PACKAGE = Path(binrecon.__file__).parent

READS_ABOVE = {
    "config/compose.py",  # `configs/` of an editable install; a wheel has its own copy
    "checksums.py",  # from a checkpoint to the folder of its run
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


PUBLIC = {"_asdict", "_fields", "_replace", "_exit"}
"""Names of the standard library that are public in spite of their underscore."""


def find_private_uses(path: Path) -> Iterator[int]:
    """Yield the lines that use a private name of another library, or of a module of another's."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.match(r"_[a-z]", node.attr) and node.attr not in PUBLIC:
            is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls", "other", "there")
            is_super = isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "super"
            if not is_own and not is_super:
                yield node.lineno
        if isinstance(node, ast.Attribute) and node.attr == "__class__" and isinstance(node.ctx, ast.Store):
            yield node.lineno
        if isinstance(node, ast.ImportFrom):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            if any(re.match(r"_[A-Za-z]", name) for name in names):
                yield node.lineno


def test_package__private_names_of_others_have_a_reason() -> None:
    """The public alternative that was tried stands in a comment, on that line or above it."""
    bare = []
    for path in PACKAGE.rglob("*.py"):
        lines = path.read_text().splitlines()
        for number in find_private_uses(path):
            if "#" not in "".join(lines[max(number - 2, 0) : number]):
                bare.append(f"{path.relative_to(PACKAGE)}:{number}: {lines[number - 1].strip()}")
    assert bare == []


def find_docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of every docstring, those below constants and fields among them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, node.value.value.strip()


def test_package__docstrings_ask_nothing() -> None:
    asking = [
        f"{path.relative_to(PACKAGE)}:{number}: {text.splitlines()[0]}"
        for path in PACKAGE.rglob("*.py")
        for number, text in find_docstrings(path)
        if re.match(r"(What|Whether|How|Why|Where|Which|Who)\b", text)
    ]
    assert asking == []
