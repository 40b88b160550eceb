"""Export of a graph to a file for other programs, and its runtimes."""

import importlib.util
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from binrecon.config.export import ONNX, OPENVINO_INT8
from binrecon.errors import ConfigError
from binrecon.inference.graph import CounterGraph

Pixels = NDArray[np.uint8]

INPUT, OUTPUTS = "photos", ("log_probabilities", "probabilities")

_ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_KEPT_IN_FLOAT = r"(.*\bmodel\.head\b|aten::).*"
"""Names of operations in the head, and of those of `CounterGraph` itself, which are in no module of it."""


def check_packages(format_name: str) -> None:
    """Refuse a format whose packages are not installed.

    Raises:
        ConfigError: With the line that installs them.
    """
    extra = "onnx" if format_name == ONNX else "openvino"
    wanted = {ONNX: _ONNX_PACKAGES, OPENVINO_INT8: ("openvino", "nncf")}.get(format_name, ("openvino",))
    if absent := [name for name in wanted if importlib.util.find_spec(name) is None]:
        raise ConfigError(
            [f"format: {format_name} needs {', '.join(absent)}; pip install 'binrecon[{extra}]'"]
        )


def write_onnx(graph: CounterGraph, image_size: int, facts: Mapping[str, str], path: Path) -> None:
    """Write a graph as ONNX: photos in a batch of any size in, both outputs out.

    Args:
        graph: On the CPU.
        image_size: Side of the photos, in pixels.
        facts: Metadata stored in the file.
        path: The file.
    """
    import onnx

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about its own calls
        program = torch.onnx.export(
            graph,
            (_black_photos(image_size),),
            dynamo=True,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes={INPUT: {0: torch.export.Dim("batch")}},
            external_data=False,
            verbose=False,
        )
    assert program is not None  # noqa: S101  # it is None only without dynamo
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # where in our code it comes from, with paths of this machine
    onnx.helper.set_model_props(model, dict(facts))
    onnx.save(model, path)
    onnx.checker.check_model(path, full_check=True)


def write_openvino(
    graph: CounterGraph,
    image_size: int,
    facts: Mapping[str, str],
    path: Path,
    ranges: Callable[[], Iterator[Pixels]] | None = None,
) -> None:
    """Write a graph as OpenVINO's pair of files, in float32 or, with ranges, the backbone in int8.

    The head stays in float: its features are of many scales, and it is next to no work.

    Args:
        graph: On the CPU.
        image_size: Side of the photos, in pixels.
        facts: Metadata stored in the file.
        path: The `.xml`; the weights lie beside it as `.bin`.
        ranges: Yields batches of photos that int8 takes its ranges from.
    """
    import openvino

    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it traces, which torch advises against
        network = openvino.convert_model(
            graph, example_input=_black_photos(image_size), input=[-1, 3, image_size, image_size]
        )
    if ranges is not None:
        network = _quantise(network, list(ranges()))
    network.inputs[0].set_names({INPUT})
    for output, name in zip(network.outputs, OUTPUTS, strict=True):
        output.set_names({name})
    for key, value in facts.items():
        network.set_rt_info(value, ["binrecon", key])
    openvino.save_model(network, path, compress_to_fp16=False)


def load_runner(format_name: str, path: Path) -> Callable[[Pixels], NDArray[np.float32]]:
    """Load a file in its own runtime: on the CPU, on as many threads as torch has, in float32 if not int8.

    Returns:
        From photos, uint8, shape (B, 3, S, S), to probabilities, shape (B, C).
    """
    if format_name == ONNX:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return lambda photos: session.run([OUTPUTS[1]], {INPUT: photos})[0]
    import openvino

    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    network = openvino.Core().compile_model(path, "CPU", settings)
    return lambda photos: network(photos)[OUTPUTS[1]].copy()


def to_text(facts: Mapping[str, object]) -> dict[str, str]:
    """Convert metadata to text, which both formats store: strings unchanged, all else as JSON.

    >>> to_text({"run": "2026-11-23", "counts": [0, 1], "calibration": None})
    {'run': '2026-11-23', 'counts': '[0, 1]', 'calibration': 'null'}
    """
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}


def _black_photos(image_size: int) -> Tensor:
    return torch.zeros((2, 3, image_size, image_size), dtype=torch.uint8)


def _quantise(network: Any, samples: list[Pixels]) -> Any:  # noqa: ANN401  # openvino has no type for it
    """Quantise to int8 (Jacob et al. 2018, arXiv:1712.05877; by NNCF)."""
    import nncf

    nncf.set_log_level(logging.WARNING)  # it logs every operation of the head
    return nncf.quantize(
        network,
        nncf.Dataset(samples),
        subset_size=len(samples),
        ignored_scope=nncf.IgnoredScope(patterns=[_KEPT_IN_FLOAT]),
    )
