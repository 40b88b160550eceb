"""A run that was trained, used by other programs: in Python, and as a file."""

import importlib.util
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from binrecon import Counter
from binrecon.cli import main
from binrecon.inference.photos import Sight, read_square

needs_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="the extra 'onnx' is not installed"
)
needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="the extra 'openvino' is not installed"
)


@pytest.fixture
def train(tiny_run: list[str], tmp_path: Path) -> Callable[..., Path]:
    def run(*words: str) -> Path:
        folder = tmp_path / "run"
        assert main(["train", *tiny_run, *words, f"hydra.run.dir={folder}"]) == 0
        return folder

    return run


@pytest.mark.parametrize(
    "words",
    [
        ["features=live", "data.tta=flip"],
        ["features=cached", "data.tta=flip", "model.pooling=grid", "head=coral", "loss=cumulative"],
        pytest.param(["regime=full", "data.tta=side_on", "data.resize=pad"], marks=pytest.mark.slow),
        pytest.param(["regime=full", "trainer.precision=bf16-mixed"], marks=pytest.mark.slow),
        pytest.param(
            [
                "data=proposal",
                "data.above_range=clip",
                "head=mlp",
                "head.hidden_width=8",
                "data.batch_size=15",
            ],
            marks=pytest.mark.slow,
        ),
    ],
    ids=" ".join,
)
def test_counter__predicts_what_the_run_predicted(
    words: list[str], train: Callable[..., Path], tiny_bins: Path
) -> None:
    run = train(*words)
    expected = pd.read_parquet(run / "predictions.parquet")
    counter = Counter.load(run, is_calibrated=False)
    photos = [tiny_bins / f"bin-images/{bin_id}.jpg" for bin_id in expected["bin_id"]]
    # In the batches of the run: bfloat16 rounds others otherwise.
    table = counter.predict(photos, batch_size=16)
    names = [f"p_{count}" for count in counter.model.counts]
    assert table[names].to_numpy() == pytest.approx(expected[names].to_numpy(), abs=1e-5)
    assert table["predicted_count"].tolist() == expected["predicted_count"].tolist()
    assert table["mean_count"].to_numpy() == pytest.approx(expected["count_mean"].to_numpy(), abs=1e-5)


def run_readme_snippet(run: Path, photo: Path) -> dict[str, NDArray[Any]]:
    """Run what the README shows for the file of ONNX, on a photo of ours; return what it names."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (snippet,) = [block for block in blocks if "onnxruntime" in block]
    snippet = snippet.replace("outputs/train/DATE_TIME", str(run)).replace("bin-images/00523.jpg", str(photo))
    found: dict[str, Any] = {}
    exec(snippet, found)  # noqa: S102  # our own README
    return found


@needs_onnx
@pytest.mark.slow
def test_export__the_readme_turns_photos_upright(train: Callable[..., Path], tmp_path: Path) -> None:
    from PIL import Image

    run = train()
    assert main(["export", f"checkpoint={run}", "photos=12"]) == 0
    upright = Image.new("RGB", (64, 32), (30, 220, 30))
    upright.paste((230, 20, 30), (0, 0, 16, 32))
    exif, lying = Image.Exif(), tmp_path / "lying.jpg"
    exif[0x0112] = 6  # the camera was turned: 90 degrees clockwise bring it upright
    upright.rotate(90, expand=True).save(lying, exif=exif, quality=100, subsampling=0)
    pixels = run_readme_snippet(run, lying)["pixels"][0].astype(int)
    seen = read_square(lying, Sight(32, "squash", "none")).numpy()
    assert np.abs(pixels - seen).mean() < 3
    assert np.abs(pixels - seen.transpose(0, 2, 1)).mean() > 30
    found = run_readme_snippet(run, lying)["probabilities"]
    expected = Counter.load(run).predict(lying).filter(regex=r"^p_\d$").to_numpy()
    assert found == pytest.approx(expected, abs=5e-3)


@needs_onnx
@pytest.mark.slow
def test_export__onnx(
    train: Callable[..., Path], tiny_bins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import onnxruntime

    run = train("data.tta=flip")
    capsys.readouterr()
    assert main(["export", f"checkpoint={run}", "photos=12"]) == 0
    said = capsys.readouterr().out
    assert "onnx beside torch, 12 validation photos" in said
    assert f"written: {run}/export/counter.onnx (" in said
    assert {path.name for path in (run / "export").iterdir()} == {"counter.onnx", "counter.onnx.parity.json"}
    report = json.loads((run / "export" / "counter.onnx.parity.json").read_text())
    assert report["parity"]["photos"] == 12
    assert 0 <= report["parity"]["largest_difference"] < 1e-5
    assert report["parity"]["same_counts"] == 1
    assert report["parity"]["accuracy"] == report["parity"]["torch_accuracy"]
    session = onnxruntime.InferenceSession(run / "export" / "counter.onnx")
    facts = session.get_modelmeta().custom_metadata_map
    assert {key: facts[key] for key in ("run", "counts", "image_size", "tta")} == {
        "run": "run",
        "counts": "[0, 1, 2, 3, 4, 5]",
        "image_size": "32",
        "tta": "flip",
    }

    photo = tiny_bins / "bin-images/00003.jpg"
    probabilities = run_readme_snippet(run, photo)["probabilities"]
    expected = Counter.load(run).predict(photo).filter(regex=r"^p_\d$").to_numpy()
    assert probabilities == pytest.approx(expected, abs=5e-3)  # the pixels may differ by one level


@needs_onnx
@pytest.mark.slow
def test_export__refuses_what_is_too_far_from_torch(
    train: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, output = train(), tmp_path / "files" / "bins.onnx"
    assert main(["export", f"checkpoint={run}", f"output={output}", "tolerance=1e-12"]) == 2
    assert re.search(
        r"^ExportError: format=onnx: on \d+ validation photos a probability differs by \S+ from torch's, and "
        r"tolerance=1e-12; nothing was kept\. Try another format, or a larger tolerance if that is near enough",
        capsys.readouterr().err,
    )
    assert not output.parent.exists()


@needs_openvino
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # nncf's own
def test_export__openvino_and_int8_of_bins_that_have_moved(
    train: Callable[..., Path], tiny_bins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    was, now = tmp_path / "was", tmp_path / "now"
    shutil.copytree(tiny_bins, was)
    run = train(f"source.root={was}")
    was.rename(now)
    words = ["export", f"checkpoint={run}", "format=openvino"]
    assert main(words) == 2
    assert "cannot be read (bin '" in (error := capsys.readouterr().err)
    assert error.rstrip().endswith("say where they are now with source_root=FOLDER")
    assert main([*words, f"source_root={now}"]) == 0
    words = ["export", f"checkpoint={run}", "format=openvino_int8", f"source_root={now}"]
    assert main([*words, "tolerance=1e-12"]) == 0, "int8 is not refused"
    assert {path.name for path in (run / "export").iterdir()} == {
        *("counter.xml", "counter.bin", "counter.xml.parity.json"),
        *("counter_int8.xml", "counter_int8.bin", "counter_int8.xml.parity.json"),
    }
    exact, rounded = (
        json.loads((run / "export" / f"{name}.xml.parity.json").read_text())["parity"]
        for name in ("counter", "counter_int8")
    )
    assert exact["largest_difference"] < 1e-6 < rounded["largest_difference"]
    sizes = [(run / "export" / f"{name}.bin").stat().st_size for name in ("counter", "counter_int8")]
    assert sizes[1] < 0.6 * sizes[0]


@needs_onnx
def test_export__a_run_that_looks_at_each_photo_otherwise(
    train: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = train("data.tta=side_on")
    capsys.readouterr()
    assert main(["export", f"checkpoint={run}"]) == 2
    assert capsys.readouterr().err == (
        "ConfigError: 1 problem in the config\n  tta: the run averages over data.tta=side_on, which draws other "
        "looks at each photo, and no graph can; add tta=flip or tta=none\n"
    )


@needs_onnx
def test_export__where_nothing_can_be_written(
    train: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train()
    (tmp_path / "file").touch()
    capsys.readouterr()
    assert main(["export", f"checkpoint={run}", f"output={tmp_path}/file/counter.onnx"]) == 2
    assert capsys.readouterr().err.startswith(
        f"OutputError: '{tmp_path}/file/counter.onnx' cannot be written ("
    )
