"""Where trials are kept: a journal in a file, or a database that many machines share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from binrecon.errors import ConfigError, StudyError


@contextmanager
def using_storage(url: str | None, journal: Path) -> Iterator[BaseStorage]:
    """As `open_storage`, and let go of it at the end.

    Raises:
        ConfigError: If the URL is none.
        StudyError: If the database does not answer, at once or later, or the journal is damaged.
    """
    storage = open_storage(url, journal)
    try:
        yield storage
    except (SQLAlchemyError, StorageInternalError) as error:
        raise StudyError(
            f"sweep.storage: '{url}' was lost amidst the study ({_reason_of(error)}); trials that had ended "
            "are kept: once it answers again, the same command goes on"
        ) from error
    finally:
        if isinstance(storage, RDBStorage):
            storage.engine.dispose()


def open_storage(url: str | None, journal: Path) -> BaseStorage:
    """Open what keeps the trials.

    Args:
        url: Of a database; None for the journal.
        journal: A file, which is made if there is none.

    Raises:
        ConfigError: If the URL is none.
        StudyError: If the database does not answer, or the journal is damaged.
    """
    return _open_journal(journal) if url is None else _open_database(url)


def _open_journal(path: Path) -> JournalStorage:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = InterruptibleLock(str(path))
    if path.exists():
        _drop_half_line(path, lock)
        _check_lines(path)
    try:
        return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StudyError(
            f"the journal '{path}' cannot be read ({type(error).__name__}: {error}); "
            "move it away to begin the study anew, or use another sweep.study"
        ) from error


class InterruptibleLock(JournalFileSymlinkLock):
    """As Optuna's, but a Ctrl-C while it lets go stays one, instead of an error of its clean-up."""

    def release(self) -> None:
        """Let go."""
        try:
            super().release()
        except FileNotFoundError as error:  # what it wanted to remove was removed already
            if error.__context__ is None:
                raise
            raise error.__context__ from None


def _drop_half_line(path: Path, lock: JournalFileSymlinkLock) -> None:
    """Forget an entry that was cut off when its worker was killed: it was never part of the study."""
    lock.acquire()
    try:
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            with path.open("r+b") as file:
                file.truncate(content.rfind(b"\n") + 1)
    finally:
        lock.release()


def _check_lines(path: Path) -> None:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
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
    try:
        parsed: URL = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError([f"sweep.storage: {_how_to_write(url)}"]) from error
    if parsed.get_backend_name() != "postgresql":
        raise ConfigError([f"sweep.storage: {_how_to_write(parsed.render_as_string())}"])
    if parsed.password:  # it would stand in files of the study
        raise ConfigError(
            [
                f"sweep.storage: '{parsed.render_as_string()}' holds a password, which would be kept with "
                "the study; leave it out, and put it into PGPASSWORD or ~/.pgpass"
            ]
        )
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    shown = parsed.render_as_string(hide_password=True)
    try:
        return RDBStorage(parsed.render_as_string(hide_password=False), engine_kwargs={"pool_pre_ping": True})
    except ModuleNotFoundError as error:
        raise StudyError(
            f"the driver of '{shown}' is not installed ({error.name}); pip install 'binrecon[postgres]'"
        ) from error
    except (SQLAlchemyError, StorageInternalError, RuntimeError, ValueError) as error:
        raise StudyError(
            f"sweep.storage: '{shown}' cannot be used ({_reason_of(error)}); start the server, or mend "
            "the address"
        ) from error


def _reason_of(error: Exception) -> str:
    """Return what a driver said, without what those above it wrapped around that."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return str(error).strip().splitlines()[0]


def _how_to_write(shown: str) -> str:
    return (
        f"'{shown}' is no address of a database; give postgresql://USER@HOST/DATABASE (its password belongs "
        "into PGPASSWORD or ~/.pgpass), or null for a file"
    )
