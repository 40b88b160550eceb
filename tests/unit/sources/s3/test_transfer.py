import itertools
import threading
import time
from collections import Counter

import pytest

from binrecon.sources.layout import BinPart
from binrecon.sources.s3.attempt import AttemptError, Fault
from binrecon.sources.s3.transfer import (
    GIVE_UP_AFTER,
    LONGEST_BACKOFF_S,
    Failure,
    ServerGoneError,
    Tally,
    Transfer,
)


class Server:
    """Fails each object the given number of times, and remembers what it was asked and given."""

    def __init__(self, failing: dict[str, tuple[Fault, int]] | None = None) -> None:
        self.failing = failing or {}
        self.asked: Counter[str] = Counter()
        self.placed: dict[str, bytes] = {}

    def read(self, wanted: BinPart) -> bytes:
        self.asked[wanted.bin_id] += 1
        fault, times = self.failing.get(wanted.bin_id, (Fault.THROTTLED, 0))
        if self.asked[wanted.bin_id] <= times:
            raise AttemptError(fault, "as planned")
        return wanted.bin_id.encode()

    def place(self, wanted: BinPart, body: bytes) -> None:
        self.placed[wanted.bin_id] = body

    def transfer(self, attempts: int = 3, connections: int = 4, backoff_s: float = 0.001) -> Transfer:
        return Transfer(self.read, self.place, connections, attempts, backoff_s)


def photos(*bin_ids: str) -> list[BinPart]:
    return [BinPart(bin_id, "photo") for bin_id in bin_ids]


def ignore(tally: Tally) -> None:
    """Take a report and do nothing."""


def test_run__brings_everything() -> None:
    server = Server()
    ids = [f"{number:05d}" for number in range(1000)]
    tally = server.transfer().run(photos(*ids), ignore)
    assert server.placed == {bin_id: bin_id.encode() for bin_id in ids}
    assert (tally.objects, tally.bytes, tally.done) == (1000, 5000, 1000)
    assert tally.retries.total() == 0
    assert server.asked == Counter(ids)


def test_run__nothing_to_do() -> None:
    assert Server().transfer().run([], ignore).done == 0


def test_run__retries_are_counted_by_kind() -> None:
    server = Server({"a": (Fault.THROTTLED, 2), "b": (Fault.STALLED, 1)})
    tally = server.transfer(attempts=3).run(photos("a", "b", "c"), ignore)
    assert tally.retries == {Fault.THROTTLED: 2, Fault.STALLED: 1}
    assert tally.failures == []
    assert set(server.placed) == {"a", "b", "c"}


def test_run__gives_an_object_up_after_so_many_attempts() -> None:
    server = Server({"a": (Fault.CUT_OFF, 99)})
    tally = server.transfer(attempts=3).run(photos("a", "b"), ignore)
    assert tally.failures == [Failure(BinPart("a", "photo"), Fault.CUT_OFF, "as planned", 3)]
    assert server.asked["a"] == 3
    assert tally.retries == {Fault.CUT_OFF: 2}
    assert set(server.placed) == {"b"}


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.REFUSED])
def test_run__what_no_attempt_mends_is_tried_once(fault: Fault) -> None:
    server = Server({"a": (fault, 99)})
    tally = server.transfer(attempts=5).run(photos("a"), ignore)
    assert server.asked["a"] == 1
    assert [failure.attempts for failure in tally.failures] == [1]


def test_run__waits_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    transfer = Server().transfer(backoff_s=1.0)
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    waits = [transfer._draw_backoff(attempt) for attempt in range(1, 8)]
    assert waits == [1, 2, 4, 8, 16, LONGEST_BACKOFF_S, LONGEST_BACKOFF_S]


def test_run__stops_at_a_full_disk() -> None:
    server = Server()

    def refuse(wanted: BinPart, body: bytes) -> None:
        raise OSError(28, "No space left on device")

    transfer = Transfer(server.read, refuse, 4, 3, 0.001)
    with pytest.raises(OSError, match="No space left"):
        transfer.run((BinPart(str(number), "photo") for number in itertools.count()), ignore)
    assert server.asked.total() <= 4  # one for each connection, though there is no end of objects


def test_run__stops_when_the_server_is_gone() -> None:
    ids = [str(number) for number in range(10 * GIVE_UP_AFTER)]
    server = Server(dict.fromkeys(ids, (Fault.NO_CONNECTION, 99)))
    with pytest.raises(ServerGoneError) as caught:
        server.transfer(attempts=1).run(photos(*ids), ignore)
    assert caught.value.last.fault == Fault.NO_CONNECTION
    assert GIVE_UP_AFTER <= len(server.asked) <= GIVE_UP_AFTER + 4


def test_run__single_losses_do_not_add_up() -> None:
    ids = [str(number) for number in range(4 * GIVE_UP_AFTER)]
    server = Server(dict.fromkeys(ids[::2], (Fault.NOT_FOUND, 99)))
    tally = server.transfer(attempts=1, connections=1).run(photos(*ids), ignore)
    assert len(tally.failures) == 2 * GIVE_UP_AFTER
    assert tally.objects == 2 * GIVE_UP_AFTER


def test_run__ctrl_c_does_not_wait_for_the_back_off() -> None:
    server = Server({"a": (Fault.THROTTLED, 99)})

    def interrupt(tally: Tally) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        server.transfer(attempts=99, backoff_s=60.0).run(photos("a"), interrupt)
    assert time.monotonic() - started < 15


def test_run__as_many_at_a_time_as_asked_for() -> None:
    together = threading.Barrier(6)

    def read(wanted: BinPart) -> bytes:
        together.wait(timeout=60)  # passes only when six reads are under way
        return b""

    transfer = Transfer(read, lambda wanted, body: None, 6, 1, 0.0)
    assert transfer.run(photos(*"abcdef"), ignore).objects == 6
