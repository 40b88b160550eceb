"""Destination of fetched objects: a folder of bins in which no file is ever incomplete."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from binrecon.errors import SourceError
from binrecon.json_file import read_object
from binrecon.sources.layout import FOLDERS, BinPart, Part

STATE_FOLDER = ".binrecon"
"""Below the root: what is known of the bucket, and files that are not finished yet."""


class Landing:
    """Takes objects into a folder in the bucket's layout. Any number of processes may do so at once.

    Each process writes into a folder of its own, which it holds a lock on for as long as it lives, and moves
    a file to its place when it is whole. What a dead process left there is removed by the next one.

    Args:
        root: The folder of bins; made when entered.
        identity: What the bins come from. A root holds bins of one origin only.
    """

    def __init__(self, root: Path, identity: Mapping[str, str | None]) -> None:
        self.root = root
        self.state = root / STATE_FOLDER
        self._identity = dict(identity)
        self._unfinished = self.state / "unfinished" / uuid4().hex
        self._lock = -1

    @property
    def draft(self) -> Path:
        """A file of this process alone, on the same disk, to be moved to its place when it is whole."""
        return self._unfinished / "draft"

    def __enter__(self) -> Self:
        try:
            for folder in (self.state, *(self.root / folder for folder, _ in FOLDERS.values())):
                folder.mkdir(parents=True, exist_ok=True)
            with _hold(self.state / "lock"):  # nobody sweeps between the making of a folder and its lock
                self._unfinished.mkdir(parents=True)
                self._lock = os.open(self._unfinished / "lock", os.O_CREAT | os.O_RDWR)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
                self._remove_dead()
                self._check_origin()
        except OSError as error:
            self.__exit__(None, None, None)
            raise SourceError(describe_write_error(self.root, error)) from error
        except SourceError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        shutil.rmtree(self._unfinished, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def place(self, landed: BinPart, body: bytes) -> None:
        """Move a complete object into place, replacing an older one of that name.

        Raises:
            OSError: If the disk does not take it; then nothing has changed.
        """
        unfinished = f"{self._unfinished}/{landed.part}-{landed.bin_id}"
        # Few calls of the system for each of a million files: a Path and a buffered file take twice as many.
        file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            rest = memoryview(body)
            while rest:  # a disk that gets full takes a part first, and refuses the rest
                rest = rest[os.write(file, rest) :]
        finally:
            os.close(file)
        os.replace(unfinished, f"{self.root}/{landed.path}")  # noqa: PTH105

    def list_present(self, part: Part) -> dict[str, int]:
        """Return the size in bytes of each photo or record that lies there, by bin, without empty files."""
        folder, suffix = FOLDERS[part]
        with os.scandir(self.root / folder) as entries:
            sizes = {
                entry.name.removesuffix(suffix): entry.stat().st_size
                for entry in entries
                if entry.name.endswith(suffix)
            }
        return {bin_id: size for bin_id, size in sizes.items() if size > 0}

    def _check_origin(self) -> None:
        """Refuse to mix the bins of two buckets; the first fetch that finds any bins decides."""
        path = self.state / "origin.json"
        try:
            origin = read_object(path)
        except FileNotFoundError:
            origin = None
        except ValueError as error:
            raise SourceError(f"'{path}' is damaged; remove it, and fetch with verify=true") from error
        if origin == self._identity:
            return
        if origin is not None and not self._is_untouched():
            raise SourceError(
                f"source.root: '{self.root}' holds bins of {_show(origin)}, not of {_show(self._identity)}; "
                "give another folder"
            )
        self.draft.write_text(json.dumps(self._identity, indent=2))
        self.draft.replace(path)

    def _is_untouched(self) -> bool:
        """Return whether no fetch has found anything yet, as with a misspelt prefix, and none is running."""
        kept = {path.name for path in self.state.iterdir()} - {"origin.json", "lock", "unfinished"}
        others = [path for path in self._unfinished.parent.iterdir() if path != self._unfinished]
        return not kept and not others and not any(self.list_present(part) for part in FOLDERS)

    def _remove_dead(self) -> None:
        """Remove the unfinished files of processes that no longer hold their lock."""
        for folder in self._unfinished.parent.iterdir():
            if folder == self._unfinished:
                continue
            with contextlib.suppress(BlockingIOError), _hold(folder / "lock", fcntl.LOCK_NB):
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _hold(path: Path, how: int = 0) -> Iterator[None]:
    """Hold a lock that the kernel frees when the process ends, however it ends."""
    lock = os.open(path, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(lock)


def describe_write_error(root: Path, error: OSError) -> str:
    """Say what to do about a folder that cannot be written."""
    return (
        f"source.root: '{root}' cannot be written ({error.strerror or error}); free space there, or name "
        "another folder. What has been fetched stays, and the same command goes on from there"
    )


def _show(identity: Mapping[str, object]) -> str:
    place = "/".join(str(part) for part in (identity.get("bucket"), identity.get("prefix")) if part)
    return f"'{place}' on {identity.get('endpoint_url') or 'Amazon S3'}"
