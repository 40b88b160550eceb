import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from binrecon.deadline import ending_when_told, list_descendants

STUCK_IN_C = """
import ctypes
mutex = ctypes.create_string_buffer(64)
library = ctypes.CDLL(None)
library.pthread_mutex_lock(mutex)
library.pthread_mutex_lock(mutex)
"""
DEAF = """
import time
while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""
WAITS_FOR_A_CHILD = """
import subprocess
child = subprocess.Popen(["/bin/sh", "-c", "trap '' TERM INT; echo $$ > {tmp_path}/child; sleep 60; sleep 60"], start_new_session=True)
while True:
    try:
        child.wait()
    except KeyboardInterrupt:
        pass
"""
STUCK_AT_ITS_END = """
import atexit
atexit.register(lambda: time.sleep(60))
time.sleep(60)
"""


def run_told(tmp_path: Path, stuck: str, told: list[signal.Signals]) -> tuple[int, str, float]:
    """Run what gets stuck in a process, tell it to stop, and return its status, errors and seconds."""
    body = "\n".join(f"    {line}" for line in stuck.replace("{tmp_path}", str(tmp_path)).splitlines())
    script = (
        "import sys, time\nfrom binrecon.deadline import ending_when_told\n"
        f"with ending_when_told(0.5):\n    print('ready', flush=True)\n{body}\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        started = time.monotonic()
        for number in told:
            process.send_signal(number)
            time.sleep(0.05)
        _, errors = process.communicate(timeout=20)
    return process.returncode, errors, time.monotonic() - started


@pytest.mark.parametrize("told", [[signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM], [signal.SIGINT]])
@pytest.mark.parametrize("stuck", [STUCK_IN_C, DEAF], ids=["in C", "deaf"])
def test_ending_when_told(tmp_path: Path, stuck: str, told: list[signal.Signals]) -> None:
    status, errors, seconds = run_told(tmp_path, stuck, told)
    assert status == 130
    assert errors == (
        f"stopped by force 0.5 s after {told[0].name}: what ran did not end by itself. "
        "What was written is whole; go on as after any other stop\n"
    )
    assert 0.4 < seconds < 15


def test_ending_when_told__its_children_end_too(tmp_path: Path) -> None:
    status, _, _ = run_told(tmp_path, WAITS_FOR_A_CHILD, [signal.SIGTERM])
    assert status == 130
    child = int((tmp_path / "child").read_text())
    end = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and "\nState:\tZ" not in Path(f"/proc/{child}/status").read_text():
        assert time.monotonic() < end, "the child goes on"
        time.sleep(0.05)


def test_ending_when_told__the_end_of_the_process_too(tmp_path: Path) -> None:
    status, errors, _ = run_told(tmp_path, STUCK_AT_ITS_END, [signal.SIGTERM])
    assert status == 130
    assert "stopped by force" in errors


def test_ending_when_told__what_ends_by_itself_is_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM), threading.active_count()
    with pytest.raises(KeyboardInterrupt), ending_when_told(0.3, is_whole_process=False):  # noqa: PT012
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert (signal.getsignal(signal.SIGTERM), threading.active_count()) == before
    time.sleep(0.5)  # the deadline passes


def test_ending_when_told__handlers_do_not_survive_a_fork() -> None:
    with ending_when_told(60, is_whole_process=False):
        child = os.fork()
        if not child:
            time.sleep(30)
            os._exit(0)
        os.kill(child, signal.SIGTERM)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGTERM
        assert signal.set_wakeup_fd(-1) != -1, "the parent goes on listening"


def test_list_descendants() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "sleep 30 & wait"]) as process:
        end = time.monotonic() + 10
        while len(list_descendants(process.pid)) < 1 and time.monotonic() < end:
            time.sleep(0.02)
        (child,) = list_descendants(process.pid)
        assert {process.pid, child} <= set(list_descendants(os.getpid()))
        os.kill(child, signal.SIGKILL)
