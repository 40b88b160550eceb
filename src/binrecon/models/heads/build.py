"""Heads from their options: first weights from the seed, first answers from the training counts."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from binrecon.config.parts import read_part
from binrecon.config.schema import HeadConfig


def build_head(config: HeadConfig, feature_count: int, class_count: int, seed: int) -> nn.Module:
    """Build a head whose first weights follow from the seed alone, whatever was drawn before.

    Args:
        config: Of one of the heads.
        feature_count: Width F of the features.
        class_count: Number C of counts that can be answered.
        seed: Of the first weights.

    Returns:
        From features, shape (B, F), to count logits, shape (B, C).
    """
    with torch.random.fork_rng(devices=[]):  # a head is built on the CPU; CUDA's state is left alone
        torch.default_generator.manual_seed(seed)
        return config.build(feature_count, class_count)


def read_head_config(values: Mapping[str, Any]) -> HeadConfig:
    """Give the plain values of a head's configuration, as a checkpoint keeps them, their type back.

    Raises:
        ConfigError: If they are not of a head that there is.

    >>> read_head_config({"name": "linear", "dropout": 0.25})
    LinearHeadConfig(name='linear', init_bias_from_prior=True, dropout=0.25, is_standardised=False)
    """
    return cast(HeadConfig, read_part("head", values))


@torch.no_grad()
def init_bias_from_prior(config: HeadConfig, head: nn.Module, class_shares: Tensor) -> None:
    """Let a head answer every photo with given shares of the counts: last weights of 0, fitting biases.

    The focal-loss paper sets such a bias for its rare class (Lin et al. 2017, arXiv:1708.02002, section 4.1).
    A few hundred small steps do not bring biases there, and weights that make up for it learn the training
    bins by heart; and a random last layer sends random gradients into a backbone that is trained with it.

    Args:
        config: Of the head.
        head: As `build_head` makes it.
        class_shares: Shape (C,), each above 0; they sum to 1.
    """
    layers = list(head.modules())
    last = next(layer for layer in reversed(layers) if isinstance(layer, nn.Linear))
    last.weight.zero_()
    config.set_prior(last, layers[-1], class_shares)
