"""The pretrained network that turns photos into features."""

import difflib
from typing import Any, Self, cast

import timm
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # public are only its kinds, a list that grows with torch

from binrecon.config.pooling_words import Pooling
from binrecon.config.regime_words import HEAD
from binrecon.config.spelling import did_you_mean
from binrecon.errors import ConfigError
from binrecon.models.pooling import count_features, pool_features
from binrecon.models.stages import Stages
from binrecon.models.weights import load_weights


class Backbone(nn.Module):
    """A timm network without its classifier, from raw photos to pooled features.

    It normalises photos itself, with the mean and standard deviation that its weights were trained with, so
    these numbers live in one place and a checkpoint predicts from photos alone.

    Attributes:
        name: timm's name, tag of the weights included.
        pooling: What is kept of its feature maps.
        feature_count: Width F of the features.
        is_frozen: Whether no tensor of it ever changes, BatchNorm statistics included.
        stages: Of the network.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, name: str, is_frozen: bool, pooling: Pooling = "average") -> None:
        super().__init__()
        # Channels last: half as fast again on CPUs, and what GPUs like best.
        self.net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in stubs
        self.name = name
        self.pooling = pooling
        self.is_frozen = is_frozen
        pretrained = cast(dict[str, Any], net.pretrained_cfg)
        for key in ("mean", "std"):
            constant = torch.tensor(pretrained[key]).view(1, -1, 1, 1)
            self.register_buffer(key, constant, persistent=False)
        self.net.requires_grad_(not is_frozen)
        self.stages = Stages(net)
        self.feature_count = count_features(net.eval(), name, pooling)
        self._used = [name for name, parameter in net.named_parameters() if parameter.requires_grad]
        self._first_trained = 0
        self.train(self.training)

    def train_from(self, stage: str) -> None:
        """Train this stage and all after it from now on; those before it stay as they are.

        Args:
            stage: Name of a stage; `head` trains none.

        Raises:
            ConfigError: If there is no such stage.
        """
        allowed = (*self.stages.names, HEAD)
        if stage not in allowed:
            hint = did_you_mean(stage, allowed)
            raise ConfigError(
                [f"regime: '{self.name}' has no stage '{stage}', only {', '.join(allowed)}{hint}"]
            )
        self._first_trained = allowed.index(stage)
        parameters = dict(self.net.named_parameters())
        for name in self._used:
            parameters[name].requires_grad_(self.stages.of_parameter(name) >= self._first_trained)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Switch to training, except that frozen stages stay in evaluation.

        `requires_grad = False` alone lets BatchNorm statistics drift in training mode.
        """
        super().train(mode)
        if self.is_frozen:
            self.net.eval()
        else:
            for module in self.stages.modules_before(self._first_trained):
                module.training = False  # each by itself: `eval` would pass it on
        return self

    def has_maps_of_a_pixel(self, image_size: int) -> bool:
        """Return whether some BatchNorm in it gets maps of a single pixel, where photos have this size."""
        sizes: list[int] = []
        hooks = [
            module.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0][0, 0].numel()))
            for module in self.net.modules()
            if isinstance(module, _BatchNorm)
        ]
        was_training = self.training
        with torch.no_grad():
            self.eval()(torch.zeros(1, 3, image_size, image_size, dtype=torch.uint8, device=self.mean.device))
        self.train(was_training)
        for hook in hooks:
            hook.remove()
        return 1 in sizes

    def forward(self, photos: Tensor) -> Tensor:
        """Compute pooled features.

        Args:
            photos: RGB photos, uint8 in 0..255, shape (B, 3, H, W).

        Returns:
            Features, shape (B, F).
        """
        photos = photos.to(self.mean.dtype, memory_format=torch.channels_last)
        normalised = (photos / 255 - self.mean) / self.std
        if self.is_frozen:
            with torch.no_grad():
                return self._features(normalised)
        return self._features(normalised)

    def _features(self, normalised: Tensor) -> Tensor:
        return pool_features(self.net, normalised, self.pooling)


def build_backbone(
    name: str, weights: str = "imagenet", is_frozen: bool = True, pooling: Pooling = "average"
) -> Backbone:
    """Build any timm network as a backbone.

    `resnet18.tv_in1k`, `resnet34.tv_in1k` and `resnet50.tv_in1k` are torchvision's networks with its
    weights.

    Args:
        name: timm's name, with the tag of its weights where there are several.
        weights: `imagenet`, `random`, or the path of a state dict.
        is_frozen: Whether the network stays as it is.
        pooling: What is kept of its feature maps.

    Raises:
        ConfigError: If timm has no such network, or has it without ImageNet statistics or such maps.
        WeightsError: If the weights cannot be had or do not fit.
    """
    if not timm.is_model(name):
        close = difflib.get_close_matches(name.partition(".")[0], timm.list_models(), n=3)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise ConfigError(
            [f"model.backbone: timm has no '{name}'; timm.list_models() lists what it has.{hint}"]
        )
    try:
        net = timm.create_model(name, pretrained=False)
    except RuntimeError as error:  # timm's answer to an unknown tag
        tags = ", ".join(timm.list_pretrained(f"{name.partition('.')[0]}.*")) or "none"
        raise ConfigError([f"model.backbone: '{name}' has an unknown tag; known are {tags}"]) from error
    load_weights(net, name, weights)
    net.reset_classifier(0)  # type: ignore[operator]  # every timm network has it
    return Backbone(net, name, is_frozen, pooling)
