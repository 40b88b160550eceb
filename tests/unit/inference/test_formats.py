"""Graphs as files, of every head and pooling; weights are random, so every probability counts."""

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from binrecon.calibration import Calibration
from binrecon.errors import ConfigError
from binrecon.inference.formats import check_packages, load_runner, to_text, write_onnx, write_openvino
from binrecon.inference.graph import CounterGraph
from binrecon.models import BinCounter, build_counter

BRIGHTNESS = np.linspace(0.05, 1, 5)[:, None, None, None] * np.linspace(0.2, 1, 32)
PHOTOS = (np.random.default_rng(0).integers(256, size=(5, 3, 32, 32)) * BRIGHTNESS).astype(np.uint8)
"""From dark to bright, and darker at the left: both shows in the counts."""

FACTS = {"run": "2026-11-23", "counts": [0, 1, 2, 3, 4, 5], "calibration": None}

needs_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="the extra 'onnx' is not installed"
)
needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="the extra 'openvino' is not installed"
)

KINDS = [
    pytest.param("average", {"name": "linear", "dropout": 0.5}, True, id="linear"),
    pytest.param("concat", {"name": "mlp", "dropout": 0.5, "hidden_width": 16}, False, id="mlp", marks=pytest.mark.slow),
    pytest.param("grid", {"name": "coral", "dropout": 0.5, "is_standardised": True}, True, id="coral", marks=pytest.mark.slow),
    pytest.param("stages", {"name": "corn", "dropout": 0.0}, False, id="corn", marks=pytest.mark.slow),
]  # fmt: skip


def build(pooling: str, head: dict[str, object], is_frozen: bool) -> BinCounter:
    torch.manual_seed(0)
    name = "test_resnet.r160_in1k"
    counter = build_counter(name, 0, 5, weights="random", is_frozen=is_frozen, head=head, pooling=pooling)  # type: ignore[arg-type]
    for layer in counter.head.modules():
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.normal_(layer.weight, std=0.3)
    return counter


def run_torch(graph: CounterGraph) -> NDArray[np.float32]:
    with torch.inference_mode():
        probabilities: NDArray[np.float32] = graph(torch.from_numpy(PHOTOS))[1].numpy()
    assert probabilities.std(axis=0).max() > 1e-3, "photos differ"
    return probabilities


def check_same(format_name: str, path: Path, expected: NDArray[np.float32], tolerance: float) -> None:
    run = load_runner(format_name, path)
    for start, stop in ((0, 1), (1, 5), (0, 5)):  # batches of any size
        assert run(PHOTOS[start:stop]) == pytest.approx(expected[start:stop], abs=tolerance)


@needs_onnx
@pytest.mark.parametrize(("pooling", "head", "is_frozen"), KINDS)
def test_write_onnx(
    pooling: str, head: dict[str, object], is_frozen: bool, calibration: Calibration, tmp_path: Path
) -> None:
    import onnx

    graph = CounterGraph(build(pooling, head, is_frozen), is_mirrored=True, calibration=calibration)
    write_onnx(graph, 32, to_text(FACTS), tmp_path / "counter.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["counter.onnx"]
    check_same("onnx", tmp_path / "counter.onnx", run_torch(graph), 1e-5)
    model = onnx.load(tmp_path / "counter.onnx")
    assert {entry.key: entry.value for entry in model.metadata_props} == to_text(FACTS)
    assert str(Path(__file__).parents[3]).encode() not in (tmp_path / "counter.onnx").read_bytes()


@needs_openvino
@pytest.mark.parametrize(("pooling", "head", "is_frozen"), KINDS)
def test_write_openvino(
    pooling: str, head: dict[str, object], is_frozen: bool, calibration: Calibration, tmp_path: Path
) -> None:
    import openvino

    graph = CounterGraph(build(pooling, head, is_frozen), is_mirrored=True, calibration=calibration)
    path = tmp_path / "counter.xml"
    write_openvino(graph, 32, to_text(FACTS), path)
    check_same("openvino", path, run_torch(graph), 1e-5)
    kept = openvino.Core().read_model(path).get_rt_info(["binrecon"]).value
    assert {key: str(value.value if hasattr(value, "value") else value) for key, value in kept.items()} == (
        to_text(FACTS)
    )


@needs_openvino
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # nncf's own
@pytest.mark.parametrize(("pooling", "head", "is_frozen"), KINDS[::2])
def test_write_openvino__int8_leaves_the_head_in_float(
    pooling: str, head: dict[str, object], is_frozen: bool, tmp_path: Path
) -> None:
    graph = CounterGraph(build(pooling, head, is_frozen), is_mirrored=True, calibration=None)
    path = tmp_path / "counter.xml"
    write_openvino(graph, 32, {}, path, lambda: iter([PHOTOS]))
    exact, rounded = run_torch(graph), load_runner("openvino_int8", path)(PHOTOS)
    assert rounded.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(rounded, exact, atol=1e-5)
    assert np.abs(rounded - exact).mean() < 0.05
    names = re.findall(r'name="([^"]+)" type="FakeQuantize"', path.read_text())
    assert len(names) > 20
    assert [name for name in names if "model.head" in name or name.startswith("aten::")] == []


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_counter_graph__is_the_counter(
    is_mirrored: bool, make_run: Callable[..., Path], calibration: Calibration
) -> None:
    from binrecon import Counter

    counter = Counter.load(make_run(f"data.tta={'flip' if is_mirrored else 'none'}"))
    graph = CounterGraph(counter.model, is_mirrored, calibration)
    with torch.inference_mode():
        logs, probabilities = graph(torch.from_numpy(PHOTOS))
    plain = counter.predict(PHOTOS.transpose(0, 2, 3, 1)).filter(regex="p_").to_numpy()
    expected = calibration.apply(np.log(plain))
    assert logs.numpy() == pytest.approx(expected, abs=1e-5)
    assert probabilities.numpy() == pytest.approx(np.exp(expected), abs=1e-6)


@pytest.mark.parametrize(
    ("format_name", "installed", "message"),
    [
        ("onnx", ("onnx", "openvino"), "format: onnx needs onnxscript, onnxruntime; pip install 'binrecon[onnx]'"),
        ("openvino", ("onnx",), "format: openvino needs openvino; pip install 'binrecon[openvino]'"),
        ("openvino_int8", ("openvino",), "format: openvino_int8 needs nncf; pip install 'binrecon[openvino]'"),
    ],
)  # fmt: skip
def test_check_packages(
    format_name: str, installed: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in installed else None)
    with pytest.raises(ConfigError) as caught:
        check_packages(format_name)
    assert caught.value.problems == (message,)


def test_to_text() -> None:
    assert json.loads(to_text(FACTS)["counts"]) == FACTS["counts"]
