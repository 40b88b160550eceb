import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from binrecon import checksums
from binrecon.checksums import CHECKSUMS, accept, begin_checksums, check_file, hash_file, is_there, main
from binrecon.errors import DamagedRunError
from binrecon.whole_file import drafting, write_whole


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    begin_checksums(folder)
    write_whole(folder / "run.json", b"{}")
    write_whole(folder / "checkpoints" / "last.ckpt", b"weights")
    return folder


def read_entries(run: Path) -> dict[str, list[str | None]]:
    return json.loads((run / CHECKSUMS).read_text())["sha256"]


def test_check_file__as_it_was_written(run: Path) -> None:
    check_file(run / "run.json")
    check_file(run / "checkpoints" / "last.ckpt")
    assert set(read_entries(run)) == {"run.json", "checkpoints/last.ckpt"}
    write_whole(run / "run.json", b"{ }")
    check_file(run / "run.json")


@pytest.mark.parametrize("name", ["run.json", "checkpoints/last.ckpt"])
def test_check_file__damaged(run: Path, name: str) -> None:
    content = bytearray((run / name).read_bytes())
    content[0] ^= 1
    (run / name).write_bytes(content)
    with pytest.raises(DamagedRunError) as caught:
        check_file(run / name)
    assert str(caught.value).startswith(f"'{run / name}' is damaged or was replaced (SHA-256 ")
    assert str(caught.value).endswith(
        f"copy it from a whole copy of the run, or delete '{run}' and train again. "
        f"To accept the files as they are: python -m binrecon.checksums {run}"
    )


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("calibration.json", "make it anew with: binrecon calibrate {run}"),
        (
            "val_predictions.parquet",
            "delete it if it is there, then make it anew with: binrecon calibrate {run}",
        ),
    ],
)
def test_check_file__what_can_be_made_anew(run: Path, name: str, advice: str) -> None:
    write_whole(run / name, b"1")
    (run / name).write_bytes(b"2")
    with pytest.raises(DamagedRunError) as caught:
        check_file(run / name)
    assert str(caught.value).endswith(advice.format(run=run))


def test_check_file__not_known(run: Path) -> None:
    (run / "metrics.json").write_bytes(b"{}")
    with pytest.raises(DamagedRunError, match=f"is not in {CHECKSUMS}, so that nobody knows"):
        check_file(run / "metrics.json")


def test_check_file__no_file_of_a_run(tmp_path: Path) -> None:
    check_file(tmp_path / "weights.pth")
    write_whole(tmp_path / "notes.txt", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_is_there(run: Path) -> None:
    assert is_there(run / "run.json")
    assert not is_there(run / "calibration.json")
    (run / "run.json").unlink()
    with pytest.raises(DamagedRunError, match=r"run.json' is missing, though the run wrote it"):
        is_there(run / "run.json")
    assert not is_there(run.parent / "elsewhere" / "run.json")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"\xff", "byte 0 is not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b"[]", "it holds no object"),
        (b"{}", "it is not of version 1"),
        (b'{"version": 1}', "it holds no object"),
        (b'{"version": 1, "sha256": {"run.json": "abc"}}', "'run.json' has no SHA-256"),
        (b'{"version": 1, "sha256": {"run.json": ["abc"]}}', "'run.json' has no SHA-256"),
        (b'{"version": 1, "sha256": {"run.json": []}}', "'run.json' has no SHA-256"),
    ],
)
def test_check_file__checksums_are_damaged(run: Path, content: bytes, reason: str) -> None:
    (run / CHECKSUMS).write_bytes(content)
    with pytest.raises(DamagedRunError, match=rf"{CHECKSUMS}' is damaged \(.*{reason}"):
        check_file(run / "run.json")


class Killed(BaseException):
    """What stands for `kill -9`."""


@pytest.mark.parametrize("name", ["run.json", "calibration.json"])
@pytest.mark.parametrize("writes", [0, 1])
def test_recording__a_kill_leaves_the_old_file_or_the_new_one(
    run: Path, name: str, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the file is replaced, and after it, but before its checksum is the only one."""
    replace, seen = Path.replace, []

    def break_off(self: Path, target: Path) -> Path:
        seen.append(target)
        if len(seen) == writes + 2:  # the first is that of the checksums
            raise Killed
        return replace(self, target)

    before = (run / name).read_bytes() if (run / name).exists() else None
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", break_off)
        with pytest.raises(Killed):
            write_whole(run / name, b"new")
    now = (run / name).read_bytes() if (run / name).exists() else None
    assert now == (b"new" if writes else before)
    assert is_there(run / name) == (now is not None)
    assert len(read_entries(run)[name]) == 2
    write_whole(run / name, b"newer")
    check_file(run / name)
    assert len(read_entries(run)[name]) == 1


def test_check_file__while_another_process_replaces_it(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checksums were read before, the file after it was replaced: a second look finds both new."""
    looks = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 1:
            stale = (run / CHECKSUMS).read_bytes()
            write_whole(run / "run.json", b"[]")
            fresh.append((run / CHECKSUMS).read_bytes())
            (run / CHECKSUMS).write_bytes(stale)
        else:
            (run / CHECKSUMS).write_bytes(fresh[0])

    fresh: list[bytes] = []
    monkeypatch.setattr("time.sleep", look)
    check_file(run / "run.json")
    assert len(looks) == 2


def test_recording__keeps_what_others_wrote_between(run: Path) -> None:
    with drafting(run / "config.yaml") as draft:
        draft.write_bytes(b"seed: 0")
        write_whole(run / "metrics.json", b"{}")
    check_file(run / "metrics.json")
    check_file(run / "config.yaml")


def test_hash_file__reads_a_large_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read = tmp_path / "last.ckpt", []
    path.write_bytes(bytes(2**20))
    count = checksums.hashlib.file_digest
    monkeypatch.setattr("hashlib.file_digest", lambda *given: read.append(1) or count(*given))
    first = hash_file(path)
    assert (hash_file(path), len(read)) == (first, 1)
    path.write_bytes(b"\1" + bytes(2**20 - 1))
    os.utime(path, ns=(0, 0))
    assert hash_file(path) != first
    assert len(read) == 2


def test_a_copy_is_whole(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    check_file(copy / "checkpoints" / "last.ckpt")


def test_main(run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (run / CHECKSUMS).unlink()
    with pytest.raises(DamagedRunError, match=f"has no {CHECKSUMS}.*copy it with the run"):
        check_file(run / "run.json")
    monkeypatch.setattr(sys, "argv", ["checksums", str(run)])
    assert main() == 0
    assert capsys.readouterr().out == f"{run / CHECKSUMS}: run.json, checkpoints/last.ckpt\n"
    check_file(run / "run.json")
    monkeypatch.setattr(sys, "argv", ["checksums", str(run.parent)])
    assert main() == 2
    assert "RUN_FOLDER (the folder with run.json)" in capsys.readouterr().err


def test_accept__forgets_what_is_gone(run: Path) -> None:
    (run / "run.json").unlink()
    assert accept(run) == ["checkpoints/last.ckpt"]
    assert not is_there(run / "run.json")
