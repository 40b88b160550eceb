"""A process that is told to stop ends, whatever it is stuck in, and its signal handlers stay its own.

A handler of Python's runs in the main thread, between two of its steps: never while that thread waits in C,
and in vain where something catches what it raises. A thread that reads what the interpreter itself writes on
every signal needs neither. (It needs the interpreter's lock, which code in C gives up before it waits.)
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from binrecon.errors import EXIT_INTERRUPTED

DEADLINE_S = 25.0
"""From the first SIGTERM or Ctrl-C to the end of the process, in seconds; README promises 30."""

WORKER_DEADLINE_S = 20.0
"""As `DEADLINE_S`, in a process that another binrecon process waits for."""

_STOPS = (signal.SIGTERM, signal.SIGINT)
_STDERR = 2


@contextlib.contextmanager
def ending_when_told(deadline_s: float = DEADLINE_S, *, is_whole_process: bool = True) -> Iterator[None]:
    """Stop after SIGTERM, which `kill`, containers and clusters send, as after Ctrl-C, and in time.

    The process and all that it started end by force `deadline_s` after the first signal. Nothing is done in
    threads but the main one, which alone gets signals.

    Args:
        deadline_s: Seconds that it has to end by itself.
        is_whole_process: Whether the process ends with this: then it may not hang later either.

    Raises:
        KeyboardInterrupt: After SIGTERM.
    """
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield
        return
    watch = _Watch(deadline_s)
    earlier = signal.signal(signal.SIGTERM, _stop)
    watch.start()
    try:
        yield
    except KeyboardInterrupt:
        watch.is_told = True  # its thread may not have read so yet
        raise
    finally:
        if is_whole_process and watch.is_told:
            signal.signal(signal.SIGTERM, _ignore)  # it ends, with the status of what it was told first
        else:
            signal.signal(signal.SIGTERM, earlier)
            watch.end()


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def _ignore(*_: object) -> None:
    """Do nothing, and let nothing else be done."""


class _Watch:
    """Waits for a signal that stops the process, and then for the deadline.

    Args:
        deadline_s: Seconds between the two.
    """

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._wait, name="deadline", daemon=True)
        self._stderr: int | None = None
        self.is_told = False

    def start(self) -> None:
        """Wait in the background until `end`."""
        self._reads, self._writes = os.pipe()
        os.set_blocking(self._writes, False)
        with contextlib.suppress(OSError):  # a process without standard error prints nothing
            self._stderr = os.dup(_STDERR)  # while photos are decoded the usual one leads elsewhere
        self._earlier = signal.set_wakeup_fd(self._writes, warn_on_full_buffer=False)
        _WATCHES.append(self)
        self._thread.start()

    def end(self) -> None:
        """Wait no more."""
        _WATCHES.remove(self)
        signal.set_wakeup_fd(self._earlier, warn_on_full_buffer=False)
        self._is_over.set()
        os.close(self._writes)  # the thread reads the end of the pipe
        self._thread.join()
        self._close()

    def forget(self) -> None:
        """Leave the pipe of the parent alone, in a forked process."""
        os.close(self._writes)
        self._close()

    def _close(self) -> None:
        os.close(self._reads)
        if self._stderr is not None:
            os.close(self._stderr)

    def _wait(self) -> None:
        while numbers := os.read(self._reads, 64):
            told = [signal.Signals(number) for number in numbers if number in _STOPS]
            if told:
                self.is_told = True
                if not self._is_over.wait(self._deadline_s):
                    self._end_process(told[0])
                return

    def _end_process(self, told: signal.Signals) -> None:
        message = (
            f"stopped by force {self._deadline_s:g} s after {told.name}: what ran did not end by itself. "
            "What was written is whole; go on as after any other stop\n"
        )
        if self._stderr is not None:
            with contextlib.suppress(OSError):
                os.write(self._stderr, message.encode())
        for process in list_descendants(os.getpid()):
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        os._exit(EXIT_INTERRUPTED)


_WATCHES: list[_Watch] = []
"""Of this process, the innermost last."""


def list_descendants(process: int) -> list[int]:
    """List the processes that a process has started, and those that they have; none but on Linux."""
    found, left = [], [process]
    while left:
        parent = left.pop()
        children: list[int] = []
        for file in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # it has ended
                children += map(int, file.read_text().split())
        found += children
        left += children
    return found


_FORKING = threading.local()


def _hold_signals() -> None:
    """Keep a signal that comes while a process is forked for when its handlers are right."""
    _FORKING.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _FORKING.mask)


def _begin_child() -> None:
    """Reset our signal handlers in a forked child, which leaves the pipes of its parent alone."""
    if _WATCHES:
        signal.set_wakeup_fd(-1)
        for number in _STOPS:
            if callable(signal.getsignal(number)):  # what is ignored stays so
                signal.signal(number, signal.SIG_DFL)
        for watch in _WATCHES:
            watch.forget()
        _WATCHES.clear()
    _release_signals()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals, after_in_child=_begin_child)
