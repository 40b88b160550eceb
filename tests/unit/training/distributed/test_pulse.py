import re
import threading
import time
from collections.abc import Iterable

import pytest
import torch.distributed as dist

from binrecon.training.distributed.place import Place
from binrecon.training.distributed.pulse import Pulse, noticing_silence

PATIENCE_S = 1.0

LONG_S = 60.0
"""For what would come at once, were no machine ever busy."""


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> "Watch":
    """The time that every pulse of a test goes by: on a busy machine a second may pass between two beats."""
    watch = Watch()
    monkeypatch.setattr("binrecon.training.distributed.pulse.time", watch)
    return watch


class Watch:
    """Stands still but for what a test moves it by."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Said:
    """Keeps what a pulse complains of."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.came = threading.Event()

    def __call__(self, silent: str) -> None:
        self.words.append(silent)
        self.came.set()


def place_of(machine: int, machines: int) -> Place:
    return Place("torchrun", "torchrun_1", rank=2 * machine, size=2 * machines, local_size=2)


def open_store() -> dist.Store:
    return dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)


def wait_for_beats(store: dist.Store, machines: Iterable[int]) -> None:
    """Wait until machines that beat have heard of each other and answered, whatever they were at."""
    keys = [f"binrecon/pulse/{machine}" for machine in machines]
    wanted = [store.add(key, 0) + 4 for key in keys]
    end = time.monotonic() + LONG_S
    while any(store.add(key, 0) < beats for key, beats in zip(keys, wanted, strict=True)):
        assert time.monotonic() < end, "they do not beat"
        time.sleep(0.01)


def test_pulse__machines_fall_silent(watch: Watch) -> None:
    store, said = dist.PrefixStore("round", open_store()), [Said() for _ in range(3)]
    pulses = [Pulse(store, place_of(machine, 3), PATIENCE_S) for machine in range(3)]
    for pulse, own in zip(pulses, said, strict=True):
        pulse.start(own)
    for _ in range(3):
        watch.now += 0.6 * PATIENCE_S
        wait_for_beats(store, range(3))
    assert not any(own.words for own in said)
    pulses[1].stop()
    pulses[2].stop()
    for _ in range(4):  # in the first of which their last beats may be heard
        watch.now += 0.6 * PATIENCE_S
        wait_for_beats(store, [0])
    assert said[0].came.wait(LONG_S)
    assert re.match("machine (1|2|1 and 2) of 3", said[0].words[0]), "whichever beat earlier the last time"
    assert not said[1].words, "it was stopped"
    pulses[0].stop()


class Cut(dist.Store):
    """A store of which this machine is cut off when a test says so."""

    def __init__(self, store: dist.Store) -> None:
        super().__init__()
        self.store = store
        self.is_cut = False

    def clone(self) -> "Cut":
        return self

    def add(self, key: str, amount: int) -> int:
        if self.is_cut:
            raise dist.DistNetworkError("Connection timed out")
        return int(self.store.add(key, amount))


def test_pulse__a_machine_that_is_cut_off_blames_no_other(watch: Watch) -> None:
    """Of the others it heard a little before the store answered the last time; it cannot know that they live."""
    store, said = open_store(), [Said(), Said()]
    seen = Cut(store)
    pulses = [Pulse(store, place_of(0, 2), PATIENCE_S), Pulse(seen, place_of(1, 2), PATIENCE_S)]
    for pulse, own in zip(pulses, said, strict=True):
        pulse.start(own)
    wait_for_beats(store, range(2))
    pulses[0].stop()
    wait_for_beats(store, [1])
    watch.now += 0.6 * PATIENCE_S
    wait_for_beats(store, [1])
    seen.is_cut = True
    watch.now += 0.6 * PATIENCE_S
    assert not said[1].came.wait(0.5 * PATIENCE_S), "of several looks"
    watch.now += 0.6 * PATIENCE_S
    assert said[1].came.wait(LONG_S)
    assert said[1].words == ["the machine of the first process"]
    pulses[1].stop()


class Unreachable(dist.Store):
    """A store whose machine has lost its network: what is asked of it never returns."""

    def clone(self) -> "Unreachable":
        return self

    def add(self, key: str, amount: int) -> int:
        threading.Event().wait(LONG_S)
        return 0


class Gone(Unreachable):
    """A store whose process has ended."""

    def add(self, key: str, amount: int) -> int:
        raise dist.DistNetworkError("Connection reset by peer")


@pytest.mark.parametrize("store", [Unreachable(), Gone()])
def test_pulse__the_store_does_not_answer(store: dist.Store) -> None:
    said = Said()
    pulse = Pulse(store, place_of(1, 2), 0.5)
    pulse.start(said)
    assert said.came.wait(LONG_S)
    assert said.words == ["the machine of the first process"]
    pulse.stop()


def test_noticing_silence__ends_the_process(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store()
    ended: list[int] = []
    come = threading.Event()
    monkeypatch.setattr("os._exit", lambda status: (ended.append(status), come.set()))
    with noticing_silence(store, place_of(0, 2), 0.5):
        for _ in range(2):
            watch.now += 0.3
            wait_for_beats(store, [0])
        assert come.wait(LONG_S)
    assert ended == [2]
    assert capsys.readouterr().err == (
        "TrainingError: machine 1 of 2 (counted from 0) has not been heard of for 0.5 s (trainer.silence_timeout_s): "
        "its network or the machine itself is gone, or it was stopped; once it is back, start the same commands again "
        "on all machines, and the run goes on\n"
    )


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(Place("torchrun", "job", rank=0, size=2, local_size=2), id="one machine"),
        pytest.param(
            Place("torchrun", "job", rank=3, size=4, local_rank=1, local_size=2), id="not the one that speaks"
        ),
    ],
)
def test_noticing_silence__not_its_business(place: Place) -> None:
    before = threading.enumerate()
    with noticing_silence(Unreachable(), place, 0.1):
        assert set(threading.enumerate()) <= set(before)
