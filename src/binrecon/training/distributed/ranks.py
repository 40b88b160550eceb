"""Several processes that train together: how they meet, agree, and share files."""

import hashlib
import importlib.metadata
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from binrecon.config.run_keys import MOST_NAMED, PLACE_KEYS, covers, list_settings
from binrecon.config.schema import TrainConfig
from binrecon.errors import EXIT_MISUSE, TrainingError
from binrecon.training.distributed.environment import choose_environment
from binrecon.training.distributed.meeting import find_interface, meet
from binrecon.training.distributed.place import Place
from binrecon.training.distributed.pulse import noticing_silence
from binrecon.whole_file import write_whole

T = TypeVar("T")

PACKAGE = Path(__file__).parents[2]
"""Directory of binrecon's code."""

_PATIENCE = timedelta(days=7)
"""For waiting while another process fetches, decodes or reports; one that dies is noticed at once."""

_OF_A_MACHINE = (*PLACE_KEYS, "source.root")
"""Keys that may differ between machines."""


@contextmanager
def joined(config: TrainConfig, place: Place) -> Iterator["Ranks"]:
    """Meet the other processes, and part at the end; those that have met already stay together.

    Raises:
        TrainingError: If they do not come.
    """
    if dist.is_initialized():
        yield Ranks(place, dist.new_group(backend="gloo", timeout=_PATIENCE))
        return
    if config.trainer.accelerator == "gpu":
        torch.cuda.set_device(place.local_rank)
    store = meet(config, place)
    if (interface := find_interface(choose_environment(place).main_address)) is not None:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", interface)
    backend = "cpu:gloo,cuda:nccl" if config.trainer.accelerator == "gpu" else "gloo"
    with noticing_silence(store, place, config.trainer.silence_timeout_s):
        dist.init_process_group(
            backend, store=store, rank=place.rank, world_size=place.size, timeout=_PATIENCE
        )
        try:
            ranks = Ranks(place, dist.new_group(backend="gloo", timeout=_PATIENCE))
            yield ranks
            ranks.gather("done")  # none leaves while another could fail and have to be started again
        except RuntimeError as error:
            if not _is_of_another(error):
                raise
            raise TrainingError(
                f"another process is gone, and process {place.rank} cannot go on without it "
                f"({_shorten(str(error))}); its own output says why. Started again by the same "
                "commands, the run goes on from its last checkpoint"
            ) from error
        finally:
            dist.destroy_process_group()


def _is_of_another(error: RuntimeError) -> bool:
    """Return whether what failed is the exchange with another process: gloo raises bare RuntimeErrors."""
    return isinstance(error, dist.DistError) or "/gloo/" in str(error)


def _shorten(said: str) -> str:
    """Return what is wrong of what gloo says, less its place in torch's code and its advice.

    >>> _shorten("[/w/gloo/pair.cc:5] Connection closed by peer [10.0.0.1]:2. This is typically caused by…")
    'Connection closed by peer [10.0.0.1]:2'
    """
    return re.sub(r"^\[\S+\] ", "", said.splitlines()[0]).partition(". This is typically")[0]


class Ranks:
    """The processes that train together, seen from one of them.

    Args:
        place: Which one this is.
        group: All of them, over gloo, with all the time in the world.
    """

    def __init__(self, place: Place, group: dist.ProcessGroup) -> None:
        self.place = place
        self._group = group

    def gather(self, own: T) -> list[T]:
        """Return what each process gives, in the order of their ranks."""
        everyone: list[Any] = [None] * self.place.size
        dist.all_gather_object(everyone, own, group=self._group)
        return everyone

    def hear_first(self, said: T | None) -> T:
        """Return what the first process says."""
        heard = [said]
        dist.broadcast_object_list(heard, src=0, group=self._group)
        return heard[0]  # type: ignore[return-value]  # the first process says no None

    def agree(self, own: bool) -> bool:
        """Return whether any process says so."""
        return bool(self.find_highest(int(own)))

    def find_highest(self, own: int) -> int:
        """Return the highest number that a process gives."""
        highest = torch.tensor(own)
        dist.all_reduce(highest, op=dist.ReduceOp.MAX, group=self._group)
        return int(highest)

    def check_agreement(self, config: TrainConfig) -> None:
        """Make sure that all processes run the same code with the same configuration.

        Raises:
            TrainingError: If not, with the ranks and what differs.
        """
        facts = {**_own_code(), **_settings_to_share(config)}
        if problem := describe_disagreement(self.gather(facts)):
            raise self._fail(problem)

    def first_does(self, work: Callable[[], object]) -> None:
        """Let the first process do something while the others wait; if it fails, all of them end.

        Raises:
            BinreconError: What it ended with there.
            SystemExit: In the other processes.
        """
        if not self.place.is_first:
            if self.hear_first(None) != "done":
                raise SystemExit(EXIT_MISUSE)
            return
        try:
            work()
        except BaseException:
            self.hear_first("failed")
            raise
        self.hear_first("done")

    def share_files(self, files: Sequence[Path]) -> None:
        """Bring files of the first process to machines that do not see its disk.

        Args:
            files: Those that may be missing elsewhere; one that the first process has not is left out.
        """
        for file in files:
            known = self.hear_first(_hash_file(file) if self.place.is_first else None)
            lacks = self.place.speaks and _hash_file(file) != known
            if known and self.agree(lacks):
                content = self.hear_first(file.read_bytes() if self.place.is_first else None)
                if lacks:
                    write_whole(file, content)
            dist.barrier(group=self._group)

    def _fail(self, problem: str) -> BaseException:
        return TrainingError(problem) if self.place.speaks else SystemExit(EXIT_MISUSE)


def describe_disagreement(facts: Sequence[Mapping[str, object]]) -> str | None:
    """Say which processes differ from the first one, and in what; None if none does.

    >>> describe_disagreement([{"seed": 0}, {"seed": 0}, {"seed": 1}]).partition(";")[0]
    'the processes do not run the same: rank 2 has seed=1 where rank 0 has seed=0'
    """
    first = facts[0]
    lines = []
    for rank, theirs in enumerate(facts):
        keys = [key for key in dict.fromkeys([*first, *theirs]) if first.get(key) != theirs.get(key)]
        if keys:
            here, there = (
                ", ".join(f"{key}={some.get(key)}" for key in keys[:MOST_NAMED]) for some in (theirs, first)
            )
            more = f" and {len(keys) - MOST_NAMED} more" if len(keys) > MOST_NAMED else ""
            lines.append(f"rank {rank} has {here}{more} where rank 0 has {there}")
    if not lines:
        return None
    return (
        f"the processes do not run the same: {'; '.join(lines)}; start all of them with the same words, "
        "from the same version of binrecon and torch"
    )


def _settings_to_share(config: TrainConfig) -> dict[str, object]:
    return {key: value for key, value in list_settings(config).items() if not covers(_OF_A_MACHINE, key)}


def _own_code() -> dict[str, object]:
    """Return the versions that matter, and a hash of the code."""
    versions = {"binrecon": importlib.metadata.version("binrecon"), "torch": torch.__version__}
    return {**versions, "the hash of its code": hash_code(PACKAGE)}


def hash_code(package: Path) -> str:
    """Return a hash of every Python file of a package: of its name and its content."""
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _hash_file(file: Path) -> str:
    """Return a hash of a file's bytes; empty if there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""
