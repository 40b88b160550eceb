"""Where trials are kept."""

import importlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest

from binrecon.errors import ConfigError, StudyError
from binrecon.sweep.sampling import quieten_optuna
from binrecon.sweep.storage import KernelLock, open_storage, using_storage


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    quieten_optuna()
    path = tmp_path / "folder" / "study.journal"
    study = optuna.create_study(storage=open_storage(None, path), study_name="s")
    for value in (3.0, 1.0):
        study.tell(study.ask(), value)
    return path


def test_journal__is_read_back(journal: Path) -> None:
    study = optuna.load_study(study_name="s", storage=open_storage(None, journal))
    assert [trial.value for trial in study.trials] == [3.0, 1.0]


def test_journal__an_entry_that_was_cut_off_is_forgotten(journal: Path) -> None:
    whole = journal.read_bytes()
    for length in range(1, 40):  # wherever a kill hit the last entry
        journal.write_bytes(whole[:-length])
        study = optuna.load_study(study_name="s", storage=open_storage(None, journal))
        study.tell(study.ask(), 2.0)
        values = [
            t.value for t in optuna.load_study(study_name="s", storage=open_storage(None, journal)).trials
        ]
        assert values[-1] == 2.0
        assert values[0] == 3.0


def test_journal__damaged_in_the_middle(journal: Path) -> None:
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[2] = b"\x00\x01nonsense\n"
    journal.write_bytes(b"".join(lines))
    with pytest.raises(
        StudyError, match=r"study\.journal' is damaged in line 3: .*nonsense.*another sweep\.study"
    ):
        open_storage(None, journal)


def test_journal__damaged_amidst_a_study(journal: Path) -> None:
    def damage_and_ask() -> None:
        with using_storage(None, journal) as storage:
            study = optuna.load_study(study_name="s", storage=storage)
            with journal.open("ab") as file:
                file.write(b"nonsense\n{}\n")
            study.ask()

    with pytest.raises(StudyError, match=r"study\.journal' is damaged in line \d+: .*nonsense"):
        damage_and_ask()


def test_journal__an_interrupt_frees_its_lock(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = optuna.load_study(study_name="s", storage=open_storage(None, journal))
    fsync = os.fsync

    def interrupt_once(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt_once)
    with pytest.raises(KeyboardInterrupt):
        study.ask()
    study.tell(study.ask(), 1.0)


def test_journal__interrupted_before_its_lock_is_used(journal: Path) -> None:
    lock = KernelLock(journal)
    lock.acquire()
    lock.acquire()
    lock.release()
    optuna.load_study(study_name="s", storage=open_storage(None, journal)).ask()


HOLDER = """
import sys, time
from pathlib import Path
from binrecon.sweep.storage import KernelLock
path = Path(sys.argv[1])
KernelLock(path).acquire()
with path.open("ab") as file:
    file.write(b'{"op_code": 5, "half')
print("held", flush=True)
time.sleep(600)
"""


def test_journal__a_worker_is_killed_while_it_writes(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its lock nor its half entry stops the others, whose path is relative as `outputs` is."""
    monkeypatch.chdir(tmp_path)
    study = optuna.load_study(study_name="s", storage=open_storage(None, journal.relative_to(tmp_path)))
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(journal)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
    started = time.monotonic()
    study.tell(study.ask(), 2.0)
    assert time.monotonic() - started < 10
    again = optuna.load_study(study_name="s", storage=open_storage(None, journal))
    assert [trial.value for trial in again.trials] == [3.0, 1.0, 2.0]


def test_journal__something_else(tmp_path: Path) -> None:
    path = tmp_path / "study.journal"
    path.write_text('{"what": "else"}\n')
    with pytest.raises(StudyError, match="is damaged in line 1"):
        open_storage(None, path)


@pytest.mark.parametrize("url", ["nonsense", "sqlite:///studies.db", "https://example.org"])
def test_database__not_an_address(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sweep\.storage: .* give postgresql://USER@HOST/DATABASE"):
        open_storage(url, tmp_path / "unused")


def test_database__not_there(tmp_path: Path) -> None:
    url = f"postgresql://me@/studies?host={tmp_path}"  # a folder without a server's socket
    with pytest.raises(StudyError, match=r"cannot be used \(.*start the server"):
        open_storage(url, tmp_path / "unused")


@pytest.mark.enable_socket
def test_database__never_answers(tmp_path: Path) -> None:
    importlib.import_module("psycopg")  # which takes a while on a busy machine
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"postgresql://me@127.0.0.1:{server.getsockname()[1]}/studies?connect_timeout=2"
        started = time.monotonic()
        with pytest.raises(StudyError, match=r"cannot be used \(.*timeout"):
            open_storage(url, tmp_path / "unused")
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("url", ["postgresql://me:hidden@host/x", "postgresql://me@host/x?password=hidden"])
def test_database__a_password_is_not_kept(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds a password.* PGPASSWORD or ~/\.pgpass") as caught:
        open_storage(url, tmp_path / "unused")
    assert "hidden" not in str(caught.value)
