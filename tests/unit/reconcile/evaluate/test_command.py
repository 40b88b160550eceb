"""From a run folder to a report, without training."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from omegaconf import OmegaConf

from binrecon.calibration import fit_calibration, write_calibration
from binrecon.checksums import accept
from binrecon.config.compose import compose_config, to_typed
from binrecon.config.evaluation import EvaluateConfig, EvaluationConfig
from binrecon.config.record_errors import RecordErrorsConfig
from binrecon.errors import CalibrationError, CheckpointError, ConfigError
from binrecon.manifest import Manifest, write_manifest
from binrecon.manifest.schema import SCHEMA
from binrecon.reconcile.evaluate.command import TABLES, evaluate
from binrecon.reconcile.evaluate.judged import JudgedBins
from binrecon.reconcile.evaluate.rankers import OURS, RANKERS
from binrecon.reconcile.evaluate.read import read_judged_run
from binrecon.reconcile.evaluate.report import NO_TRUTH

Judge = Callable[..., JudgedBins]
WriteRun = Callable[..., Path]
SMALL = EvaluationConfig(rates=[0.02, 0.05], draws=40, resamples=100)


@pytest.fixture
def write_run(tmp_path: Path, judge: Judge) -> WriteRun:
    """A finished run of 90 bins, half of them judged: `write_run(split="test", train_shares=...)`."""

    def write(split: str = "test", train_shares: np.ndarray | None = None) -> Path:
        bins, folder = judge(90), tmp_path / "run"
        folder.mkdir()
        OmegaConf.save(
            OmegaConf.structured(to_typed(compose_config("train", ["source=synthetic"]))),
            folder / "config.yaml",
        )
        ids = [f"{number:05d}" for number in range(90)]
        items = [
            [{"asin": "A", "name": "A", "quantity": count}] * (count > 0) for count in bins.recorded.tolist()
        ]
        columns: dict[str, object] = {name: [None] * 90 for name in SCHEMA.names}
        columns |= {"bin_id": ids, "recorded_count": bins.recorded.tolist(), "items": items, "group": ids}
        columns |= {"split": [split] * 90, "status": ["usable"] * 90}
        write_manifest(Manifest(pa.table(columns, schema=SCHEMA)), folder / "manifest.parquet")
        table = pd.DataFrame(np.exp(bins.log_probabilities), columns=[f"p_{n}" for n in range(6)])
        table.insert(0, "bin_id", ids)
        table.insert(1, "recorded_count", bins.recorded)
        table.insert(2, "predicted_count", bins.predicted)
        table.iloc[:45].to_parquet(folder / "predictions.parquet")
        shares = np.full(6, 1 / 6) if train_shares is None else train_shares
        calibration = fit_calibration(
            bins.log_probabilities[45:], bins.recorded[45:], min_count=0, train_shares=shares
        )
        write_calibration(folder / "calibration.json", calibration)
        accept(folder)
        return folder

    return write


def test_evaluate__leaves_report_tables_and_plots(
    write_run: WriteRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    evaluation = evaluate(EvaluateConfig(checkpoint=str(write_run()), evaluation=SMALL), out)
    assert len(evaluation.bins) == 45
    report = (out / "evaluation.md").read_text()
    assert NO_TRUTH in report
    for name in RANKERS:
        assert report.count(f"| `{name}` |") == 2, "a row at each rate"
    pictures = {f"plots/{name}.png" for name in ("recall", "lift", "costs", "by_count")}
    linked = {line.partition("](")[2].rstrip(")") for line in report.splitlines() if line.startswith("![")}
    assert linked == pictures
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in pictures)
    assert all(len(pd.read_csv(out / name)) for name in TABLES)
    said = " ".join(capsys.readouterr().out.split())
    assert f"report: {out / 'evaluation.md'}" in said.replace(" /", "/").replace("report:/", "report: /")
    assert "Nobody has counted these bins" in said


def test_evaluate__tables_hold_what_was_scored(write_run: WriteRun, tmp_path: Path) -> None:
    evaluation = evaluate(EvaluateConfig(checkpoint=str(write_run()), evaluation=SMALL), tmp_path / "out")
    scores = pd.read_csv(tmp_path / "out" / "scores.csv", dtype={"recorded_count": str})
    whole = scores[(scores["recorded_count"] == "all") & (scores["ranked_by"] == OURS)]
    lifts = whole[(whole["score"] == "lift") & (whole["rate"] == 0.05)].set_index("budget")["value"]
    np.testing.assert_allclose(lifts, evaluation.trials[1].summaries[OURS].lift)
    assert (whole["lower"] <= whole["upper"]).all()
    assert set(scores["recorded_count"]) == {"all", *"012345"}
    audits = pd.read_csv(tmp_path / "out" / "audits.csv")
    assert audits["recounts"].tolist() == [1, 1, 1, 2] * 2
    np.testing.assert_allclose(audits["found"][4:], evaluation.trials[1].tallies[OURS].found.mean(axis=0))
    counts = pd.read_csv(tmp_path / "out" / "counts.csv").set_index("score")
    assert counts.loc["accuracy", "before"] == pytest.approx(
        (evaluation.bins.predicted == evaluation.bins.recorded).mean()
    )


def test_evaluate__same_seed_same_report(write_run: WriteRun, tmp_path: Path) -> None:
    config = EvaluateConfig(checkpoint=str(write_run()), evaluation=SMALL)
    for name in ("first", "again"):
        evaluate(config, tmp_path / name)
    assert (tmp_path / "first" / "evaluation.md").read_text() == (
        tmp_path / "again" / "evaluation.md"
    ).read_text()


def test_evaluate__no_error_can_befall_the_bins(write_run: WriteRun, tmp_path: Path) -> None:
    """A record of five items cannot list one SKU too many."""
    errors = RecordErrorsConfig(off_by_one=0, off_by_two=0, missing_sku=1, swap=0)
    config = EvaluateConfig(checkpoint=str(write_run()), evaluation=SMALL, record_errors=errors)
    with pytest.raises(
        ConfigError, match=r"record_errors: \d+ of 45 bins can have no error of these: .* give other kinds"
    ):
        evaluate(config, tmp_path / "out")


def test_read_judged_run__bins_of_validation_are_named(write_run: WriteRun) -> None:
    notes = read_judged_run(write_run(split="val")).notes
    assert notes[0].startswith(
        "**These are val bins**: they have chosen the epoch and fitted the calibration"
    )


def test_read_judged_run__counts_without_a_training_bin_are_left_out(write_run: WriteRun) -> None:
    run = read_judged_run(write_run(train_shares=np.array([0.25, 0.25, 0.25, 0.25, 0, 0])))
    assert run.bins.recorded.max() <= 3
    assert run.notes == [f"{45 - len(run.bins)} bins are left out: no training bin has their count."]


def test_read_judged_run__no_run(tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"is not the folder of a finished run, without config\.yaml and manifest"
    ):
        read_judged_run(tmp_path)


def test_read_judged_run__no_calibration(write_run: WriteRun) -> None:
    folder = write_run()
    (folder / "calibration.json").unlink()
    accept(folder)
    with pytest.raises(CalibrationError, match="has no calibration"):
        read_judged_run(folder)


def test_read_judged_run__calibration_of_other_counts(write_run: WriteRun, judge: Judge) -> None:
    folder = write_run()
    bins = judge(60, class_count=4)
    other = fit_calibration(bins.log_probabilities, bins.recorded, min_count=0, train_shares=np.full(4, 0.25))
    write_calibration(folder / "calibration.json", other)
    with pytest.raises(
        CheckpointError,
        match="is of 4 counts, its predictions are of 6; make it anew with: binrecon calibrate",
    ):
        read_judged_run(folder)


def test_read_judged_run__broken_predictions(write_run: WriteRun) -> None:
    folder = write_run()
    pd.DataFrame({"bin_id": ["1"]}).to_parquet(folder / "predictions.parquet")
    accept(folder)
    with pytest.raises(
        CheckpointError,
        match=r"predictions\.parquet\' holds no predictions of a run \(it has no column recorded_count",
    ):
        read_judged_run(folder)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"log_likelihood": np.zeros((3, 2))}, "log_likelihood: must be numbers of shape"),
        ({"recorded": np.array([9] * 5)}, "recorded: must be classes 0 to 5, got 9 to 9"),
        ({"item_quantities": [[1]]}, "item_quantities: must be of 5 bins, got 1"),
        (
            {"log_likelihood": np.full((5, 6), -np.inf)},
            "some bins have a count that the counter was not trained on",
        ),
    ],
)
def test_judged_bins__refuse_what_does_not_fit(judge: Judge, change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        replace(judge(5), **change)  # type: ignore[arg-type]
