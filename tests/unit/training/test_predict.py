import json
from pathlib import Path

import pandas as pd
import pytest

from binrecon.config.stored.run_config import load_resolved
from binrecon.training.completion import complete_run
from binrecon.training.predict import predict_val
from binrecon.training.run_folder import RunFolder


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["regime=full", "data.tta=flip"], id="all layers, two looks"),
        pytest.param(["data.tta=side_on"], id="frozen, five looks"),
        pytest.param([], id="frozen, kept features"),
    ],
)
def test_predict_val__has_the_metrics_of_the_best_epoch(
    words: list[str], tiny_run: list[str], tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path / "run")
    complete_run([*tiny_run, *words, "trainer.max_epochs=3"], folder)
    own = pd.read_parquet(folder.val_predictions)
    predict_val(load_resolved(folder.config), folder)
    table = pd.read_parquet(folder.val_predictions)
    pd.testing.assert_frame_equal(own, table, rtol=1e-4, atol=1e-5)
    manifest = pd.read_parquet(folder.manifest)
    assert list(table["bin_id"]) == sorted(manifest.loc[manifest["split"] == "val", "bin_id"])
    found = (table["predicted_count"] == table["recorded_count"]).mean()
    best = json.loads(folder.metrics.read_text())["val"]
    assert found == pytest.approx(best["accuracy"])
    error = table["predicted_count"] - table["recorded_count"]
    assert (error**2).mean() ** 0.5 == pytest.approx(best["rmse"])
