import os
import subprocess
import sys
from pathlib import Path

import pytest

FAILS = "import os, sys; os.write(2, b'no\\n'); sys.exit(3)"
IS_KILLED = """
import os, signal, time
if os.environ["RANK"] == "1":
    os.kill(os.getpid(), signal.SIGKILL)
time.sleep(600)
"""


def launch(program: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Start a program in two processes, and wait for their end."""
    (folder / "program.py").write_text(program)
    words = [str(os.getpid()), "--standalone", "--nproc-per-node=2", str(folder / "program.py")]
    return subprocess.run(
        [sys.executable, "-m", "binrecon.training.distributed.launcher", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


@pytest.mark.parametrize(
    ("program", "status", "said"),
    [
        ("print('well')", 0, ""),
        (FAILS, 3, "no\n"),
        (IS_KILLED, 137, "process 1 was ended by SIGKILL; a machine short of memory does so\n"),
    ],
)
def test_main__says_no_more_than_it_must(program: str, status: int, said: str, tmp_path: Path) -> None:
    done = launch(program, tmp_path)
    assert done.returncode == status, done.stderr
    assert done.stderr in (said, said * 2)
