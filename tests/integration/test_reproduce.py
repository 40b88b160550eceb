"""`binrecon reproduce`, as a user types it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from binrecon.cli import main
from binrecon.config.compose import compose_config, to_typed
from binrecon.config.run_keys import list_settings
from binrecon.published import class_counts
from binrecon.published.rows import TABLES
from binrecon.reproduce import comparability
from binrecon.training.module import CountingModule

OTHER_BINS = ["data.split=grouped", "data.counts_from=records"]


@pytest.fixture
def words(tiny_run: list[str]) -> list[str]:
    """Words with which UNC's row takes seconds: another network, on bins of our own."""
    return ["reproduce", "unc", *tiny_run, *OTHER_BINS]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outputs" / "reproduce" / "unc"


def fail(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(words) == 2
    return capsys.readouterr().err


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != "table.csv"}


def test_reproduce__from_start_to_table(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "seeds=2"]) == 0
    shown = capsys.readouterr().out
    table = pd.read_csv(folder / "table.csv")
    assert list(zip(table["on"], table["metric"], strict=True)) == [
        ("val", "accuracy"),
        ("val", "rmse"),
        ("test", "accuracy"),
        ("test", "rmse"),
    ]
    mark = "on 0 of 324,735 photos, in 2 of 40 epochs, with other settings: not comparable"
    assert set(table["ours - published"]) == {mark}
    assert shown.count(mark) == (folder / "table.md").read_text().count(mark) == 4
    assert "resnet34_sgd: measured on the val bins that chose the epoch; " in shown
    assert "ran with model.backbone=test_resnet.r160_in1k instead of resnet34.tv_in1k" in shown
    for seed in (0, 1):
        run = folder / "resnet34_sgd" / f"seed{seed}"
        metrics = json.loads((run / "metrics.json").read_text())
        predictions = pd.read_parquet(run / "val_predictions.parquet")
        right = (predictions["predicted_count"] == predictions["recorded_count"]).mean()
        assert right == pytest.approx(metrics["val"]["accuracy"])
    means = table.set_index(["on", "metric"])["ours_mean"]
    runs = [json.loads(path.read_text()) for path in folder.glob("*/seed*/metrics.json")]
    assert means["test", "rmse"] == pytest.approx(sum(run["test"]["rmse"] for run in runs) / 2)
    assert means["val", "accuracy"] == pytest.approx(sum(run["val"]["accuracy"] for run in runs) / 2)


def test_reproduce__goes_on_and_repeats_nothing(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "seeds=1"]) == 0
    before = stamps(folder / "resnet34_sgd")
    capsys.readouterr()
    assert main([*words, "seeds=2", "trainer.is_deterministic=false"]) == 0
    shown = capsys.readouterr().out
    assert "2/2: resnet34_sgd, seed 1" in shown
    assert "1/2: " not in shown
    after = stamps(folder / "resnet34_sgd")
    assert before.items() <= after.items()
    assert set(pd.read_csv(folder / "table.csv")["seeds"]) == {"0 1"}


def test_reproduce__a_run_that_fails_ends_no_other(
    words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        start = CountingModule.on_train_epoch_start

        def break_off(module: CountingModule) -> None:
            if module.seed == 0 and module.current_epoch == 1:
                raise RuntimeError("out of memory\nand more")
            start(module)

        patch.setattr(CountingModule, "on_train_epoch_start", break_off)
        shown = fail([*words, "seeds=2"], capsys)
    assert "Traceback" in shown
    assert shown.splitlines()[-2:] == [
        "JobsFailedError: 1 of 2 jobs failed; the others are done",
        "  resnet34_sgd, seed 0: RuntimeError: out of memory",
    ]
    assert set(pd.read_csv(folder / "table.csv")["seeds"].astype(str)) == {"1"}
    assert main([*words, "seeds=2"]) == 0
    assert set(pd.read_csv(folder / "table.csv")["seeds"]) == {"0 1"}
    history = pd.read_csv(folder / "resnet34_sgd" / "seed0" / "metrics.csv")
    assert list(history["epoch"]) == [1, 2], "it went on with the second epoch"


def test_reproduce__every_run_fails(
    words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_off(module: CountingModule) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(CountingModule, "on_train_epoch_start", break_off)
    assert "1 of 1 jobs failed" in fail([*words, "seeds=1"], capsys)
    (cell,) = pd.read_csv(folder / "table.csv")["ours - published"]
    assert cell == "failed, RuntimeError: no memory: not comparable"


def test_reproduce__other_words(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "seeds=1"]) == 0
    shown = fail([*words, "seeds=1", "optimizer.lr=0.01"], capsys)
    assert f"  {folder / 'resnet34_sgd' / 'seed0'}: optimizer.lr 0.1 there, 0.01 here\n" in shown


@pytest.fixture
def published_tiny_bins(
    tiny_bins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[str]], list[str]]:
    """Make the tiny bins all that UNC ever published, and some words the recipe; return what to type."""
    counts = [[number, number % 6] for number in range(120)]
    lists = {"counting_train.json": counts[:84], "counting_val.json": counts[84:]}
    for name, entries in lists.items():
        (tmp_path / name).write_text(json.dumps(entries))
        sizes = tuple(sum(count == size for _, count in entries) for size in range(6))
        monkeypatch.setitem(class_counts.CLASS_COUNTS, name, sizes)  # type: ignore[arg-type]  # a dict

    def type_words(words: list[str]) -> list[str]:
        def settings(recipe: str) -> dict[str, Any]:
            return list_settings(to_typed(compose_config("train", [f"experiment={recipe}", *words])))

        monkeypatch.setattr(comparability, "_settings_of", settings)
        return ["reproduce", "unc", *words, f"lists_dir={tmp_path}", "seeds=1"]

    return type_words


def test_reproduce__the_whole_published_split(
    published_tiny_bins: Callable[[list[str]], list[str]], tiny_run: list[str], folder: Path
) -> None:
    """With every listed photo there is a difference; it is that of the run's own numbers."""
    assert main(published_tiny_bins(tiny_run)) == 0
    table = pd.read_csv(folder / "table.csv").set_index("metric")
    assert table["comparable"].all()
    metrics = json.loads((folder / "resnet34_sgd" / "seed0" / "metrics.json").read_text())
    difference = 100 * (metrics["val"]["accuracy"] - 0.5567)
    assert table.loc["accuracy", "ours - published"].startswith(f"{difference:+.1f} pp (")
    assert "1 of 1 row comparable" in (folder / "table.md").read_text()


def test_reproduce__a_published_photo_is_missing(
    published_tiny_bins: Callable[[list[str]], list[str]],
    tiny_run: list[str],
    tiny_bins: Path,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = tmp_path / "bins"
    (root / "bin-images").mkdir(parents=True)
    for photo in (tiny_bins / "bin-images").iterdir():
        if photo.name != "00007.jpg":
            (root / "bin-images" / photo.name).symlink_to(photo)
    assert main(published_tiny_bins([*tiny_run, f"source.root={root}"])) == 0
    table = pd.read_csv(folder / "table.csv")
    assert set(table["ours - published"]) == {"on 83 of 84 photos: not comparable"}
    assert "missing are 1 train bins; fetch them with: binrecon fetch subset=unc" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
@pytest.mark.parametrize("table", TABLES)
def test_reproduce__every_row_rehearsed(table: str, tiny_bins: Path, tmp_path: Path) -> None:
    """All published networks, from photos to the table, with the words that the README gives."""
    words = [
        f"source.root={tiny_bins}", "model.weights=random", "data.image_size=32", "data.batch_size=64",
        "data.workers=0", "features.engine=torch", f"output_root={tmp_path}", *OTHER_BINS,
    ]  # fmt: skip
    assert main(["reproduce", table, "--rehearse", "seeds=1", *words]) == 0
    results = pd.read_csv(tmp_path / "reproduce" / table / "table.csv")
    assert list(dict.fromkeys(results["row"])) == [row.name for row in TABLES[table]]
    assert not results["comparable"].any()
    assert (
        results["ours - published"]
        .str.contains(r"^on 0 of [\d,]+ photos, in \d of \d+ epochs, with other settings: not comparable$")
        .all()
    )
    assert results["ours_mean"].notna().all()


@pytest.mark.slow
def test_reproduce__a_part_of_the_published_photos(
    real_squashed: Path, real_lists: Path, tiny_run: list[str], folder: Path
) -> None:
    words = [f"source.root={real_squashed}", f"lists_dir={real_lists}", "data.batch_size=128"]
    assert main(["reproduce", "unc", *tiny_run, *words, "seeds=1"]) == 0
    marks = set(pd.read_csv(folder / "table.csv")["ours - published"])
    assert marks == {"on 2,715 of 324,735 photos, in 2 of 40 epochs, with other settings: not comparable"}
