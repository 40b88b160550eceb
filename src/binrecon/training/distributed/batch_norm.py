"""BatchNorm over a batch that several processes share."""

from typing import Any, cast

import torch
import torch.distributed as dist
import torch.nn.functional as F
from timm.layers.norm_act import SyncBatchNormAct, convert_sync_batchnorm
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # no public base of BatchNorm takes inputs of any rank

from binrecon.models import BinCounter
from binrecon.models.stages import Stages


def sync_batch_norm(counter: BinCounter, device_type: str) -> None:
    """Let every BatchNorm that is trained normalise over the shares of all processes, in place.

    On a GPU that is torch's `SyncBatchNorm`, which knows no CPU; there it is the same arithmetic over gloo.
    Names and numbers of a state dict stay as they are.

    Args:
        counter: The model.
        device_type: torch's word for what it is trained on.
    """
    counter.head = convert_sync_batchnorm(counter.head)  # type: ignore[no-untyped-call]  # timm has no types
    if not counter.backbone.is_frozen:
        counter.backbone.net = convert_sync_batchnorm(counter.backbone.net)  # type: ignore[no-untyped-call]
        counter.backbone.stages = Stages(counter.backbone.net)  # it knows each module
    if device_type == "cpu":
        kinds: dict[type[nn.Module], type[nn.Module]] = {
            nn.SyncBatchNorm: _CpuSyncBatchNorm,
            SyncBatchNormAct: _CpuSyncBatchNormAct,
        }
        for module in counter.modules():
            # torch's public `convert_sync_batchnorm` makes its own class; a module built anew would have
            # to take over parameters, buffers, hooks and what timm added, and be put in its parent's place
            module.__class__ = kinds.get(type(module), type(module))


class _CpuSyncBatchNorm(_BatchNorm):
    """`SyncBatchNorm` in torch's own operations, since DDP refuses any of its kind on a CPU."""

    def forward(self, input: Tensor) -> Tensor:  # the name that the base class has
        """Normalise, shape (B, C, ...), over all processes while training."""
        if not self.training:
            return F.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        over = [0, *range(2, input.ndim)]
        shape = [1, -1] + [1] * (input.ndim - 2)
        exact = input.float()  # what comes in may be bfloat16, in which no sum is exact
        own_count = exact.new_tensor([input.numel() / input.shape[1]])
        sums = _sum_over_processes(torch.cat([exact.sum(over), own_count]))
        count = sums[-1]
        mean = sums[:-1] / count
        centred = exact - mean.view(shape)
        variance = _sum_over_processes((centred * centred).sum(over)) / count
        self._remember(mean.detach(), variance.detach() * count / (count - 1))
        normalised = centred * torch.rsqrt(variance + self.eps).view(shape)
        if self.weight is not None:
            normalised = normalised * self.weight.view(shape) + self.bias.view(shape)
        return normalised.to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


class _CpuSyncBatchNormAct(_CpuSyncBatchNorm):
    """The same with what timm puts behind it."""

    def forward(self, input: Tensor) -> Tensor:  # as above
        """Normalise, and activate."""
        drop, act = cast(nn.Module, self.drop), cast(nn.Module, self.act)
        activated: Tensor = act(drop(super().forward(input)))
        return activated


class _SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes, which passes gradients back to each of them."""

    @staticmethod
    def forward(context: Any, own: Tensor) -> Tensor:  # noqa: ANN401  # torch has no type for it
        """Add up."""
        total = own.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401  # as above
        """Add up the gradients, since each process's sum went into the loss of all."""
        gradient = gradients[0].clone()
        dist.all_reduce(gradient)
        return gradient


def _sum_over_processes(own: Tensor) -> Tensor:
    total: Tensor = _SumOverProcesses.apply(own)  # type: ignore[no-untyped-call]  # torch has no type for it
    return total
