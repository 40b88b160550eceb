"""Ports for servers that tests start, or let others start."""

import contextlib
import secrets
import socket

_FIRST, _COUNT = 10_000, 20_000


def find_free_ports(count: int) -> list[int]:
    """Draw ports that nobody has.

    They lie below those that the kernel gives to whoever connects to something: of these, one that was free may be
    gone before the server has been loaded. They are not drawn from `random`, which every training seeds, so that
    all tests would meet at the same ones.
    """
    ports: list[int] = []
    with contextlib.ExitStack() as held:
        while len(ports) < count:
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("", _FIRST + secrets.randbelow(_COUNT)))
                ports.append(probe.getsockname()[1])
    return ports
