"""Two machines with an address each and a cable between them: network namespaces of Linux, which need root."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

ADDRESSES = ("10.77.0.1", "10.77.0.2")


@dataclass(frozen=True)
class Machine:
    """One of them: its namespace and its address, which the other one reaches."""

    namespace: str
    address: str

    @property
    def prefix(self) -> list[str]:
        """What starts a command there: only its network is another one."""
        return [_find_ip(), "netns", "exec", self.namespace]

    def plug(self, state: str) -> None:
        """Pull out its cable, `down`, or put it in, `up`."""
        _ip("-n", self.namespace, "link", "set", "eth0", state)


@contextmanager
def two_machines() -> Iterator[tuple[Machine, Machine]]:
    """Make them, and remove them; neither reaches the loopback or the network of this machine.

    The test is skipped where they cannot be made.
    """
    _require()
    first, second = (
        Machine(f"binrecon{os.getpid()}{letter}", address)
        for letter, address in zip("ab", ADDRESSES, strict=True)
    )
    try:
        for machine in (first, second):
            _ip("netns", "add", machine.namespace)
        veth = ("type", "veth", "peer", "name", "eth0", "netns", second.namespace)
        _ip("-n", first.namespace, "link", "add", "eth0", *veth)
        for machine in (first, second):
            _ip("-n", machine.namespace, "addr", "add", f"{machine.address}/24", "dev", "eth0")
            _ip("-n", machine.namespace, "link", "set", "lo", "up")
            machine.plug("up")
        yield first, second
    finally:
        for machine in (first, second):  # the cable goes with them
            subprocess.run([_find_ip(), "netns", "del", machine.namespace], check=False, capture_output=True)


def _require() -> None:
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("network namespaces need root; run this test as root on Linux")
    if not _find_ip():
        pytest.skip("network namespaces need iproute2: there is no `ip` here")
    probe = f"binrecon{os.getpid()}probe"
    made = subprocess.run([_find_ip(), "netns", "add", probe], check=False, capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"network namespaces cannot be made here: {made.stderr.strip()}")
    _ip("netns", "del", probe)


def _find_ip() -> str:
    return shutil.which("ip", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or ""


def _ip(*words: str) -> None:
    subprocess.run([_find_ip(), *words], check=True, capture_output=True)
