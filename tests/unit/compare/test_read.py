import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from binrecon.checksums import accept
from binrecon.compare.read import find_run_folders, read_history, read_run, read_runs
from binrecon.errors import ComparisonError
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_json

WriteRun = Callable[..., Path]


def test_find_run_folders__at_any_depth_and_each_once(write_run: WriteRun, tmp_path: Path) -> None:
    one, deep = write_run("one"), write_run("multirun/2026/0")
    (tmp_path / "link").symlink_to(one)
    places = [str(tmp_path / "runs"), str(one), str(tmp_path / "link"), str(deep.parent)]
    assert find_run_folders(places) == [deep, one]


def test_find_run_folders__what_trials_share_is_no_run(write_run: WriteRun, tmp_path: Path) -> None:
    trial = write_run("study/trials/0000")
    prepared = tmp_path / "runs" / "study" / "prepared"
    prepared.mkdir()
    RunFolder(prepared).update_facts(weights_hash="a")
    assert find_run_folders([str(tmp_path / "runs")]) == [trial]
    with pytest.raises(ComparisonError, match=r"no run in '.*prepared'"):
        find_run_folders([str(prepared)])


def test_find_run_folders__names_every_place_without_a_run(write_run: WriteRun, tmp_path: Path) -> None:
    write_run("one")
    empty = [tmp_path / "a", tmp_path / "b"]
    for folder in empty:
        folder.mkdir()
    with pytest.raises(ComparisonError) as caught:
        find_run_folders([str(tmp_path / "runs"), *map(str, empty)])
    assert str(caught.value) == (
        f"no run in '{empty[0]}', '{empty[1]}': no folder there holds a run.json; "
        "give the path that a run printed at its end, or a folder above it"
    )


def test_read_run(write_run: WriteRun) -> None:
    run = read_run(write_run("one", "optimizer=sgd", seed=2, wrong=15))
    assert (run.seed, run.best_epoch, run.seconds, run.majority_count) == (2, 4, 12.0, 3)
    assert run.settings["optimizer.momentum"] == 0.9
    assert run.scores["accuracy"] == pytest.approx(0.75)
    assert run.majority["nll"] != run.majority["nll"]
    assert run.judged == ("a" * 64, "grouped", "test", "0 to 5, drop")
    assert run.predictions.probabilities.shape == (60, 6)


def test_read_run__judged_on_val(write_run: WriteRun) -> None:
    folder = write_run("one")
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics |= {"judged_split": "val", "test": None, "val": {"accuracy": 0.5}}
    write_json(folder / "metrics.json", metrics)
    run = read_run(folder)
    assert run.scores["accuracy"] == 0.5
    assert run.judged.judged_split == "val"


def end_early(folder: Path) -> None:
    (folder / "metrics.json").unlink()
    facts = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**facts, "ended": {"reason": "pruned", "epoch": 3}}))


def fail(folder: Path) -> None:
    (folder / "metrics.json").unlink()
    (folder / "error.txt").write_text("Traceback:\n  …\nTrainingError: it diverged\n")


def drop_column(folder: Path) -> None:
    path = folder / "predictions.parquet"
    pd.read_parquet(path).drop(columns="p_3").to_parquet(path)


def repeat_a_bin(folder: Path) -> None:
    path = folder / "predictions.parquet"
    table = pd.read_parquet(path)
    pd.concat([table, table.head(1)]).to_parquet(path)


def predict_a_seventh_count(folder: Path) -> None:
    path = folder / "predictions.parquet"
    pd.read_parquet(path).assign(predicted_count=7).to_parquet(path)


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return change


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "metrics.json").unlink(), "unfinished, it has no metrics.json; go on with binrecon train resume={folder}"),
        (end_early, "pruned by its sweep after epoch 3"),
        (fail, "failed, TrainingError: it diverged"),
        (lambda folder: (folder / "run.json").unlink(), "broken, it has no run.json"),
        (lambda folder: (folder / "predictions.parquet").unlink(), "broken, it has no predictions.parquet"),
        (lambda folder: (folder / "metrics.json").write_text("{"), "unreadable, '{folder}/metrics.json' is not what a run writes (Expecting property name"),
        (lambda folder: (folder / "metrics.json").write_text("[]"), "unreadable, '{folder}/metrics.json' is not what a run writes (it holds no object {{…}} but a list"),
        (lambda folder: (folder / "config.yaml").write_text("a: [1"), "unreadable, '{folder}/config.yaml' cannot be read (not YAML: line 1: "),
        (lambda folder: (folder / "config.yaml").write_text("[]"), "unreadable, "),
        (lambda folder: (folder / "config.yaml").write_bytes(b"\xff\xfe\x00"), "unreadable, "),
        (lambda folder: (folder / "predictions.parquet").write_bytes(b"PAR1"), "unreadable, "),
        (edit("config.yaml", "momentum: 0.9", "nesterov: true"), "unreadable, '{folder}/config.yaml': optimizer.nesterov: Key 'nesterov' not in 'SGDConfig'"),
        (edit("run.json", "manifest_hash", "manifest"), "broken, run.json has no key manifest_hash"),
        (drop_column, "unreadable, '{folder}/predictions.parquet' holds no predictions of a run (it has no column p_3"),
        (repeat_a_bin, "unreadable, '{folder}/predictions.parquet' holds no predictions of a run (it has no bins, a bin twice"),
        (predict_a_seventh_count, "unreadable, '{folder}/predictions.parquet' holds no predictions of a run (it has counts that are no classes: [7]"),
    ],
)  # fmt: skip
def test_read_runs__names_a_bad_run_with_its_reason(
    damage: Callable[[Path], object], reason: str, write_run: WriteRun
) -> None:
    good, bad = write_run("good", "optimizer=sgd"), write_run("bad", "optimizer=sgd")
    damage(bad)
    accept(bad)
    runs, left_out = read_runs([good, bad])
    assert [run.path for run in runs] == [good]
    (left,) = left_out
    assert left.path == bad
    assert left.reason.startswith(reason.format(folder=bad))


def test_read_history(write_run: WriteRun) -> None:
    assert read_history(read_run(write_run("one")))["epoch"].tolist() == [1, 2, 3]


def test_read_history__neither_log_nor_checkpoint(write_run: WriteRun) -> None:
    folder = write_run("one")
    (folder / "metrics.csv").unlink()
    accept(folder)
    with pytest.raises(ComparisonError, match="its epochs cannot be read"):
        read_history(read_run(folder))
