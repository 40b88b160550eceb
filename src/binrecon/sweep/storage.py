"""Storage of trials: a journal in a file, or a database that many machines share."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from binrecon.errors import ConfigError, StudyError
from binrecon.masking import note_secrets

_PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
"""libpq's own options, in seconds: timeouts for a server that does not answer."""


@contextmanager
def using_storage(url: str | None, journal: Path) -> Iterator[BaseStorage]:
    """Open the storage as `open_storage` does, and close it at the end.

    Raises:
        ConfigError: If the URL is invalid.
        StudyError: If the database does not answer or the journal is damaged, at once or later.
    """
    storage = open_storage(url, journal)
    try:
        yield storage
    except (SQLAlchemyError, StorageInternalError) as error:
        raise StudyError(
            f"sweep.storage: '{url}' was lost amidst the study ({_reason_of(error)}); trials that had ended "
            "are kept: once it answers again, the same command goes on"
        ) from error
    except ValueError:
        if url is None:
            _check_lines(journal)  # raised by an invalid entry, or by something else
        raise
    finally:
        if isinstance(storage, RDBStorage):
            storage.engine.dispose()


def open_storage(url: str | None, journal: Path) -> BaseStorage:
    """Open the storage of the trials.

    Args:
        url: URL of a database; None for the journal.
        journal: A file, created if it does not exist.

    Raises:
        ConfigError: If the URL is invalid.
        StudyError: If the database does not answer, or the journal is damaged.
    """
    return _open_journal(journal) if url is None else _open_database(url)


def _open_journal(path: Path) -> JournalStorage:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    lock = KernelLock(path)
    lock.acquire()
    lock.release()
    _check_lines(path)
    try:
        return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StudyError(
            f"the journal '{path}' cannot be read ({type(error).__name__}: {error}); "
            "move it away to begin the study anew, or use another sweep.study"
        ) from error


class KernelLock(JournalFileOpenLock):
    """Lock of a journal that processes of one machine share. When its holder dies, the kernel frees it.

    Optuna's own locks are files. One that a killed worker leaves stops the others for half a minute, or for
    good where the journal's path is relative.

    Args:
        path: The journal.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def acquire(self) -> bool:
        """Wait for the lock, and drop an entry that was cut off when its worker was killed."""
        self.release()  # what a Ctrl-C between taking and using it left
        file = self._path.open("r+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        self._file = file
        _drop_half_line(file)
        return True

    def release(self) -> None:
        """Release the lock if it is held."""
        file, self._file = self._file, None
        if file is not None:
            fcntl.flock(file, fcntl.LOCK_UN)  # closing alone would leave it to processes that were forked
            file.close()


def _drop_half_line(file: BinaryIO) -> None:
    """Drop an entry without an end: it was never part of the study."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 1))
    if file.read(1) in (b"", b"\n"):
        return
    file.seek(0)
    file.truncate(file.read().rfind(b"\n") + 1)


def _check_lines(path: Path) -> None:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):  # another worker is writing it
                return
            try:
                entry = json.loads(line)
            except ValueError:
                entry = None
            if not isinstance(entry, dict) or "op_code" not in entry:
                raise StudyError(
                    f"the journal '{path}' is damaged in line {number}: {line[:60]!r} is no entry; "
                    "restore it from a copy, move it away to begin the study anew, or use another sweep.study"
                )


def _open_database(url: str) -> RDBStorage:
    if note_secrets(url):  # else files of the study would hold it
        raise ConfigError(
            [
                f"sweep.storage: '{url}' holds a password, which would be kept with "
                "the study; leave it out, and put it into PGPASSWORD or ~/.pgpass"
            ]
        )
    try:
        parsed: URL = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError([f"sweep.storage: {_how_to_write(url)}"]) from error
    if parsed.get_backend_name() != "postgresql":
        raise ConfigError([f"sweep.storage: {_how_to_write(parsed.render_as_string())}"])
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    parsed = parsed.set(query={**_PATIENCE, **parsed.query})
    try:
        return RDBStorage(parsed.render_as_string(), engine_kwargs={"pool_pre_ping": True})
    except ModuleNotFoundError as error:
        raise StudyError(
            f"the driver of '{url}' is not installed ({error.name}); pip install 'binrecon[postgres]'"
        ) from error
    except (SQLAlchemyError, StorageInternalError, RuntimeError, ValueError) as error:
        raise StudyError(
            f"sweep.storage: '{url}' cannot be used ({_reason_of(error)}); start the server, or mend "
            "the address"
        ) from error


def _reason_of(error: Exception) -> str:
    """Return a driver's own message, without the layers that wrap it."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _how_to_write(shown: str) -> str:
    return (
        f"'{shown}' is no address of a database; give postgresql://USER@HOST/DATABASE (its password belongs "
        "into PGPASSWORD or ~/.pgpass), or null for a file"
    )
