"""A counter in shards, one in each process."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from binrecon.models import BinCounter


def shard_counter(counter: BinCounter, mesh: DeviceMesh) -> None:
    """Spread a counter over processes, in place: each has a part of every weight, and of its gradient.

    A part of the network is put together for as long as it computes: each part of the backbone that is called
    by itself, and the rest.

    Args:
        counter: The model; one that is spread already stays as it is.
        mesh: The processes.
    """
    if any(isinstance(parameter, DTensor) for parameter in counter.parameters()):
        return
    counter.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # not in stubs
    for part in _list_parts(counter.backbone.net):
        fully_shard(part, mesh=mesh)
    fully_shard(counter, mesh=mesh)


def _list_parts(net: nn.Module) -> Iterator[nn.Module]:
    """Yield the children that have weights; of a list, which is not called, its members."""
    for child in net.children():
        if isinstance(child, nn.ModuleList):
            yield from child
        elif any(True for _ in child.parameters()):
            yield child
