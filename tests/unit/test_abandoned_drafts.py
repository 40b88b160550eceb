"""Drafts of a process that is gone are removed, those of one that writes are not."""

import os
import signal
from pathlib import Path

from binrecon.whole_file import drafting, remove_abandoned_drafts


def test_remove_abandoned_drafts(tmp_path: Path) -> None:
    names = [".last.ckpt.123.part", ".a.png.123.partial", ".run.json.0a1b2c3d.draft"]
    others = ["run.json", ".hidden", "a.part", ".turn"]
    for name in (*names, *others):
        (tmp_path / name).touch()
    assert {path.name for path in remove_abandoned_drafts(tmp_path)} == set(names)
    assert {path.name for path in tmp_path.iterdir()} == set(others)


def test_remove_abandoned_drafts__no_folder(tmp_path: Path) -> None:
    assert remove_abandoned_drafts(tmp_path / "absent") == []


def test_remove_abandoned_drafts__one_that_is_written(tmp_path: Path) -> None:
    with drafting(tmp_path / "file") as draft:
        draft.write_text("half")
        assert remove_abandoned_drafts(tmp_path) == []
        draft.write_text("whole")
    assert (tmp_path / "file").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_remove_abandoned_drafts__of_a_killed_process(tmp_path: Path) -> None:
    ready, write = os.pipe()
    if (child := os.fork()) == 0:
        with drafting(tmp_path / "file") as draft:
            draft.write_text("half")
            os.write(write, b".")
            signal.pause()
    os.read(ready, 1)
    assert remove_abandoned_drafts(tmp_path) == [], "it lives"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert len(remove_abandoned_drafts(tmp_path)) == 1
    assert list(tmp_path.iterdir()) == []
