"""The whole path: words on the command line to a run folder."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from binrecon.calibration import read_calibration
from binrecon.checksums import accept
from binrecon.cli import main
from binrecon.config.metric_names import LOGGED_METRICS, name_decoded
from binrecon.config.stored.run_config import load_resolved
from binrecon.errors import CheckpointError
from binrecon.models import build_counter, hash_state
from binrecon.training.checkpoints.files import load_counter, read_checkpoint


def only_run(tmp_path: Path) -> Path:
    (run,) = (tmp_path / "outputs" / "train").iterdir()
    return run


def train(*words: str) -> None:
    assert main(["train", *words]) == 0


def test_train__leaves_a_complete_run_folder(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(*tiny_run)
    run = only_run(tmp_path)
    assert {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()} == {
        "checksums.json",
        "config.yaml",
        "run.json",
        "manifest.parquet",
        "metrics.csv",
        "metrics.json",
        "predictions.parquet",
        "val_predictions.parquet",
        "calibration.json",
        "checkpoints/backbone.ckpt",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "plots/learning_curves.png",
        "plots/confusion_matrix.png",
        "plots/reliability.png",
        "plots/calibration.png",
        "plots/most_wrong.png",
    }
    facts = json.loads((run / "run.json").read_text())
    assert facts["overrides"] == tiny_run
    assert {len(facts[key]) for key in ("manifest_hash", "weights_hash")} == {64}
    metrics = json.loads((run / "metrics.json").read_text())
    assert set(metrics["test"]) == set(LOGGED_METRICS) - {"loss"}
    assert set(metrics["baselines"]) == {"majority", "prior"}
    assert metrics["decodings"] == {
        decoding: {metric: metrics["test"][name] for metric, name in names.items()}
        for decoding, names in name_decoded().items()
    }
    history = pd.read_csv(run / "metrics.csv")
    assert history["epoch"].tolist() == [1, 2]
    assert {f"{split}/{name}" for split in ("train", "val") for name in LOGGED_METRICS} <= set(history)
    output = capsys.readouterr().out
    assert "majority (" in output
    assert "test, by the count that is taken" in output
    assert f"plots:      {run / 'plots'}" in output
    assert "epoch 2/2  train/loss" in output


def test_train__predictions_are_those_of_the_best_checkpoint(tiny_run: list[str], tmp_path: Path) -> None:
    train(*tiny_run)
    run = only_run(tmp_path)
    predictions = pd.read_parquet(run / "predictions.parquet")
    manifest = pd.read_parquet(run / "manifest.parquet")
    assert predictions["bin_id"].tolist() == manifest.loc[manifest["split"] == "test", "bin_id"].tolist()
    accuracy = (predictions["predicted_count"] == predictions["recorded_count"]).mean()
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] == pytest.approx(accuracy)
    rounded = np.floor(predictions["count_mean"] + 0.5)
    for name, counts in (("median", predictions["median_count"]), ("rounded_mean", rounded)):
        error = counts - predictions["recorded_count"]
        assert metrics["decodings"][name] == pytest.approx(
            {
                "accuracy": (error == 0).mean(),
                "rmse": (error**2).mean() ** 0.5,
                "mae": error.abs().mean(),
            }
        )
    best = read_checkpoint(run / "checkpoints" / "best.ckpt")
    history = pd.read_csv(run / "metrics.csv")
    assert best["epoch"] + 1 == metrics["best_epoch"] == history.loc[history["val/loss"].idxmin(), "epoch"]


def test_train__frozen_means_frozen(tiny_run: list[str], tmp_path: Path) -> None:
    """Every tensor of the backbone, BatchNorm statistics included, is what it was before training."""
    train(*tiny_run)
    run = only_run(tmp_path)
    weights_hash = json.loads((run / "run.json").read_text())["weights_hash"]
    trained = load_counter(run / "checkpoints" / "last.ckpt")
    assert hash_state(trained.backbone) == weights_hash
    fresh = build_counter("test_resnet.r160_in1k", 0, 5, weights="random")
    assert hash_state(fresh.backbone) != weights_hash, "the hash tells networks apart"


def test_train__unfrozen_trains_the_backbone(tiny_run: list[str], tmp_path: Path) -> None:
    train(*tiny_run, "regime=full", "trainer.max_epochs=1", "optimizer.lr=1e-4")
    run = only_run(tmp_path)
    weights_hash = json.loads((run / "run.json").read_text())["weights_hash"]
    assert hash_state(load_counter(run / "checkpoints" / "last.ckpt").backbone) != weights_hash


def test_train__takes_counted_bins_in_place_of_their_records(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("bin_id,recorded_count\n00001,5\n00002,0\n")
    train(*tiny_run, f"data.labels={labels}")
    assert f"2 counts from {labels} stand in place of records" in "".join(capsys.readouterr().out.split("\n"))
    manifest = pd.read_parquet(only_run(tmp_path) / "manifest.parquet").set_index("bin_id")
    assert manifest["recorded_count"].head(3).tolist() == [5, 0, 2]


def test_train__learns(tiny_run: list[str], tmp_path: Path) -> None:
    train(*tiny_run, "trainer.max_epochs=10", "optimizer.lr=0.1")
    metrics = json.loads((only_run(tmp_path) / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] > 2 * metrics["baselines"]["majority"]["accuracy"]


@pytest.mark.parametrize(
    "choices",
    [
        ["optimizer=sgdr"],
        ["optimizer=adam", "head=corn", "loss=corn", "data.balance=sampler"],
        pytest.param(["optimizer=adam"], marks=pytest.mark.slow),
        pytest.param(["optimizer=sgd"], marks=pytest.mark.slow),
        pytest.param(["optimizer=adamw"], marks=pytest.mark.slow),
        pytest.param(["head=coral", "loss=cumulative", "data.balance=weights"], marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("without_plots")
def test_train__resumed_is_unbroken_bit_for_bit(
    choices: list[str], tiny_run: list[str], tmp_path: Path
) -> None:
    words = [*tiny_run, *choices, "head.dropout=0.3"]
    unbroken, resumed = tmp_path / "unbroken", tmp_path / "resumed"
    train(*words, "trainer.max_epochs=4", f"hydra.run.dir={unbroken}")
    train(*words, "trainer.max_epochs=2", f"hydra.run.dir={resumed}")
    train(f"resume={resumed}", "trainer.max_epochs=4")
    for name in ("last.ckpt", "best.ckpt"):
        one, other = (read_checkpoint(run / "checkpoints" / name) for run in (unbroken, resumed))
        assert one["epoch"] == other["epoch"]
        assert all(torch.equal(one["state_dict"][key], other["state_dict"][key]) for key in one["state_dict"])
    assert (unbroken / "metrics.csv").read_bytes() == (resumed / "metrics.csv").read_bytes()
    tests = [json.loads((run / "metrics.json").read_text())["test"] for run in (unbroken, resumed)]
    assert tests[0] == tests[1]


def test_train__resumed_before_its_first_checkpoint(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    train(*tiny_run, "trainer.max_epochs=1", f"hydra.run.dir={run}")
    shutil.rmtree(run / "checkpoints")
    (run / "metrics.json").unlink()
    accept(run)
    train(f"resume={run}")
    assert f"{run} holds no checkpoint yet: the run starts from its first epoch" in capsys.readouterr().out


def test_train__resumed_for_fewer_epochs_than_it_has(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    train(*tiny_run, "trainer.max_epochs=2", f"hydra.run.dir={run}")
    before = (run / "config.yaml").read_bytes()
    assert main(["train", f"resume={run}", "trainer.max_epochs=1"]) == 2
    assert "last.ckpt' was written after epoch 2, got trainer.max_epochs=1; give at least 2" in " ".join(
        capsys.readouterr().err.split()
    )
    assert (run / "config.yaml").read_bytes() == before


def test_train__never_writes_over_a_run(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*tiny_run, "trainer.max_epochs=1", f"hydra.run.dir={tmp_path / 'run'}"]
    train(*words)
    before = (tmp_path / "run" / "metrics.json").read_bytes()
    assert main(["train", *words]) == 2
    assert "already holds a run; go on with it by resume=" in capsys.readouterr().err
    assert (tmp_path / "run" / "metrics.json").read_bytes() == before


def test_train__same_seed_same_numbers_other_seed_others(tiny_run: list[str], tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(*tiny_run, f"seed={seed}", f"hydra.run.dir={tmp_path / name}")
    histories = [(tmp_path / name / "metrics.csv").read_text() for name in "abc"]
    assert histories[0] == histories[1] != histories[2]


def test_train__early_stopping(tiny_run: list[str], tmp_path: Path) -> None:
    words = ["callbacks=early_stopping", "callbacks.early_stopping_patience=1", "trainer.max_epochs=30"]
    train(*tiny_run, *words, "optimizer=sgd", "optimizer.lr=1e-12")
    assert len(pd.read_csv(only_run(tmp_path) / "metrics.csv")) < 30


def test_train__without_a_logger(tiny_run: list[str], tmp_path: Path) -> None:
    train(*tiny_run, "logger=none")
    assert not (only_run(tmp_path) / "metrics.csv").exists()
    assert (only_run(tmp_path) / "plots" / "learning_curves.png").exists()


def test_train__five_classes_of_the_proposal(tiny_run: list[str], tmp_path: Path) -> None:
    train(*tiny_run, "data=proposal")
    run = only_run(tmp_path)
    assert "p_0" not in pd.read_parquet(run / "predictions.parquet")
    statuses = json.loads((run / "metrics.json").read_text())["bins"]
    assert (statuses["usable"], statuses["out_of_range"]) == (100, 20)


def test_train__multirun(tiny_run: list[str], tmp_path: Path) -> None:
    train("-m", *tiny_run, "optimizer=sgd,adam", "seed=0,1", "trainer.max_epochs=1")
    (sweep,) = (tmp_path / "outputs" / "multirun").iterdir()
    runs = sorted(path.name for path in sweep.iterdir() if path.is_dir())
    assert runs == ["0", "1", "2", "3"]
    configs = [load_resolved(sweep / run / "config.yaml") for run in runs]
    assert {(config.optimizer.name, config.seed) for config in configs} == {
        ("sgd", 0),
        ("sgd", 1),
        ("adam", 0),
        ("adam", 1),
    }
    assert all((sweep / run / "metrics.json").exists() for run in runs)


@pytest.mark.slow
def test_train__two_processes_equal_one(tiny_run: list[str], tmp_path: Path) -> None:
    """Real processes over gloo: the same batches, every bin judged once, the same numbers, one run folder.

    With this split 80 bins train, so that every batch is shared evenly, while 17 and 23 cannot be.
    """
    words = [*tiny_run, "optimizer=sgd", "data.split_seed=17"]
    for trainer in ("cpu", "ddp_cpu"):
        train(*words, f"trainer={trainer}", "trainer.max_epochs=2", f"hydra.run.dir={tmp_path / trainer}")
    one, two = (pd.read_csv(tmp_path / trainer / "metrics.csv") for trainer in ("cpu", "ddp_cpu"))
    pd.testing.assert_frame_equal(one, two, rtol=1e-4, atol=1e-5)
    predictions = [
        pd.read_parquet(tmp_path / trainer / "predictions.parquet") for trainer in ("cpu", "ddp_cpu")
    ]
    assert len(predictions[0]) == 23
    one, two = (
        pd.read_parquet(tmp_path / trainer / "val_predictions.parquet") for trainer in ("cpu", "ddp_cpu")
    )
    assert len(one) == 17
    pd.testing.assert_frame_equal(one, two, rtol=1e-4, atol=1e-5)
    first, second = (
        read_calibration(tmp_path / trainer / "calibration.json") for trainer in ("cpu", "ddp_cpu")
    )
    assert first.scale == pytest.approx(second.scale, rel=1e-2)
    pd.testing.assert_frame_equal(*predictions, rtol=1e-4, atol=1e-5)
    assert json.loads((tmp_path / "ddp_cpu" / "run.json").read_text())["device"] == "2 x CPU"
    assert [path.name for path in (tmp_path / "ddp_cpu").iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
def test_train__multirun_of_two_processes_each(tiny_run: list[str], tmp_path: Path) -> None:
    """No process starts the multirun again: a run folder for each job, trained as that job says."""
    words = [*tiny_run, "trainer=ddp_cpu", "trainer.max_epochs=1", "optimizer=sgd,adam"]
    assert main(["train", "-m", *words]) == 0
    assert [path.name for path in (tmp_path / "outputs").iterdir()] == ["multirun"]
    (multirun,) = (tmp_path / "outputs" / "multirun").iterdir()
    runs = sorted(path for path in multirun.iterdir() if path.is_dir())
    assert [path.name for path in runs] == ["0", "1"]
    for run, optimizer in zip(runs, ("sgd", "adam"), strict=True):
        assert f"name: {optimizer}" in (run / "config.yaml").read_text()
        assert json.loads((run / "run.json").read_text())["device"] == "2 x CPU"


@pytest.mark.slow
def test_train__the_proposals_own_model(tiny_run: list[str], tmp_path: Path) -> None:
    train(
        *tiny_run,
        "model=resnet50",
        "model.backbone=resnet50.tv_in1k",
        "optimizer=adam",
        "trainer.max_epochs=1",
    )
    assert load_counter(only_run(tmp_path) / "checkpoints" / "best.ckpt").backbone.feature_count == 2048


@pytest.mark.slow
def test_train__quickstart_in_small(tmp_path: Path) -> None:
    """The recipe of the README, with fewer bins and pixels."""
    words = [
        "source.bin_count=200",
        "source.faults.extra_empty_bins=20",
        "data.image_size=64",
        "trainer.max_epochs=1",
    ]
    train("experiment=quickstart", *words, f"hydra.run.dir={tmp_path / 'run'}")
    statuses = json.loads((tmp_path / "run" / "metrics.json").read_text())["bins"]
    faults = ("corrupt_photo", "missing_record", "duplicate_photo", "contradictory_record")
    assert {name: statuses[name] for name in faults} == dict.fromkeys(faults, 2)


@pytest.mark.gpu
def test_train__on_a_gpu_in_bfloat16(tiny_run: list[str], tmp_path: Path) -> None:
    train(
        *tiny_run, "trainer=gpu", "trainer.precision=bf16-mixed", "trainer.max_epochs=10", "optimizer.lr=0.1"
    )
    run = only_run(tmp_path)
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] > 2 * metrics["baselines"]["majority"]["accuracy"]
    assert "CPU" not in json.loads((run / "run.json").read_text())["device"]


def test_train__last_checkpoint_is_of_the_last_epoch(tiny_run: list[str], tmp_path: Path) -> None:
    """Even when no epoch after the first is better: else a resumed run would begin in the wrong place."""
    run = tmp_path / "run"
    words = [*tiny_run, "monitor=val/ece", "optimizer=sgd", "optimizer.lr=1e-9", "trainer.max_epochs=4"]
    assert main(["train", *words, f"hydra.run.dir={run}"]) == 0
    last = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    best = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    assert (best["epoch"], last["epoch"]) == (0, 3)
    assert len(last["callbacks"]["EpochHistory"]["rows"]) == 4
    names = sorted(path.name for path in (run / "checkpoints").iterdir())
    assert names == ["backbone.ckpt", "best.ckpt", "last.ckpt"]


def test_train__frozen_backbone_is_written_once_and_in_the_best_checkpoint(
    tiny_run: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    train(*tiny_run, f"hydra.run.dir={run}")
    folder = run / "checkpoints"
    state = torch.load(folder / "last.ckpt", weights_only=True)["state_dict"]
    assert not any(name.startswith("counter.backbone.") for name in state)
    last = load_counter(folder / "last.ckpt")
    (folder / "backbone.ckpt").rename(run / "moved.ckpt")
    best = load_counter(folder / "best.ckpt")
    photos = torch.randint(0, 255, (2, 3, 32, 32), dtype=torch.uint8)
    assert torch.equal(best.backbone(photos), last.backbone(photos))
    with pytest.raises(CheckpointError, match=r"backbone.ckpt' is missing, though the run wrote it; copy it"):
        load_counter(folder / "last.ckpt")


def test_train__head_and_loss_are_kept_with_the_checkpoint(tiny_run: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = [*tiny_run, "head=mlp", "head.hidden_width=16", "loss=soft_labels", f"hydra.run.dir={run}"]
    train(*words, "trainer.max_epochs=1")
    train(f"resume={run}", "trainer.max_epochs=2")
    best = read_checkpoint(run / "checkpoints" / "best.ckpt")
    assert best["hyper_parameters"]["loss"] == {"name": "soft_labels", "soft_weight": 0.5}
    assert load_counter(run / "checkpoints" / "best.ckpt").head[2].out_features == 16


def test_train__a_batch_too_small_to_normalise(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With this split 80 bins train; 79 of them leave one."""
    words = ["data.split_seed=17", "data.batch_size=79", "head=mlp"]
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={tmp_path / 'run'}"]) == 2
    assert "of 80 training bins, batches of 79 leave 1 for the last one" in capsys.readouterr().err
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_train__goes_on_in_a_folder_that_was_moved(tiny_run: list[str], tmp_path: Path) -> None:
    """The best epoch so far is still known."""
    run, moved = tmp_path / "run", tmp_path / "moved"
    words = [*tiny_run, "optimizer=sgd", "optimizer.lr=1e3"]
    train(*words, "trainer.max_epochs=1", f"hydra.run.dir={run}")
    run.rename(moved)
    train(f"resume={moved}", "trainer.max_epochs=2")
    states = read_checkpoint(moved / "checkpoints" / "last.ckpt")["callbacks"]
    (best,) = (state for key, state in states.items() if "'monitor': 'val/loss'" in key)
    history = pd.read_csv(moved / "metrics.csv")
    assert history["val/loss"].idxmin() == 0, "the best epoch is the one before the move"
    assert best["best_model_score"] == pytest.approx(history["val/loss"].min())
    assert best["best_model_path"] == str(moved / "checkpoints" / "best.ckpt")
    assert read_checkpoint(moved / "checkpoints" / "best.ckpt")["epoch"] == history["val/loss"].idxmin()
