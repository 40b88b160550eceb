"""Where trials are kept."""

from pathlib import Path

import optuna
import pytest

from binrecon.errors import ConfigError, StudyError
from binrecon.sweep.sampling import quieten_optuna
from binrecon.sweep.storage import open_storage


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


def test_journal__an_interrupt_stays_one(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    storage = open_storage(None, journal)
    study = optuna.load_study(study_name="s", storage=storage)
    unlink = os.unlink

    def interrupt_once(path: str) -> None:
        unlink(path)
        if ".rename" in path:
            monkeypatch.setattr(os, "unlink", unlink)
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "unlink", interrupt_once)
    with pytest.raises(KeyboardInterrupt):
        study.ask()
    study.tell(study.ask(), 1.0)  # the lock is free


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


def test_database__a_password_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds a password.* PGPASSWORD or ~/\.pgpass") as caught:
        open_storage("postgresql://me:hidden@host/studies", tmp_path / "unused")
    assert "hidden" not in str(caught.value)
