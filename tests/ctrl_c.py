"""Ctrl-C for processes that tests start."""

import signal


def heed_ctrl_c() -> None:
    """Undo what a shell does to its background jobs, and thereby to their children: to let SIGINT pass."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
