"""The code that travels to a job: the same bytes for the same files, and nothing but code."""

import gzip
import hashlib
import io
import json
import tarfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import binrecon
from binrecon.errors import CloudError
from binrecon.training.run_folder import read_git_state

PROGRAM = "start.py"
"""Program that the container runs."""

RECIPES = "recipes"
"""Folder of the archive for recipes that lie outside `configs/`, and for labels."""

_START = '''"""Started by SageMaker's training toolkit, in the folder that this archive was unpacked to."""

import sys

from binrecon.cloud.entry import main

if __name__ == "__main__":
    sys.exit(main())
'''
_ROOT_FILES = ("pyproject.toml", "README.md", "LICENSE", "train.py")
_FOLDERS = ("src/binrecon", "configs")
_SUFFIXES = (".py", ".yaml", ".typed", ".html", ".jinja", ".css", ".js")
"""Only these travel, whatever else lies among the code; photos, checkpoints and keys have other names."""

_OF_TORCH = ("torch", "torchvision", "torchcodec")
"""Pins that hold for one version of PyTorch, which the image has."""


@dataclass(frozen=True)
class Archive:
    """A `.tar.gz`.

    Attributes:
        content: Its bytes.
        files: How many files it holds.
    """

    content: bytes
    files: int

    @property
    def name(self) -> str:
        """A file name that changes with the content alone."""
        return f"{hashlib.sha256(self.content).hexdigest()[:16]}.tar.gz"

    def describe(self) -> str:
        """Describe its size."""
        return f"code: {self.files} files, {len(self.content) / 1000:,.0f} kB"


def build_archive(framework_version: str, recipes: Mapping[str, bytes] | None = None) -> Archive:
    """Pack the checkout that this code runs from.

    Args:
        framework_version: PyTorch of the image; what pins another one is left out.
        recipes: File names to contents, for the folder `recipes`.

    Raises:
        CloudError: If this code runs from no checkout, or the checkout is not whole.
    """
    root = find_checkout()
    contents = {name: (root / name).read_bytes() for name in _ROOT_FILES if (root / name).is_file()}
    for path in _list_code(root):
        contents[path.relative_to(root).as_posix()] = path.read_bytes()
    contents |= {f"{RECIPES}/{name}": content for name, content in (recipes or {}).items()}
    pins = list_pins(contents["pyproject.toml"].decode(), framework_version)
    contents |= {
        PROGRAM: _START.encode(),
        "constraints.txt": "".join(f"{pin}\n" for pin in pins).encode(),
        "requirements.txt": b"-c constraints.txt\n.\n",  # the toolkit installs it before it runs the program
    }
    return Archive(_pack(contents), len(contents))


def find_checkout() -> Path:
    """Return the folder of the checkout that this code runs from.

    Raises:
        CloudError: If there is none.
    """
    root = Path(binrecon.__file__).parents[2]
    absent = [
        name
        for name in ("pyproject.toml", "README.md", "configs", "src/binrecon")
        if not (root / name).exists()
    ]
    if absent:
        raise CloudError(
            f"launch packs the code it runs from, and '{root}' is no checkout (no {', '.join(absent)}); "
            "run it from a checkout of binrecon: uv run binrecon launch"
        )
    return root


def read_commit() -> str | None:
    """Return the `git` entry of `run.json` as JSON: commit, and whether files differ."""
    state = read_git_state(find_checkout())
    return None if state is None else json.dumps(state)


def _list_code(root: Path) -> Iterator[Path]:
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            parts = path.relative_to(root).parts
            is_hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
            if path.suffix in _SUFFIXES and path.is_file() and not path.is_symlink() and not is_hidden:
                yield path


def list_pins(pyproject: str, framework_version: str) -> list[str]:
    r"""List the exact versions that the code is tested with, less those that belong to another PyTorch.

    >>> pins = '[tool.uv]\nconstraint-dependencies = ["torch==2.13.0", "timm==1.0.31"]'
    >>> list_pins(pins, "2.13"), list_pins(pins, "2.14")
    (['torch==2.13.0', 'timm==1.0.31'], ['timm==1.0.31'])
    """
    tool: Mapping[str, Any] = tomllib.loads(pyproject).get("tool", {})
    pins = [str(pin) for pin in tool.get("uv", {}).get("constraint-dependencies", [])]
    torch = next((pin.partition("==")[2] for pin in pins if pin.startswith("torch==")), "")
    if _minor(torch) == _minor(framework_version):
        return pins
    return [pin for pin in pins if pin.partition("==")[0] not in _OF_TORCH]


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _pack(contents: Mapping[str, bytes]) -> bytes:
    """Pack files under names alone: no times, owners or modes of this machine."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for member, content in _members(contents.items()):
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _members(contents: Iterable[tuple[str, bytes]]) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for name, content in sorted(contents):
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o644
        yield member, content
