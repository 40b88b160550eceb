"""The trained part: features to count logits."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from binrecon.config.schema import HeadConfig, LinearHeadConfig, MlpHeadConfig

_KINDS: dict[str, type[LinearHeadConfig | MlpHeadConfig]] = {
    "linear": LinearHeadConfig,
    "mlp": MlpHeadConfig,
}


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
            case LinearHeadConfig():
                return _build_linear(config, feature_count, class_count)
            case MlpHeadConfig():
                return _build_mlp(config, feature_count, class_count)
    raise TypeError(f"no head is built from {type(config).__name__}")


def read_head_config(values: Mapping[str, Any]) -> HeadConfig:
    """Give the plain values of a head's configuration, as a checkpoint keeps them, their type back.

    >>> read_head_config({"name": "linear", "dropout": 0.25})
    LinearHeadConfig(name='linear', dropout=0.25, is_standardised=False)
    """
    return _KINDS[values["name"]](**values)


def _build_linear(config: LinearHeadConfig, feature_count: int, class_count: int) -> nn.Module:
    linear = nn.Linear(feature_count, class_count)
    before: list[nn.Module] = []
    if config.is_standardised:
        before.append(nn.BatchNorm1d(feature_count, affine=False))
    if config.dropout > 0:
        before.append(nn.Dropout(config.dropout))
    return nn.Sequential(*before, linear) if before else linear


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
