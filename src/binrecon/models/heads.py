"""The trained part: features to count logits."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from binrecon.config.schema import (
    CoralHeadConfig,
    CornHeadConfig,
    HeadConfig,
    LinearHeadConfig,
    MlpHeadConfig,
    OneLayerHeadConfig,
)
from binrecon.models.ordinal import CoralLink, CornLink

_KINDS: dict[str, type[OneLayerHeadConfig | MlpHeadConfig]] = {
    "linear": LinearHeadConfig,
    "mlp": MlpHeadConfig,
    "coral": CoralHeadConfig,
    "corn": CornHeadConfig,
}


class OneLayer(NamedTuple):
    """The parts of a head of one linear layer.

    Attributes:
        before: What features pass through before the layer; may be empty.
        linear: The layer.
        link: What turns its values into count logits; None where they are the count logits.
    """

    before: nn.Sequential
    linear: nn.Linear
    link: nn.Module | None


def build_head(config: HeadConfig, feature_count: int, class_count: int, seed: int) -> nn.Module:
    """Build a head whose first weights follow from the seed alone, whatever was drawn before.

    Args:
        config: One of the head schemas.
        feature_count: Width F of the features.
        class_count: Number C of counts that can be answered.
        seed: Of the first weights.

    Returns:
        From features, shape (B, F), to count logits, shape (B, C).
    """
    with torch.random.fork_rng(devices=[]):  # a head is built on the CPU; CUDA's state is left alone
        torch.default_generator.manual_seed(seed)
        match config:
            case OneLayerHeadConfig():
                return _build_one_layer(config, feature_count, class_count)
            case MlpHeadConfig():
                return _build_mlp(config, feature_count, class_count)
    raise TypeError(f"no head is built from {type(config).__name__}")


def read_head_config(values: Mapping[str, Any]) -> HeadConfig:
    """Give the plain values of a head's configuration, as a checkpoint keeps them, their type back.

    >>> read_head_config({"name": "linear", "dropout": 0.25})
    LinearHeadConfig(name='linear', starts_at_prior=True, dropout=0.25, is_standardised=False)
    """
    return _KINDS[values["name"]](**values)


@torch.no_grad()
def start_at_shares(head: nn.Module, class_shares: Tensor) -> None:
    """Let a head answer every photo with given shares of the counts: last weights of 0, fitting biases.

    The focal-loss paper sets such a bias for its rare class (Lin et al. 2017, arXiv:1708.02002, section 4.1).
    A few hundred small steps do not bring biases there, and weights that make up for it learn the training
    bins by heart; and a random last layer sends random gradients into a backbone that is trained with it.

    Args:
        head: As `build_head` makes it.
        class_shares: Shape (C,), each above 0; they sum to 1.
    """
    layers = list(head.modules())
    linear = next(layer for layer in reversed(layers) if isinstance(layer, nn.Linear))
    linear.weight.zero_()
    at_least = class_shares.flip(0).cumsum(0).flip(0)
    match layers[-1]:
        case CoralLink() as link:
            biases = (at_least[1:] / (1 - at_least[1:])).log()
            linear.bias.copy_(biases[0])
            link.steps.copy_((biases[:-1] - biases[1:]).expm1().log())
        case CornLink():
            linear.bias.copy_((at_least[1:] / class_shares[:-1]).log())
        case _:
            linear.bias.copy_(class_shares.log())


def split_head(head: nn.Module) -> OneLayer:
    """Take a head of one linear layer apart; the parts are the head's own.

    Args:
        head: As `build_head` makes it of a `OneLayerHeadConfig`.
    """
    before: list[nn.Module] = []
    layers = iter(head if isinstance(head, nn.Sequential) else [head])
    for layer in layers:
        if isinstance(layer, nn.Linear):
            return OneLayer(nn.Sequential(*before), layer, next(layers, None))
        before.append(layer)
    raise TypeError(f"no linear layer in {head}")


def _build_one_layer(config: OneLayerHeadConfig, feature_count: int, class_count: int) -> nn.Module:
    before: list[nn.Module] = []
    if config.is_standardised:
        before.append(nn.BatchNorm1d(feature_count, affine=False))
    if config.dropout > 0:
        before.append(nn.Dropout(config.dropout))
    layers = [*before, *_build_last(config, feature_count, class_count)]
    return nn.Sequential(*layers) if len(layers) > 1 else layers[0]


def _build_last(config: OneLayerHeadConfig, feature_count: int, class_count: int) -> list[nn.Module]:
    match config:
        case CoralHeadConfig():
            link, linear = CoralLink(class_count), nn.Linear(feature_count, 1)
            nn.init.constant_(linear.bias, link.first_bias)
            return [linear, link]
        case CornHeadConfig():
            return [nn.Linear(feature_count, class_count - 1), CornLink()]
    return [nn.Linear(feature_count, class_count)]


def _build_mlp(config: MlpHeadConfig, feature_count: int, class_count: int) -> nn.Module:
    """Build the head of fastai 0.7, its first weights included.

    https://github.com/fastai/fastai/blob/24faf22/old/fastai/conv_learner.py, `ConvnetBuilder`; weights by
    He et al. 2015, arXiv:1502.01852, equation 10.
    """
    hidden = nn.Linear(feature_count, config.hidden_width)
    last = nn.Linear(config.hidden_width, class_count)
    for linear in (hidden, last):
        nn.init.kaiming_normal_(linear.weight)
        nn.init.zeros_(linear.bias)
    return nn.Sequential(
        nn.BatchNorm1d(feature_count),
        nn.Dropout(config.dropout / 2),
        hidden,
        nn.ReLU(),
        nn.BatchNorm1d(config.hidden_width),
        nn.Dropout(config.dropout),
        last,
    )
