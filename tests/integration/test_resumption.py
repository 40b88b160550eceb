"""A command that is refused leaves every file as it was; a run that has ended stays as it is."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from tests.folder_state import hash_folder
from tests.same_run import assert_same_run

from binrecon.cli import main
from binrecon.compare.read import read_run
from binrecon.training import results
from binrecon.training.checkpoints.files import read_checkpoint, write_checkpoint
from binrecon.training.module import CountingModule
from binrecon.whole_file import remove, write_json

pytestmark = pytest.mark.usefixtures("without_plots")

WriteBin = Callable[..., None]


@pytest.fixture(scope="module")
def ended(tiny_bins: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs on bins of its own, to be copied."""
    root = tmp_path_factory.mktemp("ended")
    shutil.copytree(tiny_bins, root / "bins")
    patch = pytest.MonkeyPatch()
    patch.setattr("binrecon.training.results._draw", lambda *_: None)
    patch.setenv("BINRECON_CACHE", str(root / "cache"))
    words = [
        f"source.root={root / 'bins'}", "model=timm", "model.backbone=test_resnet.r160_in1k",
        "model.weights=random", "data.image_size=32", "data.batch_size=16", "data.workers=0",
        "features.engine=torch", "features.precision=float32", "features.dtype=float32", "optimizer=adam",
        "trainer.max_epochs=2", f"cache_dir={root / 'cache'}",
    ]  # fmt: skip
    assert main(["train", *words, f"hydra.run.dir={root / 'run'}"]) == 0
    patch.undo()
    return root


@pytest.fixture
def run(ended: Path, tmp_path: Path) -> Path:
    return shutil.copytree(ended / "run", tmp_path / "run")


@pytest.fixture
def bins(ended: Path, tmp_path: Path) -> Path:
    """A copy of the run's bins at another path."""
    return shutil.copytree(ended / "bins", tmp_path / "bins")


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(list(words)) == 2
    return " ".join(capsys.readouterr().err.split())


def edit_run(run: Path, **facts: object) -> None:
    kept = json.loads((run / "run.json").read_text())
    write_json(run / "run.json", {**kept, **facts})


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["optimizer.lr=0.5"], "was begun with other words"),
        (["optimizer=sgd", "seed=3"], "was begun with other words"),
        (["data.batch_size=8"], "was begun with other words"),
        (["monitor=val/rmse"], "was begun with other words"),
        (["model.backbone=resnet18.tv_in1k"], "holds another model"),
        (["data.max_count=4"], "holds another model"),
        (["regime=full"], "holds another model"),
        (["trainer.max_epochs=1"], "was written after epoch 2, got trainer.max_epochs=1"),
        (["trainer.devices=50", "trainer=ddp_cpu"], "data.batch_size"),
        (["optimizer.lr=-1"], "optimizer.lr: must be above 0"),
        (["optimizer.lrr=1"], "optimizer.lrr"),
        (["source.root=/nowhere"], "source.root"),
        (["trainer=gpu"], "trainer.devices: trainer=gpu wants 1 GPUs"),
        (["callbacks.early_stopping_patience=1", "trainer.max_epochs=4", "monitor=val/mae"], "monitor"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)  # fmt: skip
def test_train__a_refused_resumption_leaves_the_run_as_it_was(
    words: list[str], reason: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = hash_folder(run)
    assert reason in refused(capsys, "train", f"resume={run}", *words)
    assert hash_folder(run) == before


def add_bin(bins: Path, write_bin: WriteBin) -> None:
    write_bin(bins, "99999", 3)


def remove_bin(bins: Path, write_bin: WriteBin) -> None:
    (bins / "bin-images" / "00007.jpg").unlink()
    (bins / "metadata" / "00007.json").unlink()


def change_photo(bins: Path, write_bin: WriteBin) -> None:
    write_bin(bins, "00007", 0, side=44)


def change_count(bins: Path, write_bin: WriteBin) -> None:
    photo = (bins / "bin-images" / "00007.jpg").read_bytes()
    write_bin(bins, "00007", 1)
    (bins / "bin-images" / "00007.jpg").write_bytes(photo)


@pytest.mark.parametrize(
    ("change", "difference", "words"),
    [
        (add_bin, "1 differ; for instance, bin 99999 is new.", []),
        (remove_bin, "1 differ; for instance, bin 00007 is missing.", ["trainer.max_epochs=3"]),
        (change_photo, "1 differ; for instance, bin 00007 has another photo.", ["trainer.max_epochs=3"]),
        (change_count, "1 differ; for instance, bin 00007 has recorded count 0 there, 1 here.", []),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_train__a_run_keeps_its_bins(
    change: Callable[[Path, WriteBin], None],
    difference: str,
    words: list[str],
    run: Path,
    bins: Path,
    write_bin: WriteBin,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(bins, write_bin)
    before = hash_folder(run)
    shown = refused(capsys, "train", f"resume={run}", f"source.root={bins}", *words)
    assert "the bins are not those of the run in" in shown
    assert difference in shown
    assert shown.endswith("training on with new data is a new run: start one in another folder")
    assert hash_folder(run) == before


def test_train__labels_that_change_a_count_are_other_bins(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("bin_id,recorded_count\n00001,5\n")
    before = hash_folder(run)
    shown = refused(capsys, "train", f"resume={run}", f"data.labels={labels}")
    assert "bin 00001 has recorded count 0 there, 5 here" in shown
    assert hash_folder(run) == before
    labels.write_text("bin_id,recorded_count\n00001,0\n")
    assert main(["train", f"resume={run}", f"data.labels={labels}"]) == 0, "the same counts are the same bins"


def test_train__the_same_bins_at_another_path(run: Path, bins: Path) -> None:
    manifest = (run / "manifest.parquet").read_bytes()
    assert main(["train", f"resume={run}", f"source.root={bins}", "trainer.max_epochs=3"]) == 0
    assert (run / "manifest.parquet").read_bytes() == manifest
    assert f"root: {bins}" in (run / "config.yaml").read_text()


@pytest.mark.parametrize("name", ["manifest.parquet", "checkpoints/last.ckpt"])
def test_train__a_run_that_lost_a_file(name: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / name).unlink()
    before = hash_folder(run)
    shown = refused(capsys, "train", f"resume={run}")
    assert f"'{run / name}' is missing" in shown
    assert "copy it from a whole copy of the run" in shown or "put back a copy of it" in shown
    assert hash_folder(run) == before


def test_train__refused_overrides_are_not_kept(run: Path, bins: Path, write_bin: WriteBin) -> None:
    add_bin(bins, write_bin)
    overrides = json.loads((run / "run.json").read_text())["overrides"]
    assert main(["train", f"resume={run}", f"source.root={bins}", "trainer.max_epochs=3"]) == 2
    assert main(["train", f"resume={run}", "trainer.max_epochs=3"]) == 0
    kept = json.loads((run / "run.json").read_text())["overrides"]
    assert [word for word in overrides if word.startswith("source.")] == [
        word for word in kept if word.startswith("source.")
    ]


def write_too_few_counts(root: Path, write_bin: WriteBin) -> None:
    for number in range(12):
        write_bin(root, f"{number:05d}", 3)


@pytest.mark.parametrize(
    "words",
    [
        ["data.batch_size=79", "head=mlp", "data.split_seed=17"],
        ["model.weights=MISSING"],
        ["model.backbone=no_such_net"],
        ["features.precision=int8"],
        ["source.root=BAD"],
        ["source.root=NOWHERE"],
        ["trainer=ddp_cpu", "source.root=BAD"],
        ["regime=gradual", "regime.head_epochs=5"],
        ["regime=full", "data.batch_size=79", "data.split_seed=17"],
    ],
    ids=lambda words: words[0],
)
def test_train__a_refused_new_run_leaves_no_folder(
    words: list[str], tiny_run: list[str], tmp_path: Path, write_bin: WriteBin
) -> None:
    (tmp_path / "weights.pt").write_bytes(b"no weights")
    write_too_few_counts(tmp_path / "bad", write_bin)
    there = {"MISSING": tmp_path / "weights.pt", "BAD": tmp_path / "bad", "NOWHERE": tmp_path / "nowhere"}
    for name, path in there.items():
        words = [word.replace(name, str(path)) for word in words]
    before = hash_folder(tmp_path / "outputs")
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={tmp_path / 'new'}"]) == 2
    assert not (tmp_path / "new").exists()
    assert hash_folder(tmp_path / "outputs") == before


def test_train__a_folder_that_holds_a_run(
    run: Path, tiny_run: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = hash_folder(run)
    assert "already holds a run" in refused(capsys, "train", *tiny_run, f"hydra.run.dir={run}")
    assert hash_folder(run) == before


def test_train__a_run_that_has_ended_stays_as_it_is(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = hash_folder(run)
    assert main(["train", f"resume={run}", "data.workers=1", "logger=none"]) == 0
    assert hash_folder(run) == before
    shown = capsys.readouterr().out
    assert "test, 25 bins, epoch " in shown
    assert (
        "the run had ended after epoch 2 (trainer.max_epochs): nothing was trained, tested or written"
        in shown
    )
    assert json.loads((run / "run.json").read_text())["ended"] == {"reason": "max_epochs", "epoch": 2}


EARLY = ["optimizer=sgd", "optimizer.lr=1e-12", "callbacks.early_stopping_patience=1", "trainer.max_epochs=9"]


def test_train__a_run_that_stopped_early_has_ended(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    assert main(["train", *tiny_run, *EARLY, f"hydra.run.dir={run}"]) == 0
    epoch = len(pd.read_csv(run / "metrics.csv"))
    assert epoch < 5
    assert json.loads((run / "run.json").read_text())["ended"] == {"reason": "early_stopping", "epoch": epoch}
    before = hash_folder(run)
    for words in ([], ["trainer.max_epochs=12"]):
        assert main(["train", f"resume={run}", *words]) == 0
        assert hash_folder(run) == before
        shown = " ".join(capsys.readouterr().out.split())
        assert (
            f"the run had ended after epoch {epoch} (callbacks.early_stopping_patience=1): nothing " in shown
        )
        assert "resume it with a larger patience, or null" in shown
    more = ["trainer.max_epochs=6", "callbacks.early_stopping_patience=null"]
    assert main(["train", f"resume={run}", *more]) == 0
    assert main(["train", *tiny_run, *EARLY, *more, f"hydra.run.dir={whole}"]) == 0
    assert_same_run(whole, run)
    before = hash_folder(run)
    shown = refused(capsys, "train", f"resume={run}", "callbacks.early_stopping_patience=1")
    assert f"callbacks.early_stopping_patience: 1 would have ended the run after epoch {epoch}, and " in shown
    assert hash_folder(run) == before


@pytest.mark.parametrize("early", [[], EARLY], ids=["max_epochs", "early_stopping"])
def test_train__stopped_before_its_results(
    early: list[str], tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The training has ended, the test has not: a resumption tests, and trains nothing."""
    run, whole = tmp_path / "run", tmp_path / "whole"
    assert main(["train", *tiny_run, *early, f"hydra.run.dir={whole}"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(results, "_to_plain", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert main(["train", *tiny_run, *early, f"hydra.run.dir={run}"]) == 130
    assert not (run / "metrics.json").exists()
    assert main(["train", f"resume={run}"]) == 0
    assert_same_run(whole, run)
    assert (run / "metrics.json").read_bytes() == (whole / "metrics.json").read_bytes()


def test_train__more_epochs_take_the_results_away_until_they_are_trained(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else results of two epochs would stand beside checkpoints of three."""
    start = CountingModule.on_train_epoch_start

    def stop(module: CountingModule) -> None:
        start(module)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CountingModule, "on_train_epoch_start", stop)
        assert main(["train", f"resume={run}", "trainer.max_epochs=3"]) == 130
    assert not (run / "metrics.json").exists()
    assert json.loads((run / "run.json").read_text())["ended"] is None
    assert main(["train", f"resume={run}"]) == 0
    assert json.loads((run / "run.json").read_text())["ended"] == {"reason": "max_epochs", "epoch": 3}


SPREAD = {
    "cosine": ["optimizer=adam", "schedule=cosine"],
    "cosine after warm-up": ["optimizer=adamw", "schedule=cosine", "schedule.warmup_epochs=0.5"],
    "phases": ["regime=phased", "regime.phases=[{epochs: 2}]"],
}


@pytest.mark.parametrize("name", SPREAD)
def test_train__a_course_that_depends_on_its_length_keeps_it(
    name: str, tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["train", *tiny_run, *SPREAD[name], f"hydra.run.dir={run}"]) == 0
    before = hash_folder(run)
    shown = refused(capsys, "train", f"resume={run}", "trainer.max_epochs=4")
    assert "trainer.max_epochs" in shown
    assert {"phases": "regime.phases"}.get(name, "schedule=cosine depends on the length") in shown
    assert hash_folder(run) == before
    assert main(["train", f"resume={run}"]) == 0
    assert hash_folder(run) == before


FREE = {
    "sgd": ["optimizer=sgd", "schedule.step_epochs=1"],
    "sgdr": ["optimizer=sgdr"],
    "adam after warm-up": ["optimizer=adam", "schedule.warmup_epochs=2.5"],
    "adamw": ["optimizer=adamw", "features=live", "head.dropout=0.3"],
    "full": ["optimizer=sgdr", "regime=full"],
    "gradual": ["optimizer=adam", "regime=gradual", "regime.head_epochs=1", "regime.first_stage=stage4"],
    "averaged": ["optimizer=sgd", "trainer.ema_decay=0.9", "data.balance=sampler"],
    "patient": ["optimizer=adam", "optimizer.lr=0.05", "callbacks.early_stopping_patience=3"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FREE)
def test_train__longer_than_begun_is_unbroken_bit_for_bit(
    name: str, tiny_run: list[str], tmp_path: Path
) -> None:
    words, whole, run = [*tiny_run, *FREE[name]], tmp_path / "whole", tmp_path / "run"
    assert main(["train", *words, "trainer.max_epochs=4", f"hydra.run.dir={whole}"]) == 0
    assert main(["train", *words, "trainer.max_epochs=2", f"hydra.run.dir={run}"]) == 0
    assert main(["train", f"resume={run}", "trainer.max_epochs=4"]) == 0
    assert_same_run(whole, run)


def test_train__legs_are_counted(run: Path) -> None:
    first = json.loads((run / "run.json").read_text())
    (leg,) = first["legs"]
    assert (leg["from_epoch"], leg["to_epoch"]) == (0, 2)
    assert first["seconds"] == leg["seconds"] > 0
    edit_run(run, legs=[{**leg, "seconds": 1000.0}], seconds=1000.0)
    assert main(["train", f"resume={run}", "trainer.max_epochs=3"]) == 0
    facts = json.loads((run / "run.json").read_text())
    assert [(leg["from_epoch"], leg["to_epoch"]) for leg in facts["legs"]] == [(0, 2), (2, 3)]
    assert facts["seconds"] == pytest.approx(1000.0 + facts["legs"][1]["seconds"])
    assert facts["started"] == first["started"]
    assert read_run(run).seconds == facts["seconds"]


def test_train__a_killed_leg_is_counted_up_to_its_last_checkpoint(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    killed = {key: facts["legs"][0][key] for key in ("started", "from_epoch", "settings")}
    edit_run(run, legs=[killed], ended=None)
    remove(run / "metrics.json")
    last = run / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(last, weights_only=True)
    checkpoint["callbacks"]["LegClock"]["seconds"] = 500.0
    write_checkpoint(checkpoint, last)
    assert main(["train", f"resume={run}"]) == 0
    facts = json.loads((run / "run.json").read_text())
    assert facts["legs"][0] == {**killed, "to_epoch": 2, "seconds": 500.0}
    assert facts["seconds"] > 500.0


def test_compare__knows_what_changed_between_the_legs(run: Path) -> None:
    words = ["trainer.max_epochs=3", "trainer.precision=bf16-mixed"]
    assert main(["train", f"resume={run}", *words]) == 0
    assert read_run(run).settings["trainer.precision"] == "32-true, then bf16-mixed"
    assert read_run(run).settings["trainer.max_epochs"] == 3


def test_train__keeps_the_weights_it_began_with(run: Path) -> None:
    """`model.weights` means nothing to a run that has a checkpoint."""
    assert main(["train", f"resume={run}", "model.weights=imagenet", "trainer.max_epochs=3"]) == 0
    assert "weights: random" in (run / "config.yaml").read_text()


def test_train__drafts_of_a_killed_process_are_removed(run: Path) -> None:
    names = (
        "checkpoints/.last.ckpt.1.part", "plots/.a.png.1.partial", ".run.json.0a1b2c3d.draft",
        ".manifest.parquet.0a1b2c3d.draft",
    )  # fmt: skip
    for name in names:
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_bytes(b"half")
    assert main(["train", f"resume={run}", "trainer.max_epochs=3"]) == 0
    assert [name for name in names if (run / name).exists()] == []


def test_train__another_model_before_the_first_checkpoint(
    tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run left that has no checkpoint is not taken for that of the model that is trained then."""
    run, whole = tmp_path / "run", tmp_path / "whole"

    def stop(module: CountingModule) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CountingModule, "on_train_epoch_start", stop)
        assert main(["train", *tiny_run, f"hydra.run.dir={run}"]) == 130
    assert (run / "checkpoints" / "backbone.ckpt").exists()
    assert main(["train", f"resume={run}", "seed=4"]) == 0
    assert main(["train", *tiny_run, "seed=4", f"hydra.run.dir={whole}"]) == 0
    assert_same_run(whole, run)
    backbones = [
        torch.load(folder / "checkpoints" / "backbone.ckpt", weights_only=True) for folder in (run, whole)
    ]
    assert all(torch.equal(backbones[0][key], backbones[1][key]) for key in backbones[0])
    hashes = {json.loads((folder / "run.json").read_text())["weights_hash"] for folder in (run, whole)}
    assert len(hashes) == 1


@pytest.mark.parametrize("has_predictions", [True, False])
def test_calibrate__other_bins(
    has_predictions: bool, run: Path, bins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not has_predictions:
        (run / "val_predictions.parquet").unlink()
    for photo in sorted((bins / "bin-images").iterdir())[:-1]:
        shutil.copyfile(bins / "bin-images" / "00120.jpg", photo)
    before = hash_folder(run)
    shown = refused(capsys, "calibrate", str(run), f"root={bins}")
    assert f"root: {bins}: the bins there are not those of the run: " in shown
    assert hash_folder(run) == before


def test_export__other_bins(run: Path, bins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for photo in sorted((bins / "bin-images").iterdir())[:-1]:
        shutil.copyfile(bins / "bin-images" / "00120.jpg", photo)
    before = hash_folder(run)
    shown = refused(capsys, "export", f"checkpoint={run}", f"source_root={bins}")
    assert "is not the run's; an export is compared with torch on" in shown
    assert hash_folder(run) == before


def test_checkpoint__holds_the_time_of_its_leg(run: Path) -> None:
    state = read_checkpoint(run / "checkpoints" / "last.ckpt")["callbacks"]["LegClock"]
    assert state["started"] == json.loads((run / "run.json").read_text())["legs"][0]["started"]
    assert state["seconds"] > 0
