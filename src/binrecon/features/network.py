"""A converted network in one sealed file, so that all blocks of a store go through the same one."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from binrecon.errors import DamagedCacheError
from binrecon.sealed_file import read_sealed, write_sealed

NETWORK = "network.int8"
_LENGTH_BYTES = 8


def load_network(folder: Path, make: Callable[[], Any]) -> Any:  # noqa: ANN401  # openvino has no type for it
    """Load the network of a store; make it first, and keep it, where there is none.

    Args:
        folder: Of the store.
        make: Makes the network as OpenVINO's model.

    Raises:
        DamagedCacheError: If it is not what was written.
        OSError: If it cannot be written or read.
    """
    import openvino

    path = folder / NETWORK
    identity = f"network of {folder.name}"
    try:
        content = read_sealed(path, identity)
    except FileNotFoundError:
        write_sealed(path, _pack(make()), identity)
        content = read_sealed(path, identity)
    length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    graph, weights = content[_LENGTH_BYTES:][:length], content[_LENGTH_BYTES + length :]
    return openvino.Core().read_model(bytes(graph), bytes(weights))


def check_network(folder: Path, is_wanted: bool) -> None:
    """Check the network of a store.

    Args:
        folder: Of the store.
        is_wanted: Whether there must be one.

    Raises:
        DamagedCacheError: If it is not what was written, or missing.
        OSError: If it cannot be read.
    """
    try:
        read_sealed(folder / NETWORK, f"network of {folder.name}")
    except FileNotFoundError as error:
        if is_wanted:
            raise DamagedCacheError(f"'{folder / NETWORK}' is missing") from error


def _pack(network: Any) -> bytes:  # noqa: ANN401  # openvino has no type for it
    """Put graph and weights into one piece: the length of the first, then both."""
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "network.xml"
        openvino.save_model(network, graph, compress_to_fp16=False)
        text, weights = graph.read_bytes(), graph.with_suffix(".bin").read_bytes()
    return len(text).to_bytes(_LENGTH_BYTES, "little") + text + weights
