"""SHA-256 of each file of a run that is read back, in a file beside them, so that damage is noticed.

Every write of such a file goes through `recording`, which notes the hash of the new content beside that of
the old one, lets the file be replaced, then notes the new one alone. A process that is killed in between
leaves a file that is accepted as what it is: the old one or the new one.

`python -m binrecon.checksums RUN_FOLDER` accepts the files of a run as they are now.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from binrecon.errors import EXIT_MISUSE, DamagedRunError
from binrecon.json_file import as_object, parse_json

CHECKSUMS = "checksums.json"
"""Name of the file in a run folder."""

CHECKPOINTS = "checkpoints"
"""Folder of a run that holds its checkpoints."""

RECORDED = (
    "config.yaml", "run.json", "manifest.parquet", "metrics.csv", "metrics.json", "predictions.parquet",
    "val_predictions.parquet", "calibration.json", "trial.json", f"{CHECKPOINTS}/best.ckpt",
    f"{CHECKPOINTS}/last.ckpt", f"{CHECKPOINTS}/backbone.ckpt",
)  # fmt: skip
"""Files of a run that are read back, by their path in its folder."""

_VERSION = 1
_DIGITS = frozenset("0123456789abcdef")
_LARGE_BYTES = 2**20
_PAUSES_S = (0.0, 0.05, 0.2)
"""Waits before each read of a file that another process may be about to replace."""

_known: dict[Path, tuple[tuple[int, int, int], str]] = {}
"""Hashes of large files, with the size, time and inode that show whether they changed."""


def begin_checksums(folder: Path) -> None:
    """Keep checksums in a run folder from now on; one that has some stays as it is."""
    if not (folder / CHECKSUMS).exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, {}, is_synced=False)


@contextmanager
def recording(path: Path, draft: Path, *, is_synced: bool = False) -> Iterator[None]:
    """Keep the checksum of a file that is replaced within; of a file that is not a run's, nothing.

    Args:
        path: The file.
        draft: What replaces it, written already.
        is_synced: Whether the checksums have to be on the disk before the file is.

    Raises:
        DamagedRunError: If the checksums of the run are damaged.
        OSError: If they cannot be written.
    """
    place = _locate(path)
    if place is None or not (place[0] / CHECKSUMS).exists():
        yield
        return
    folder, name = place
    new, entries = _hash(draft), _read(folder)
    nothing: list[str | None] = [] if path.exists() else [None]
    before = entries.get(name, nothing)
    _write(folder, {**entries, name: [*(old for old in before if old != new), new]}, is_synced)
    yield
    if draft in _known:
        _known[path] = _known.pop(draft)
    _write(folder, {**entries, name: [new]}, is_synced=False)


@contextmanager
def forgetting(path: Path) -> Iterator[None]:
    """Drop the checksum of a file that is removed within; of a file that is not a run's, nothing.

    Raises:
        DamagedRunError: If the checksums of the run are damaged.
        OSError: If they cannot be written.
    """
    place = _locate(path)
    if place is None or not (place[0] / CHECKSUMS).exists():
        yield
        return
    folder, name = place
    entries = _read(folder)
    _write(folder, {**entries, name: [*(one for one in entries.get(name, []) if one), None]}, is_synced=False)
    yield
    _write(folder, {key: hashes for key, hashes in entries.items() if key != name}, is_synced=False)


def check_file(path: Path) -> None:
    """Refuse a file of a run that differs from what the run wrote.

    A file outside a run passes, and so does one that was hashed before and has not changed.

    Raises:
        DamagedRunError: If it is damaged or missing, or nothing is known of it.
    """
    _check(path, may_lack=False)


def is_there(path: Path) -> bool:
    """Return whether a run has a file, without reading it.

    Raises:
        DamagedRunError: If it is gone, though the run wrote it.
    """
    return path.exists() or (_locate(path) is not None and _check(path, may_lack=True))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal; a large one is read once unless it changes."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        identity = (status.st_size, status.st_mtime_ns, status.st_ino)
        known = _known.get(path)
        if known is not None and known[0] == identity:
            return known[1]
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if status.st_size >= _LARGE_BYTES:
        _known[path] = (identity, digest)
    return digest


def accept(folder: Path) -> list[str]:
    """Accept the files of a run as undamaged.

    Returns:
        Their names.
    """
    names = [name for name in RECORDED if (folder / name).is_file()]
    _write(folder, {name: [_hash(folder / name)] for name in names}, is_synced=False)
    return names


def _locate(path: Path) -> tuple[Path, str] | None:
    """Return the run folder that a file belongs to, and its name there; None if it is no file of a run."""
    if path.parent.name == CHECKPOINTS:
        folder, name = path.parent.parent, f"{CHECKPOINTS}/{path.name}"
    else:
        folder, name = path.parent, path.name
    return (folder, name) if name in RECORDED else None


def _check(path: Path, *, may_lack: bool) -> bool:
    """Return whether a file is there, and as it was written; it may be replaced during the check."""
    place = _locate(path)
    if place is None:
        return path.exists()
    folder, name = place
    for pause in _PAUSES_S:
        time.sleep(pause)
        accepted = _read(folder, may_lack=may_lack).get(name)
        found = _hash(path) if path.is_file() else None
        if accepted is not None and found in accepted and (found is not None or may_lack):
            return found is not None
        if accepted is None and found is None and may_lack:
            return False
    raise _describe(folder, name, found, accepted)


def _describe(
    folder: Path, name: str, found: str | None, accepted: list[str | None] | None
) -> DamagedRunError:
    if found is None:
        reason = "is missing" if accepted is None else "is missing, though the run wrote it"
    elif accepted is None:
        reason = f"is not in {CHECKSUMS}, so that nobody knows whether it is as the run wrote it"
    else:
        last = accepted[-1] or ""
        reason = f"is damaged or was replaced (SHA-256 {found[:12]}, {last[:12]} in {CHECKSUMS})"
    return DamagedRunError(f"'{folder / name}' {reason}; {_advise(folder, name)}")


def _advise(folder: Path, name: str) -> str:
    if name == "calibration.json":
        return f"make it anew with: binrecon calibrate {folder}"
    if name == "val_predictions.parquet":
        return f"delete it if it is there, then make it anew with: binrecon calibrate {folder}"
    return f"copy it from a whole copy of the run, or delete '{folder}' and train again. {_accept(folder)}"


def _accept(folder: Path) -> str:
    return f"To accept the files as they are: python -m binrecon.checksums {folder}"


def _read(folder: Path, *, may_lack: bool = False) -> dict[str, list[str | None]]:
    """Read the checksums of a run.

    Raises:
        DamagedRunError: If there are none, or they are damaged.
    """
    path = folder / CHECKSUMS
    try:
        content = as_object(parse_json(path.read_bytes()))
        if content.get("version") != _VERSION:
            raise ValueError(f"it is not of version {_VERSION}")
        entries = as_object(content.get("sha256"))
        return {name: _as_hashes(name, hashes) for name, hashes in entries.items()}
    except FileNotFoundError as error:
        if may_lack and not any((folder / name).exists() for name in RECORDED):
            return {}
        raise DamagedRunError(
            f"the run '{folder}' has no {CHECKSUMS}, which says whether its files are as they were written: "
            f"copy it with the run. {_accept(folder)}"
        ) from error
    except (OSError, ValueError) as error:
        raise DamagedRunError(
            f"'{path}' is damaged ({error}); copy it from a whole copy of the run, or delete '{folder}' and "
            f"train again. {_accept(folder)}"
        ) from error


def _as_hashes(name: str, hashes: object) -> list[str | None]:
    def is_hash(value: object) -> bool:
        return isinstance(value, str) and len(value) == 64 and _DIGITS.issuperset(value)

    if not isinstance(hashes, list) or not hashes or not all(one is None or is_hash(one) for one in hashes):
        raise ValueError(f"'{name}' has no SHA-256")
    return hashes


def _write(folder: Path, entries: Mapping[str, list[str | None]], is_synced: bool) -> None:
    draft = folder / f".{CHECKSUMS}.{uuid4().hex[:8]}.draft"
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump({"version": _VERSION, "sha256": dict(sorted(entries.items()))}, file, indent=1)
            if is_synced:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(folder / CHECKSUMS)
    finally:
        draft.unlink(missing_ok=True)


def _hash(path: Path) -> str:
    try:
        return hash_file(path)
    except OSError as error:
        raise DamagedRunError(
            f"'{path}' cannot be read ({error.strerror}); look at its permissions and its disk"
        ) from error


def main() -> int:
    """Accept the files of a run folder as they are now."""
    folder = Path(sys.argv[1] if len(sys.argv) == 2 else "").expanduser()
    if len(sys.argv) != 2 or not (folder / "run.json").is_file():
        sys.stderr.write("usage: python -m binrecon.checksums RUN_FOLDER (the folder with run.json)\n")
        return EXIT_MISUSE
    try:
        names = accept(folder)
    except (OSError, DamagedRunError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return EXIT_MISUSE
    sys.stdout.write(f"{folder / CHECKSUMS}: {', '.join(names)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
