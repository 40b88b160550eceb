"""Processes that end with the one that started them, even where that was killed and could tell nobody."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # Linux's prctl.h


def end_with_parent(parent: int, by: signal.Signals) -> None:
    """Ask the kernel for a signal when the process that started this one ends; only Linux has such a thing.

    Args:
        parent: Id of that process; where it has ended by now, the signal comes at once.
        by: The signal.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return
    prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        signal.raise_signal(by)
