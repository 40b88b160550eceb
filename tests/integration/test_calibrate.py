"""From a trained run to its calibration, at the end of training and by the verb."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest
import torch
from PIL import Image

from binrecon.calibration import read_calibration
from binrecon.checksums import accept
from binrecon.cli import main
from binrecon.config.split_words import Split
from binrecon.config.stored.run_config import load_resolved
from binrecon.errors import CalibrationError
from binrecon.manifest import Manifest, read_manifest, write_manifest
from binrecon.models import BinCounter
from binrecon.report.calibration import CALIBRATION_MEANINGS
from binrecon.training.completion import complete_run
from binrecon.training.predict import predict_val
from binrecon.training.run_folder import RunFolder


@pytest.fixture(scope="module")
def trained(tiny_bins: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder that no test may change."""
    root = tmp_path_factory.mktemp("trained")
    words = [
        f"source.root={tiny_bins}",
        "model=timm",
        "model.backbone=test_resnet.r160_in1k",
        "model.weights=random",
        "data.image_size=32",
        "data.batch_size=16",
        "data.workers=0",
        "features.engine=torch",
        "features.precision=float32",
        "trainer.max_epochs=8",
        "optimizer=sgd",
        "optimizer.lr=0.3",
        f"cache_dir={root / 'cache'}",
    ]
    complete_run(words, RunFolder(root / "run"))
    return root / "run"


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(trained, tmp_path / "run")))


def log_probabilities(table: pd.DataFrame) -> np.ndarray:
    return np.log(table[[f"p_{count}" for count in range(6)]].to_numpy(np.float64))


def mean_nll(values: np.ndarray, recorded: np.ndarray) -> float:
    return float(-values[np.arange(len(values)), recorded].mean())


def test_train__leaves_a_calibration_of_its_validation_bins(run: RunFolder) -> None:
    calibration = read_calibration(run.calibration)
    manifest = read_manifest(run.manifest)
    val = pd.read_parquet(run.val_predictions)
    trained_counts = np.bincount(manifest.rows_of("train").recorded_counts, minlength=6)

    assert calibration.method == "temperature"
    assert calibration.bins == len(val) == len(manifest.rows_of("val").bin_ids)
    assert calibration.train_shares == pytest.approx(trained_counts / trained_counts.sum())
    before, recorded = log_probabilities(val), val["recorded_count"].to_numpy()
    scores = json.loads(run.calibration.read_text())["scores"]
    assert set(scores) == {"val before", "val after", "test before", "test after", "if honest"}
    assert all(set(column) == set(CALIBRATION_MEANINGS) for column in scores.values())
    assert scores["val before"]["nll"] == pytest.approx(mean_nll(before, recorded), rel=1e-5)
    assert scores["val after"]["nll"] == pytest.approx(mean_nll(calibration.apply(before), recorded))
    assert scores["val after"]["nll"] < scores["val before"]["nll"]
    test = pd.read_parquet(run.predictions)
    after = calibration.apply(log_probabilities(test))
    assert scores["test after"]["nll"] == pytest.approx(mean_nll(after, test["recorded_count"].to_numpy()))
    assert scores["test before"]["ece"] == pytest.approx(json.loads(run.metrics.read_text())["test"]["ece"])
    entropy = -(np.exp(after) * after).sum(axis=1)
    spread = (np.exp(after) * (after + entropy[:, None]) ** 2).sum(axis=1)
    deviation = np.sqrt(spread.sum() / 20) / len(after)  # of the mean over twenty draws
    assert scores["if honest"]["nll"] == pytest.approx(entropy.mean(), abs=4 * deviation)
    with Image.open(run.plots / "calibration.png") as picture:
        assert picture.width > picture.height > 500


def test_train__says_how_sure_it_is(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(run.path)]) == 0
    said = capsys.readouterr().out

    temperature = read_calibration(run.calibration).temperature
    assert f"calibration: temperature {temperature:.2f}, fitted to 16 validation bins" in said
    assert "adaptive_ece ↓" in said
    assert "count sets for 90%: " in said
    assert f"calibration: {run.calibration}" in "".join(said.split("\n")[-3:])


def test_calibrate__again_is_the_same_to_the_last_bit(run: RunFolder) -> None:
    first = run.calibration.read_bytes()
    run.calibration.unlink()

    assert main(["calibrate", str(run.path)]) == 0
    assert run.calibration.read_bytes() == first


def test_calibrate__a_run_that_kept_no_predictions_of_validation_bins(
    run: RunFolder, tiny_bins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As runs of earlier versions did not, whose photos have moved since."""
    first = read_calibration(run.calibration)
    run.calibration.unlink()
    run.val_predictions.unlink()
    run.config.write_text(run.config.read_text().replace(str(tiny_bins), str(tmp_path / "moved")))
    accept(run.path)

    assert main(["calibrate", str(run.path)]) == 2
    assert str(tmp_path / "moved") in capsys.readouterr().err
    assert main(["calibrate", str(run.path), f"root={tiny_bins}"]) == 0
    assert read_calibration(run.calibration).scale == pytest.approx(first.scale, rel=1e-3)


def test_calibrate__by_another_method(run: RunFolder) -> None:
    assert main(["calibrate", "method=vector", str(run.path)]) == 0

    calibration = read_calibration(run.calibration)
    assert calibration.method == "vector"
    assert len(set(calibration.scale)) == 6


def test_calibrate__a_run_that_has_not_ended(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    run.metrics.unlink()
    accept(run.path)

    assert main(["calibrate", str(run.path)]) == 2
    assert capsys.readouterr().err == (
        f"CheckpointError: the run '{run.path}' has not ended, so its counter is not final; "
        f"go on with it: binrecon train resume={run.path}\n"
    )


def test_calibrate__no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"CheckpointError: '{tmp_path}' is not the folder of a run (it has no config.yaml); "
        "give the path that the run printed at its end, as outputs/train/DATE_TIME\n"
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["runs/a", "method=vectr"],
            "method: 'vectr' is none of none, temperature, vector. Did you mean 'vector'?",
        ),
        (["method=vector"], "run: must be given; add run=VALUE"),
        (["runs/a", "runs/b"], "runs/b: not KEY=VALUE"),
    ],
)
def test_calibrate__wrong_words(words: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", *words]) == 2
    assert problem in capsys.readouterr().err


def test_calibrate__where_validation_bins_are_all_that_judges(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A published split without test bins: nothing is left to show how good the calibration is."""
    manifest = read_manifest(run.manifest)
    is_test = pc.equal(manifest.table["split"], "test")
    at = manifest.table.column_names.index("split")
    column = pc.if_else(is_test, "train", manifest.table["split"])
    field = manifest.table.schema.field("split")
    write_manifest(Manifest(manifest.table.set_column(at, field, column.cast(field.type))), run.manifest)
    run.val_predictions.replace(run.predictions)
    run.calibration.unlink()
    accept(run.path)

    assert main(["calibrate", str(run.path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "keeps no test bins: the calibration was fitted to the bins that it is shown on" in said
    content = json.loads(run.calibration.read_text())
    assert set(content["scores"]) == {"val before", "val after", "if honest"}
    assert content["sets"] == {}


def test_calibrate__a_balanced_run_is_brought_back_to_the_world(run: RunFolder) -> None:
    """As if the same predictions came of a training in which every count was equally common."""
    plain = read_calibration(run.calibration)
    run.config.write_text(run.config.read_text().replace("balance: none", "balance: sampler"))
    accept(run.path)

    assert main(["calibrate", str(run.path)]) == 0
    calibration = read_calibration(run.calibration)
    assert calibration.train_shares == plain.train_shares
    assert calibration.shift == pytest.approx(np.log(np.array(plain.train_shares) * 6))


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["features=live", "data.tta=flip"], id="photos, two looks"),
        pytest.param(["regime=full", "trainer.ema_decay=0.5"], id="mean of weights"),
    ],
)
def test_train__validation_bins_are_predicted_by_the_best_checkpoint_in_one_pass(
    words: list[str],
    tiny_run: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = 0
    forward: Callable[..., torch.Tensor] = BinCounter.forward

    def count(self: BinCounter, photos: torch.Tensor) -> torch.Tensor:
        nonlocal seen
        seen += len(photos)
        return forward(self, photos)

    monkeypatch.setattr(BinCounter, "forward", count)
    folder = RunFolder(tmp_path / "run")
    complete_run([*tiny_run, *words], folder)
    manifest = read_manifest(folder.manifest)

    def bins(split: Split) -> int:
        return len(manifest.rows_of(split).bin_ids)

    looks = 2 if "data.tta=flip" in words else 1
    assert seen == 2 * bins("train") + looks * (2 * bins("val") + bins("test") + bins("val"))
    found = pd.read_parquet(folder.val_predictions)
    predict_val(load_resolved(folder.config), folder)
    pd.testing.assert_frame_equal(found, pd.read_parquet(folder.val_predictions), rtol=1e-4, atol=1e-5)


def test_train__a_run_that_cannot_be_calibrated_is_a_run(
    tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise CalibrationError("none of 16 validation bins has a count that was trained")

    monkeypatch.setattr("binrecon.training.run.calibrate_run", refuse)
    folder = RunFolder(tmp_path / "run")
    complete_run([*tiny_run, "trainer.max_epochs=1"], folder)

    assert (
        "not calibrated: none of 16 validation bins has a count that was trained" in capsys.readouterr().out
    )
    assert folder.metrics.exists()
    assert not folder.calibration.exists()
