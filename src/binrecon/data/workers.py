"""Processes that decode photos for another one."""

import os
import signal


def begin_worker(_: int) -> None:
    """Let a decoding process end with the one that it works for, and by nothing that is sent to both.

    Ctrl-C, torchrun and clusters send signals to whole groups of processes, and the training finishes a step
    first, with what it has not decoded yet. For `worker_init_fn` of a `DataLoader`.
    """
    os.setsid()
    for number in (signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # by which a loader ends them
