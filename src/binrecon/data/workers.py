"""Processes that decode photos for another one."""

import os
import re
import signal
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from torch import Tensor
from torch.utils.data import DataLoader, get_worker_info

from binrecon.errors import BinreconError, WorkerError

B = TypeVar("B", bound=tuple[Any, ...])

SHARED_MEMORY = "/dev/shm"  # noqa: S108  # Linux's, where torch hands batches over
WORKERS_KEY = "data.workers"
PREFETCH_FACTOR = 2
"""Batches that each worker decodes ahead: torch's own default."""

_DEATH = re.compile(
    r"DataLoader worker \(pid(?:\(s\))? (?P<process>[\d, ]+)\) "
    r"(?:is killed by signal: (?P<signal>[^.]*)|exited)"
)


class SharedMemory(NamedTuple):
    """Bytes of shared memory.

    Attributes:
        free: That are left.
        size: Of all.
    """

    free: int
    size: int


def begin_worker(_: int) -> None:
    """Let a decoding process end with the one that it works for, and by nothing that is sent to both.

    Ctrl-C, torchrun and clusters send signals to whole groups of processes, and the training finishes a step
    first, with what it has not decoded yet. For `worker_init_fn` of a `DataLoader`.
    """
    os.setsid()
    for number in (signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # by which a loader ends them


def share(batch: B) -> B:
    """Put the tensors of a batch where another process reads them; for `collate_fn` of a `DataLoader`.

    torch would do so later, in a thread of the worker: what fails there is printed, and waited for for ever.

    Raises:
        WorkerError: If it does not fit into shared memory.
    """
    if get_worker_info() is None:
        return batch
    tensors = [part for part in batch if isinstance(part, Tensor)]
    try:
        for tensor in tensors:
            tensor.share_memory_()  # type: ignore[no-untyped-call]  # torch has no types for it
    except RuntimeError as error:
        needed = sum(tensor.nbytes for tensor in tensors)
        raise WorkerError(f"{describe_shared_memory(needed)} ({str(error).splitlines()[0]})") from error
    return batch


def check_shared_memory(batch_bytes: int, workers: int, batches: int, processes: int = 1) -> None:
    """Refuse batches that do not fit into shared memory all at once, before the first is decoded.

    Args:
        batch_bytes: Size of a batch.
        workers: Processes that decode for each process that trains.
        batches: Of an epoch; no more are ever under way.
        processes: That train on this machine.

    Raises:
        WorkerError: If they do not fit.
    """
    under_way = min(workers * PREFETCH_FACTOR, batches) * processes
    memory = read_shared_memory()
    if memory is not None and batch_bytes * under_way > memory.free:
        raise WorkerError(describe_shared_memory(batch_bytes, under_way))


def describe_shared_memory(batch_bytes: int, batches: int = 1) -> str:
    """Say that batches do not fit into shared memory, how much there is, and what to do."""
    memory = read_shared_memory()
    there = "it is full"
    if memory is not None:
        there = f"it has {memory.free / 1e6:,.1f} MB free of {memory.size / 1e6:,.1f} MB"
    wanted = "the next batch does"
    if batches > 1:
        ahead = f"decoded ahead by the processes of {WORKERS_KEY}"
        wanted = f"{batches} batches of {batch_bytes / 1e6:,.1f} MB, {ahead}, do"
    elif batch_bytes:
        wanted = f"a batch of {batch_bytes / 1e6:,.1f} MB does"
    return (
        f"{SHARED_MEMORY}: {wanted} not fit; {there}. Give more (a container: --shm-size=8g), decode in the "
        f"process that trains ({WORKERS_KEY}=0), or lower {WORKERS_KEY}, data.batch_size or data.image_size"
    )


def read_shared_memory() -> SharedMemory | None:
    """Return what there is of shared memory; None where nobody can say."""
    try:
        status = os.statvfs(SHARED_MEMORY)
    except OSError:
        return None
    return SharedMemory(status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize)


class WorkerLoader(DataLoader[B]):
    """A loader whose workers' errors are ours: those that they raise, and those that end them."""

    def __iter__(self) -> "Any":  # noqa: ANN401  # torch's own type is private
        """Begin a pass."""
        return explaining_errors(super().__iter__())


def explaining_errors(batches: Iterator[B]) -> Iterator[B]:
    """Yield what a loader yields; what its workers raise or die of becomes one error.

    Raises:
        BinreconError: What a worker raised.
        WorkerError: If one died.
    """
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        except BaseException as error:
            end_workers(batches)
            if (explained := _explain(error)) is not None:
                raise explained from None
            raise
        yield batch


def end_workers(batches: Iterator[B]) -> None:
    """End the workers of a loader now: those that live when the process ends, torch takes for failed ones."""
    if (shut_down := getattr(batches, "_shutdown_workers", None)) is not None:
        shut_down()


def _explain(error: BaseException) -> BinreconError | None:
    """Return an error as we word it; None if it is one as it stands."""
    if isinstance(error, BinreconError):
        message = _unwrap(error)
        return None if message is None else type(error)(message)
    message = _explain_death(str(error)) if isinstance(error, RuntimeError) else None
    return None if message is None else WorkerError(message)


def _unwrap(error: BinreconError) -> str | None:
    """Return the message of an error that torch has put the traceback of a worker round."""
    name = type(error).__name__
    if not str(error).startswith(f"Caught {name} in DataLoader worker"):
        return None
    return re.split(rf"^(?:[\w.]+\.)?{name}: ", str(error), flags=re.MULTILINE)[-1].strip()


def _explain_death(said: str) -> str | None:
    """Say why a worker died, as far as torch knows; None if it did not."""
    match = _DEATH.search(said)
    if match is None:
        return None
    if "Bus error" in said or "shared memory" in said or "No space left" in said:
        return describe_shared_memory(0)
    how = f"was ended by the signal '{match['signal']}'" if match["signal"] else "ended unexpectedly"
    return (
        f"process {match['process']}, which decoded photos, {how}; a machine short of memory does so: "
        f"lower {WORKERS_KEY} or data.batch_size, or use {WORKERS_KEY}=0. What was written is whole"
    )
