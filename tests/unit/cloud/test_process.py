import os
import signal
import sys
from pathlib import Path

import pytest

from binrecon.cloud.process import History, find_reason, run_watched
from binrecon.training.run_folder import RunFolder


def test_find_reason__of_several_processes() -> None:
    """What one of them said, not what torchrun and the others said of it."""
    lines = [
        "CheckpointError: the checkpoint 'x' could not be written (no space)",
        "E1126 torch/distributed/elastic failed (exitcode: 2) local_rank: 0",
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ",
        "TrainingError: one of 2 training processes failed with status 1; its error stands above",
    ]
    assert find_reason(lines, 2) == "CheckpointError: the checkpoint 'x' could not be written (no space)"


def test_find_reason__of_a_traceback_among_others() -> None:
    lines = [
        "Error executing job with overrides: ['seed=1']",
        "[rank0]: Traceback (most recent call last):",
        "[rank0]:     raise FileNotFoundError(path)",
        "[rank0]: FileNotFoundError: /a/b",
        "E1126 torch/distributed/elastic failed (exitcode: 1) local_rank: 0",
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ",
        "  exitcode  : 1",
    ]
    assert find_reason(lines, 1) == "FileNotFoundError: /a/b"


def test_find_reason__the_last_of_a_chain() -> None:
    lines = [
        "KeyError: 'a'",
        "During handling of the above",
        "Traceback:",
        "  File",
        "RuntimeError: b",
        "done",
    ]
    assert find_reason(lines, 1) == "RuntimeError: b"


def test_find_reason__without_any_error() -> None:
    assert find_reason(["Killed"], -9) == "the training ended with status -9; Killed"
    assert find_reason([], -9) == "the training ended with status -9; it said nothing"


def test_history__hands_each_epoch_on_once(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    said: list[str] = []
    path.write_text("epoch,lr,train/loss,val/loss\n1,0.1,3.0,\n")
    history = History(path)  # of an earlier container
    history.print_new(said.append)
    path.write_text("epoch,lr,train/loss,val/loss\n1,0.1,3.0,\n2,0.1,2.5,nan\n3,0.1,2.25,2.0\n")
    history.print_new(said.append)
    history.print_new(said.append)
    assert said == ["metrics epoch=2 train/loss=2.5", "metrics epoch=3 train/loss=2.25 val/loss=2"]


def test_run_watched__a_process_left_behind_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the standard error open, as one of a library's own may."""
    monkeypatch.setattr("binrecon.cloud.process._LAST_LINES_S", 0.1)
    program = (
        "import subprocess, sys; left = subprocess.Popen(['sleep', '300']);"
        f"open({str(tmp_path / 'id')!r}, 'w').write(str(left.pid)); sys.exit(4)"
    )
    status, _ = run_watched([sys.executable, "-c", program], dict(os.environ), RunFolder(tmp_path / "run"))
    assert status == 4
    os.kill(int((tmp_path / "id").read_text()), signal.SIGKILL)  # it is there still
