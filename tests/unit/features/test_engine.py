import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from binrecon.errors import ConfigError, DamagedCacheError
from binrecon.features.engine import EngineChoice, build_engine, choose_engine
from binrecon.models.backbone import Backbone, build_backbone

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="the extra 'openvino' is not installed"
)


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    torch.manual_seed(0)
    return build_backbone("test_resnet.r160_in1k", "random").eval()


@pytest.fixture(scope="module")
def photos() -> Tensor:
    return torch.randint(
        0, 255, (8, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


def run(
    choice: EngineChoice, backbone: Backbone, photos: Tensor, folder: Path, samples: list[int] | None = None
) -> Tensor:
    def calibration() -> Iterator[Tensor]:
        if samples is not None:
            samples.append(len(photos))
        yield photos

    engine = build_engine(choice, backbone, torch.device("cpu"), 64, folder, calibration)
    return engine(photos)


def pretend(monkeypatch: pytest.MonkeyPatch, *installed: str, bfloat16: bool = False) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in installed else None)
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: bfloat16)


@pytest.mark.parametrize(
    ("installed", "bfloat16", "words", "expected"),
    [
        ((), False, ("auto", "auto"), ("torch", "float32")),
        ((), True, ("auto", "auto"), ("torch", "bfloat16")),
        (("openvino",), False, ("auto", "auto"), ("openvino", "float32")),
        (("openvino",), True, ("auto", "auto"), ("openvino", "bfloat16")),
        (("openvino",), True, ("torch", "float32"), ("torch", "float32")),
        (("openvino", "nncf"), False, ("auto", "int8"), ("openvino", "int8")),
    ],
)
def test_choose_engine(
    installed: tuple[str, ...],
    bfloat16: bool,
    words: tuple[str, str],
    expected: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend(monkeypatch, *installed, bfloat16=bfloat16)
    assert choose_engine(*words, device="cpu") == expected


def test_choose_engine__torch_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "openvino")
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: True)
    assert choose_engine("auto", "auto", device="cuda") == ("torch", "bfloat16")


@pytest.mark.parametrize(
    ("installed", "words", "device", "message"),
    [
        (
            (),
            ("openvino", "auto"),
            "cpu",
            "features.engine: openvino is not installed; pip install 'binrecon[openvino]', or use torch",
        ),
        (
            ("openvino",),
            ("openvino", "auto"),
            "cuda",
            "features.engine: openvino runs on the CPU, not on cuda; use torch",
        ),
        (
            ("openvino",),
            ("torch", "int8"),
            "cpu",
            "features.precision: int8 needs features.engine=openvino, on the CPU",
        ),
        (
            ("openvino",),
            ("auto", "int8"),
            "cpu",
            "features.precision: int8 needs nncf; pip install 'binrecon[openvino]'",
        ),
    ],
)
def test_choose_engine__what_cannot_be(
    installed: tuple[str, ...],
    words: tuple[str, str],
    device: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend(monkeypatch, *installed)
    with pytest.raises(ConfigError, match=re.escape(message)):
        choose_engine(*words, device=device)


def test_torch_engine__bfloat16_is_close(backbone: Backbone, photos: Tensor, tmp_path: Path) -> None:
    exact = run(EngineChoice("torch", "float32"), backbone, photos, tmp_path)
    coarse = run(EngineChoice("torch", "bfloat16"), backbone, photos, tmp_path)
    assert coarse.dtype == torch.float32
    assert not torch.equal(exact, coarse)
    assert torch.cosine_similarity(exact, coarse).min() > 0.999


@needs_openvino
def test_openvino_engine__float32_is_the_same_network(
    backbone: Backbone, photos: Tensor, tmp_path: Path
) -> None:
    exact = run(EngineChoice("torch", "float32"), backbone, photos, tmp_path)
    converted = run(EngineChoice("openvino", "float32"), backbone, photos, tmp_path)
    torch.testing.assert_close(converted, exact, rtol=1e-4, atol=1e-5)


@needs_openvino
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # nncf's own
def test_openvino_engine__int8_keeps_its_network(backbone: Backbone, photos: Tensor, tmp_path: Path) -> None:
    exact = run(EngineChoice("torch", "float32"), backbone, photos, tmp_path)
    samples: list[int] = []
    choice = EngineChoice("openvino", "int8")
    coarse = run(choice, backbone, photos, tmp_path, samples)
    assert torch.cosine_similarity(exact, coarse).min() > 0.99
    assert not torch.allclose(exact, coarse, rtol=1e-4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.int8"]
    again = run(choice, backbone, photos, tmp_path, samples)
    assert torch.equal(again, coarse)
    assert samples == [len(photos)], "the second time the network is there"
    network = tmp_path / "network.int8"
    network.write_bytes(network.read_bytes()[:-100])
    with pytest.raises(DamagedCacheError, match=r"network.int8' does not end with its seal$"):
        run(choice, backbone, photos, tmp_path, samples)
    assert samples == [len(photos)], "no other network slips in"
