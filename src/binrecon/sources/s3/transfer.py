"""Many objects at once, each tried a counted number of times, with back-off."""

import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import NamedTuple

from binrecon.sources.layout import BinPart
from binrecon.sources.s3.attempt import FINAL, AttemptError, Fault

LONGEST_BACKOFF_S = 20.0

GIVE_UP_AFTER = 100
"""So many objects in a row that could not be had: the trouble is not with the objects."""

_REPORT_EVERY_S = 0.2


class Failure(NamedTuple):
    """An object that could not be had."""

    wanted: BinPart
    fault: Fault
    reason: str
    attempts: int


class ServerGoneError(Exception):
    """One object after the other failed.

    Args:
        last: The last of them.
    """

    def __init__(self, last: Failure) -> None:
        super().__init__(last.reason)
        self.last = last


@dataclass
class Tally:
    """Progress of a transfer."""

    objects: int = 0
    bytes: int = 0
    retries: Counter[Fault] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Objects that are settled, one way or the other."""
        return self.objects + len(self.failures)


class Transfer:
    """Reads objects and stores them, several at a time.

    Args:
        read: Fetches one object in one attempt; raises `AttemptError` if that fails.
        place: Stores one object.
        connections: How many at a time.
        attempts: How often an object is tried before it counts as a failure.
        backoff_s: Wait before the second attempt; doubled before each further one (at most 20 s), and
            shortened at random by up to half, so that many clients do not come back at the same moment.
    """

    def __init__(
        self,
        read: Callable[[BinPart], bytes],
        place: Callable[[BinPart, bytes], None],
        connections: int,
        attempts: int,
        backoff_s: float,
    ) -> None:
        self._read = read
        self._place = place
        self._connections = connections
        self._attempts = attempts
        self._backoff_s = backoff_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._failed_in_a_row = 0
        self.tally = Tally()

    def run(self, wanted: Iterable[BinPart], report: Callable[[Tally], None]) -> Tally:
        """Bring every object that can be had; memory does not grow with their number.

        Args:
            wanted: What to bring.
            report: Called several times a second, in the calling thread.

        Raises:
            OSError: If an object cannot be stored; nothing further is started.
            ServerGoneError: If `GIVE_UP_AFTER` objects in a row failed.
        """
        remaining = iter(wanted)
        with ThreadPoolExecutor(self._connections, thread_name_prefix="fetch") as pool:
            workers = {pool.submit(self._work, remaining) for _ in range(self._connections)}
            try:
                while workers:
                    finished, workers = wait(workers, timeout=_REPORT_EVERY_S)
                    for worker in finished:
                        worker.result()
                    report(self.tally)
            finally:
                self._stop.set()  # an error or Ctrl-C: the others end with the object at hand
        return self.tally

    def _work(self, remaining: Iterator[BinPart]) -> None:
        while not self._stop.is_set():
            with self._lock:
                wanted = next(remaining, None)
            if wanted is None:
                return
            try:
                self._bring(wanted)
            except BaseException:
                self._stop.set()
                raise

    def _bring(self, wanted: BinPart) -> None:
        for attempt in itertools.count(1):
            try:
                body = self._read(wanted)
            except AttemptError as error:
                if error.fault in FINAL or attempt == self._attempts:
                    self._note_failure(Failure(wanted, error.fault, error.reason, attempt))
                    return
                self._note_retry(error.fault)
                if self._stop.wait(self._draw_backoff(attempt)):
                    return
            else:
                self._place(wanted, body)
                self._note_success(len(body))
                return

    def _draw_backoff(self, attempt: int) -> float:
        longest = min(LONGEST_BACKOFF_S, self._backoff_s * 2.0 ** (attempt - 1))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  # only spreads clients in time

    def _note_success(self, size: int) -> None:
        with self._lock:
            self.tally.objects += 1
            self.tally.bytes += size
            self._failed_in_a_row = 0

    def _note_retry(self, fault: Fault) -> None:
        with self._lock:
            self.tally.retries[fault] += 1

    def _note_failure(self, failure: Failure) -> None:
        with self._lock:
            self.tally.failures.append(failure)
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= GIVE_UP_AFTER:
                raise ServerGoneError(failure)
