"""Engines that run a frozen backbone: torch on any device, OpenVINO on the CPU, and their precision."""

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from binrecon.config.engine_words import AUTO, BFLOAT16, FLOAT32, INT8, OPENVINO, TORCH
from binrecon.errors import ConfigError
from binrecon.features.network import load_network
from binrecon.models.backbone import Backbone

CALIBRATION_PHOTOS = 300
"""Photos that int8 takes its ranges from: NNCF's own default."""

_INSTALL_OPENVINO = "pip install 'binrecon[openvino]'"


class EngineChoice(NamedTuple):
    """The engine of a network (`torch`, `openvino`) and its precision (`float32`, `bfloat16`, `int8`)."""

    engine: str
    precision: str


class Engine(Protocol):
    """A frozen backbone, ready to run."""

    def __call__(self, photos: Tensor) -> Tensor:
        """Return features, float32, shape (B, F), of uint8 photos, shape (B, 3, H, W), both on the CPU."""
        ...


def choose_engine(engine: str, precision: str, device: str) -> EngineChoice:
    """Turn `auto` into what this machine does best.

    On a CPU that is OpenVINO where it is installed. The number format is bfloat16 where the hardware computes
    in it, and else float32; int8 has to be asked for.

    Args:
        engine: `auto`, `torch` or `openvino`.
        precision: `auto`, `float32`, `bfloat16` or `int8`.
        device: `cpu` or `cuda`.

    Raises:
        ConfigError: If OpenVINO is asked for and not installed, or the words do not go together.
    """
    has_openvino = importlib.util.find_spec("openvino") is not None
    if engine == AUTO:
        wants_openvino = device == "cpu" and (has_openvino or precision == INT8)
        engine = OPENVINO if wants_openvino else TORCH
    if engine == OPENVINO and not has_openvino:
        raise ConfigError([f"features.engine: openvino is not installed; {_INSTALL_OPENVINO}, or use torch"])
    if engine == OPENVINO and device != "cpu":
        raise ConfigError([f"features.engine: openvino runs on the CPU, not on {device}; use torch"])
    if precision == INT8:
        if engine != OPENVINO:
            raise ConfigError(["features.precision: int8 needs features.engine=openvino, on the CPU"])
        if importlib.util.find_spec("nncf") is None:
            raise ConfigError([f"features.precision: int8 needs nncf; {_INSTALL_OPENVINO}"])
    if precision == AUTO:
        precision = BFLOAT16 if _computes_bfloat16(device) else FLOAT32
    return EngineChoice(engine, precision)


def build_engine(
    choice: EngineChoice,
    backbone: Backbone,
    device: torch.device,
    image_size: int,
    folder: Path,
    calibration: Callable[[], Iterator[Tensor]],
) -> Engine:
    """Make a backbone ready to run.

    Args:
        choice: From `choose_engine`.
        backbone: The network; moved to the device.
        device: Where torch runs it.
        image_size: Side of the photos, in pixels.
        folder: Where a network in int8 is kept, so that all blocks of a store go through the same one.
        calibration: Yields photos, uint8 of shape (B, 3, H, W), if int8 has to take its ranges from them.
    """
    backbone.eval()
    if choice.engine == TORCH:
        backbone.to(device)
        return _TorchEngine(backbone, device, choice.precision)
    if choice.precision == INT8:
        make = partial(_quantise, backbone, image_size, calibration)
        return _OpenVinoEngine(load_network(folder, make), "f32")
    return _OpenVinoEngine(
        _to_openvino(backbone, image_size), "bf16" if choice.precision == BFLOAT16 else "f32"
    )


def _computes_bfloat16(device: str) -> bool:
    """Tell whether the hardware computes in bfloat16, rather than imitating it."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # public in newer versions (`torch.cpu.get_capabilities`), not in every one that we allow;
    # `torch.backends.cpu` knows AVX512 but not bfloat16
    return bool(torch.cpu._is_avx512_bf16_supported())


class _TorchEngine:
    def __init__(self, backbone: Backbone, device: torch.device, precision: str) -> None:
        self._backbone = backbone
        self._device = device
        self._is_bfloat16 = precision == BFLOAT16

    @torch.inference_mode()
    def __call__(self, photos: Tensor) -> Tensor:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._is_bfloat16):
            features: Tensor = self._backbone(photos.to(self._device, non_blocking=True))
        return features.float().cpu()


class _OpenVinoEngine:
    """Runs a converted network on all cores; compiled again where torch was told to use fewer."""

    def __init__(self, network: Any, precision_hint: str) -> None:  # noqa: ANN401  # openvino has no type for it
        import openvino

        options = {
            "PERFORMANCE_HINT": "LATENCY",  # one batch at a time, on all cores
            "INFERENCE_PRECISION_HINT": precision_hint,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        self._network = openvino.Core().compile_model(network, "CPU", options)

    def __call__(self, photos: Tensor) -> Tensor:
        return torch.from_numpy(self._network(photos.numpy())[0].copy())


def _to_openvino(backbone: Backbone, image_size: int) -> Any:  # noqa: ANN401  # openvino has no type for it
    import openvino

    example = torch.zeros((1, 3, image_size, image_size), dtype=torch.uint8)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it traces, which torch advises against
        return openvino.convert_model(
            backbone.cpu(), example_input=example, input=[-1, 3, image_size, image_size]
        )


def _quantise(backbone: Backbone, image_size: int, calibration: Callable[[], Iterator[Tensor]]) -> Any:  # noqa: ANN401  # openvino has no type for it
    """Quantise to int8 (Jacob et al. 2018, arXiv:1712.05877; by NNCF)."""
    import nncf

    samples = [photos.numpy() for photos in calibration()]
    network = _to_openvino(backbone, image_size)
    return nncf.quantize(network, nncf.Dataset(samples), subset_size=len(samples))
