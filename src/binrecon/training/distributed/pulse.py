"""Heartbeats, by which machines that train together notice that one of them is gone."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from torch.distributed import Store  # type: ignore[attr-defined]  # documented, and yet in no `__all__`

from binrecon.errors import EXIT_MISUSE, TrainingError
from binrecon.training.distributed.place import Place

_BEATS = 10
"""Number of heartbeats within the time after which a machine counts as gone."""

_LEAVE_S = 1.0
"""Longest wait for an answer that is on its way when all is over, in seconds."""


class Pulse:
    """Says that this machine is alive, and listens whether the others are.

    A process that dies is noticed without it: its machine closes its connections. A machine that lost its
    network or its power closes none, and the others would wait for what it was to send.

    Args:
        store: Where all processes read and write.
        place: Of this process.
        patience_s: After so many seconds without a sign a machine counts as gone.
    """

    def __init__(self, store: Store, place: Place, patience_s: float) -> None:
        # A connection of its own, since others wait on theirs.
        self._store: Store = store.clone()  # type: ignore[attr-defined]  # which torch's stubs do not know
        self._own = place.machine
        self._patience_s = patience_s
        self._signs = dict.fromkeys(range(place.size // place.local_size), 0)
        now = time.monotonic()
        self._heard = dict.fromkeys(self._signs, now)
        self._answered = now
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, on_silence: Callable[[str], None]) -> None:
        """Beat and listen in the background until `stop`.

        Args:
            on_silence: Called once with who has been silent for too long, a machine or the one of the store.
        """
        for work in (self._beat, lambda: self._listen(on_silence)):
            self._threads.append(threading.Thread(target=work, name="pulse", daemon=True))
            self._threads[-1].start()

    def stop(self) -> None:
        """Do not beat or listen any more, nor ask a store that is about to go."""
        self._is_over.set()
        for thread in self._threads:
            thread.join(_LEAVE_S)

    def _beat(self) -> None:
        """Tell and hear. With the network gone it may hang, which `_listen` notices."""
        while not self._is_over.is_set():
            with suppress(RuntimeError):  # of the network: silence all the same
                self._exchange()
            self._is_over.wait(self._patience_s / _BEATS)

    def _exchange(self) -> None:
        for machine, known in self._signs.items():
            sign = self._store.add(f"binrecon/pulse/{machine}", int(machine == self._own))
            if sign != known:
                self._signs[machine] = sign
                self._heard[machine] = time.monotonic()
        self._answered = time.monotonic()

    def _listen(self, on_silence: Callable[[str], None]) -> None:
        while not self._is_over.wait(self._patience_s / _BEATS):
            if (silence := self._find_silence(time.monotonic())) is not None and not self._is_over.is_set():
                on_silence(silence)
                return

    def _find_silence(self, now: float) -> str | None:
        if now - self._answered > self._patience_s:
            return "the machine of the first process"
        silent = [  # when there was an answer the last time: what came later nobody can know
            str(machine)
            for machine, heard in self._heard.items()
            if self._answered - heard > self._patience_s
        ]
        return f"machine {' and '.join(silent)} of {len(self._heard)} (counted from 0)" if silent else None


@contextmanager
def noticing_silence(store: Store, place: Place, patience_s: float) -> Iterator[None]:
    """End this process when another machine is gone.

    One process of each machine does so, and what started it ends the others.

    Args:
        store: Where all processes read and write, for as long as this lasts in any of them.
        place: Of this process.
        patience_s: After so many seconds without a sign a machine counts as gone.
    """
    if place.size == place.local_size or not place.speaks:
        yield
        return

    def end(silent: str) -> None:
        error = TrainingError(
            f"{silent} has not been heard of for {patience_s:g} s (trainer.silence_timeout_s): its network "
            "or the machine itself is gone, or it was stopped; once it is back, start the same commands "
            "again on all machines, and the run goes on"
        )
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(EXIT_MISUSE)  # the main thread may be waiting for ever in what cannot be interrupted

    pulse = Pulse(store, place, patience_s)
    pulse.start(end)
    try:
        yield
    finally:
        pulse.stop()
