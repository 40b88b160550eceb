"""Rendezvous of processes that were started on several machines."""

import socket
import struct
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch.distributed as dist
from torch.distributed import (  # type: ignore[attr-defined]  # documented, and yet in no `__all__`
    PrefixStore,
    Store,
    TCPStore,
)
from torch.distributed.rendezvous import rendezvous

from binrecon.config.schema import TrainConfig
from binrecon.config.trainer_words import name_processes
from binrecon.errors import TrainingError
from binrecon.training.distributed.environment import choose_environment
from binrecon.training.distributed.place import Place

_LOOK_AGAIN_S = 0.05
"""Interval at which rank 0 checks who has joined, in seconds."""

_ASK_ADDRESS = 0x8915
"""Linux's SIOCGIFADDR (netdevice(7)): the IPv4 address of an interface."""


def meet(config: TrainConfig, place: Place) -> Store:
    """Wait for the other processes, and return what all of them can write to and read.

    Raises:
        TrainingError: If not all come within `trainer.join_timeout_s`.
    """
    seconds = config.trainer.join_timeout_s
    with _explaining_absence(config, place):
        if place.starter == "srun":  # whose first process opens a store of its own
            environment = choose_environment(place)
            address, port = environment.main_address, environment.main_port
            patience = timedelta(seconds=seconds)
            return TCPStore(address, port, place.size, is_master=place.is_first, timeout=patience)
        store, _, _ = next(rendezvous("env://", place.rank, place.size, timeout=timedelta(seconds=seconds)))
        return open_round(store, place, seconds)


def open_round(store: Store, place: Place, timeout_s: float) -> Store:
    """Return a part of a store in which nothing is left of processes that failed.

    torchrun keeps one store for all its restarts, and the number of the restart that it tells a process is
    another one on each machine. There a restarted process would find the addresses of dead ones, and call
    them or wait for them for ever (github.com/pytorch/pytorch/issues/135712; torch 2.13 does so still).
    Therefore the first process thinks of a name for this round, and tells it to each of the others that asks.
    Each asks in words of its own, so that no answer to an earlier one is taken for it.

    Args:
        store: Of all rounds.
        place: Of this process.
        timeout_s: Longest wait for the others, in seconds.

    Raises:
        DistStoreError: If they do not come.
    """
    asked = [f"binrecon/asked/{rank}" for rank in range(place.size)]
    own = uuid.uuid4().hex
    if not place.is_first:
        store.set_timeout(timedelta(seconds=timeout_s))
        store.set(asked[place.rank], own)
        name = store.get(f"binrecon/answers/{own}").decode()
        store.add(f"binrecon/came/{name}", 1)
        return PrefixStore(name, store)
    end = time.monotonic() + timeout_s
    while store.add(f"binrecon/came/{own}", 0) < place.size - 1:
        for key in (key for key in asked if store.check([key])):
            store.set(f"binrecon/answers/{store.get(key).decode()}", own)
        if time.monotonic() > end:
            raise dist.DistStoreError(f"not all came within {timeout_s:g} s")
        time.sleep(_LOOK_AGAIN_S)
    return PrefixStore(own, store)


@contextmanager
def _explaining_absence(config: TrainConfig, place: Place) -> Iterator[None]:
    try:
        yield
    except dist.DistError as error:
        environment, seconds = choose_environment(place), config.trainer.join_timeout_s
        raise TrainingError(
            f"process {place.rank} waited {seconds:g} s (trainer.join_timeout_s) for all of "
            f"{name_processes(config.trainer)} to meet at {environment.main_address}:"
            f"{environment.main_port}, and not all came; look at the log of each machine, and whether they "
            "reach each other at that port (MASTER_ADDR, MASTER_PORT)"
        ) from error


def find_interface(address: str) -> str | None:
    """Find the network interface by which this machine reaches an address.

    Gloo would take that of the machine's own host name, which in many an /etc/hosts is loopback.

    Args:
        address: A host's name or IPv4 address.

    Returns:
        Its name, for instance `eth0`; None where that cannot be told.
    """
    if sys.platform != "linux":
        return None
    import fcntl  # not on every system

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 1))  # sends nothing: it asks the kernel for the way
        except OSError:
            return None
        own = socket.inet_aton(probe.getsockname()[0])
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe, _ASK_ADDRESS, struct.pack("256s", name.encode()))
            except OSError:  # it has none
                continue
            if answer[20:24] == own:
                return name
    return None
