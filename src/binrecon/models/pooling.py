"""Feature maps to features: what is kept of all that a backbone sees."""

from collections.abc import Sized
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from binrecon.config.pooling_words import Pooling
from binrecon.errors import ConfigError

_GRID = 3
"""Cells of a map from left to right, and from top to bottom."""

_LEAST_VARIANCE = 1e-5  # a map that is the same everywhere would have a root without a slope


def pool_features(net: nn.Module, normalised: Tensor, pooling: Pooling) -> Tensor:
    """Compute the features of photos.

    - `average`: as the network itself pools its last maps, which most networks average.
    - `concat`: largest value and average of each last map, as fastai's `AdaptiveConcatPool2d` has them.
    - `stages`: average, largest value and standard deviation of each map that a stage of the network ends
      with: small things leave their mark in early stages, and how many there are in the spread.
    - `grid`: the same of every stage but the last, and the average of each ninth of a map: where something
      lies says whether it is in the bin, on its edge or in a neighbour.

    Args:
        net: A timm network without its classifier.
        normalised: Photos as the network wants them, shape (B, 3, H, W).
        pooling: One of the four.

    Returns:
        Shape (B, F).
    """
    if pooling == "average":
        own: Tensor = net(normalised)
        return own
    if pooling == "concat":
        maps = _run(net, "forward_features", normalised)
        return torch.cat([maps.amax(dim=(2, 3)), maps.mean(dim=(2, 3))], dim=1)
    if pooling == "stages":
        of_stages = _run(net, "forward_intermediates", normalised, intermediates_only=True)
        return torch.cat([part for maps in of_stages for part in _describe(maps)], dim=1)
    of_earlier = _run_earlier_stages(net, normalised)
    return torch.cat([part for maps in of_earlier for part in (*_describe(maps), *_cells(maps))], dim=1)


def _run_earlier_stages(net: nn.Module, normalised: Tensor) -> list[Tensor]:
    """Return the maps of every stage but the last, which is not computed."""
    earlier = list(range(len(cast(Sized, net.feature_info)) - 1))
    maps: list[Tensor] = _run(
        net,
        "forward_intermediates",
        normalised,
        indices=earlier,
        stop_early=True,
        intermediates_only=True,
    )
    return maps


def _describe(maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return average, largest value and standard deviation of each map, each of shape (B, F)."""
    means = maps.mean(dim=(2, 3))
    variances = (maps - means[:, :, None, None]).square().mean(dim=(2, 3))
    return means, maps.amax(dim=(2, 3)), (variances + _LEAST_VARIANCE).sqrt()


def _cells(maps: Tensor) -> list[Tensor]:
    """Return the average of each cell of a grid over the maps, row by row, each of shape (B, F).

    Written as slices: CUDA has no deterministic gradient of `adaptive_avg_pool2d`.
    """
    rows, columns = (_cut(side) for side in maps.shape[2:])
    return [
        maps[:, :, top:bottom, left:right].mean(dim=(2, 3)) for top, bottom in rows for left, right in columns
    ]


def _cut(side: int) -> list[tuple[int, int]]:
    """Cut a side of a map into the cells of the grid, each a pixel at least.

    >>> _cut(14), _cut(2)
    ([(0, 4), (4, 9), (9, 14)], [(0, 1), (0, 1), (1, 2)])
    """
    edges = [side * edge // _GRID for edge in range(_GRID + 1)]
    return [(start, max(end, start + 1)) for start, end in pairwise(edges)]


def count_features(net: nn.Module, name: str, pooling: Pooling) -> int:
    """Count what `pool_features` computes of a photo, by computing it of a black one.

    Parameters that have no part in it stop being trained: several processes wait for a gradient of each
    trained one.

    Args:
        net: A timm network without its classifier, in evaluation.
        name: timm's name of it.
        pooling: As of `pool_features`.

    Raises:
        ConfigError: If the network has no such maps.
    """
    if pooling == "average":
        return cast(int, net.num_features)
    photo = torch.zeros(1, *cast(dict[str, Any], net.pretrained_cfg)["input_size"])
    try:
        with torch.enable_grad():
            features = pool_features(net, photo, pooling)
            if features.requires_grad:
                torch.autograd.backward(features.sum())
                _freeze_unused(net)
    except (AttributeError, AssertionError, IndexError, RuntimeError, TypeError) as error:
        raise ConfigError(
            [f"model.pooling: '{name}' has no maps for {pooling} ({error}); use model.pooling=average"]
        ) from error
    return features.shape[1]


def _freeze_unused(net: nn.Module) -> None:
    for parameter in net.parameters():
        if parameter.grad is None:
            parameter.requires_grad_(False)
        parameter.grad = None


def _run(net: nn.Module, method: str, normalised: Tensor, **options: bool | list[int]) -> Any:  # noqa: ANN401
    """Call what every network of timm's has, though their common type does not say so."""
    return getattr(net, method)(normalised, **options)
