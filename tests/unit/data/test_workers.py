import os
import re
import signal
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset

from binrecon.data import workers
from binrecon.data.workers import (
    PREFETCH_FACTOR,
    SharedMemory,
    WorkerLoader,
    begin_worker,
    check_shared_memory,
    explaining_errors,
    share,
)
from binrecon.errors import PhotoError, WorkerError

Batch = tuple[int, Tensor]


class Batches(Dataset[Batch]):
    """Batches of which one does something instead."""

    def __init__(self, odd: Callable[[], object]) -> None:
        self.odd = odd

    def __getitem__(self, number: int) -> Batch:
        if number == 1:
            self.odd()
        return number, torch.ones(4)


def run_odd(odd: Callable[[], object]) -> list[int]:
    loader = WorkerLoader(
        Batches(odd),
        sampler=range(3),
        batch_size=None,
        collate_fn=share,
        num_workers=1,
        worker_init_fn=begin_worker,
        prefetch_factor=PREFETCH_FACTOR,
    )
    return [number for number, _ in loader]


def no_photo() -> None:
    raise PhotoError("bin '00523': the file is empty")


def no_memory(*_: object) -> None:
    raise RuntimeError(
        "unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28)"
    )


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_worker_loader() -> None:
    assert run_odd(lambda: None) == [0, 1, 2]


def test_worker_loader__a_worker_raises() -> None:
    with pytest.raises(PhotoError, match=r"^bin '00523': the file is empty$"):
        run_odd(no_photo)


def test_worker_loader__a_batch_does_not_fit_into_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "share_memory_", no_memory)
    with pytest.raises(WorkerError) as caught:
        run_odd(lambda: None)
    message = str(caught.value)
    assert message.startswith(f"{workers.SHARED_MEMORY}: a batch of 0.0 MB does not fit; it has ")
    assert "--shm-size=8g" in message
    assert "data.workers=0" in message
    assert message.endswith(
        "(unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28))"
    )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_worker_loader__a_worker_is_killed() -> None:
    with pytest.raises(
        WorkerError, match=r"^process \d+, which decoded photos, (was ended by|ended unexp).*short of"
    ):
        run_odd(die)


def test_explaining_errors__a_bus_error() -> None:
    def batches() -> Iterator[Batch]:
        raise RuntimeError(
            "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are "
            "out of shared memory. Please try to raise your shared memory limit."
        )
        yield 0, torch.ones(1)

    with pytest.raises(WorkerError, match=r"^/dev/shm: the next batch does not fit; it has "):
        next(explaining_errors(batches()))


def test_explaining_errors__other_errors_are_left_alone() -> None:
    def batches() -> Iterator[Batch]:
        raise RuntimeError("ours")
        yield 0, torch.ones(1)

    with pytest.raises(RuntimeError, match=r"^ours$"):
        next(explaining_errors(batches()))


@pytest.mark.parametrize(
    ("megabytes", "batches", "fits"), [(40, 9, True), (39, 9, False), (10, 1, True), (9, 1, False)]
)
def test_check_shared_memory(
    megabytes: int, batches: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "read_shared_memory", lambda: SharedMemory(megabytes * 10**6, 64 * 10**6))
    if fits:
        check_shared_memory(10**7, 2, batches)
        return
    wanted = (
        "4 batches of 10.0 MB, decoded ahead by the processes of data.workers, do"
        if batches > 1
        else "a batch of 10.0 MB does"
    )
    message = (
        f"{workers.SHARED_MEMORY}: {wanted} not fit; it has {megabytes:.1f} MB free of 64.0 MB. Give more (a container: "
        "--shm-size=8g), decode in the process that trains (data.workers=0), or lower data.workers, data.batch_size "
        "or data.image_size"
    )
    with pytest.raises(WorkerError, match=f"^{re.escape(message)}$"):
        check_shared_memory(10**7, 2, batches)
    check_shared_memory(10**7, 0, batches)


def test_check_shared_memory__nobody_can_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SHARED_MEMORY", "/nowhere")
    check_shared_memory(10**15, 2, 9)
