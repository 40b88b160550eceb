"""Which layers are trained when, and what else a run may do to photos, gradients and weights."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch

from binrecon.cli import main
from binrecon.data.transforms import squash
from binrecon.sources.local import LocalSource
from binrecon.sources.photo import decode_photo
from binrecon.training.checkpoints.files import load_counter, read_checkpoint
from binrecon.training.module import CountingModule

PHASED = [
    "regime=phased",
    "regime.phases=[{epochs: 1, first_stage: head}, {epochs: 1, image_size: 48, lr: 0.001}, "
    "{epochs: 2, first_stage: stage3, lr: 0.0005}]",
    "regime.lr_groups=[{first_stage: stem, factor: 0.1}, {first_stage: stage3, factor: 0.3}]",
]
GRADUAL = ["regime=gradual", "regime.head_epochs=1", "regime.first_stage=stage3"]


def train(*words: str) -> None:
    assert main(["train", *words]) == 0


def history(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "metrics.csv")


def test_train__gradual_trains_stage_after_stage(tiny_run: list[str], tmp_path: Path) -> None:
    states = []
    run = tmp_path / "run"
    train(*tiny_run, *GRADUAL, "trainer.max_epochs=3", f"hydra.run.dir={run}", "optimizer.weight_decay=0.1")
    trained = load_counter(run / "checkpoints" / "last.ckpt")
    short = tmp_path / "short"
    words = ["regime=full", "regime.first_stage=stage4", "trainer.max_epochs=1", f"hydra.run.dir={short}"]
    train(*tiny_run, *words)
    states = [
        trained.backbone.net.state_dict(),
        load_counter(short / "checkpoints" / "last.ckpt").backbone.net.state_dict(),
    ]
    for name, tensor in states[0].items():  # both began with the same random network
        if name.startswith(("conv1", "bn1", "layer1", "layer2")):
            assert torch.equal(tensor, states[1][name]), name
    assert not torch.equal(states[0]["layer3.0.conv1.weight"], states[1]["layer3.0.conv1.weight"])


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([*PHASED, "optimizer=sgdr", "trainer.ema_decay=0.9"], id="phased"),
        pytest.param([*GRADUAL, "data.augment=side_on", "trainer.accumulate=2"], id="gradual"),
    ],
)
def test_train__resumed_is_unbroken_bit_for_bit(
    words: list[str], tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*tiny_run, *words, "trainer.max_epochs=4"]
    unbroken, resumed = tmp_path / "unbroken", tmp_path / "resumed"
    train(*words, f"hydra.run.dir={unbroken}")
    with monkeypatch.context() as patch:
        start = CountingModule.on_train_epoch_start

        def break_off(module: CountingModule) -> None:
            if module.current_epoch == 2:
                raise RuntimeError("broken off")
            start(module)

        patch.setattr(CountingModule, "on_train_epoch_start", break_off)
        with pytest.raises(RuntimeError, match="broken off"):
            main(["train", *words, f"hydra.run.dir={resumed}"])
    train(f"resume={resumed}")
    assert (unbroken / "metrics.csv").read_bytes() == (resumed / "metrics.csv").read_bytes()
    for name in ("best.ckpt", "last.ckpt"):
        one, other = (
            read_checkpoint(run / "checkpoints" / name)["state_dict"] for run in (unbroken, resumed)
        )
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one), name


def test_train__resumed_in_another_regime(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    train(*tiny_run, "regime=full", "trainer.max_epochs=1", f"hydra.run.dir={run}")
    assert main(["train", f"resume={run}", "regime.first_stage=stage3", "trainer.max_epochs=2"]) == 2
    problem = " ".join(capsys.readouterr().err.split())
    assert (
        "holds another model (first_stage: stem there, stage3 here); resume with the model, range of counts and regime"
        in problem
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["regime=full", "regime.first_stage=layer3"],
            "regime.first_stage: there is no stage 'layer3' in this backbone, only stem, stage1, stage2",
        ),
        (
            ["regime=gradual", "regime.head_epochs=2", "trainer.max_epochs=2"],
            "need at least trainer.max_epochs=",
        ),
        (["model.backbone=resnet10q"], "model.backbone: timm has no 'resnet10q'"),
    ],
)
def test_train__a_wrong_model_or_plan_ends_it_before_bins_are_looked_at(
    words: list[str], problem: str, tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={run}"]) == 2
    shown = capsys.readouterr()
    assert problem in " ".join(shown.err.split())
    assert shown.out == ""
    assert not (run / "run.json").exists()


@pytest.mark.parametrize("tta", ["none", "flip", "side_on"])
def test_train__the_mean_of_the_weights_is_what_is_tested(
    tta: str, tiny_run: list[str], tiny_bins: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    train(*tiny_run, "regime=full", "trainer.ema_decay=0.99", f"data.tta={tta}", f"hydra.run.dir={run}")
    predictions = pd.read_parquet(run / "predictions.parquet").set_index("bin_id")
    counter = load_counter(run / "checkpoints" / "best.ckpt")
    source = LocalSource(tiny_bins)
    bin_ids = list(predictions.index[:5])
    photos = torch.stack([squash(decode_photo(source.read_photo(bin_id)), 32) for bin_id in bin_ids])
    with torch.no_grad():
        looks = [counter(photos).log_softmax(1), counter(photos.flip(-1)).log_softmax(1)]
    wanted = torch.stack(looks[: 2 if tta == "flip" else 1]).mean(0).softmax(1)
    ours = torch.tensor(predictions.loc[bin_ids, [f"p_{count}" for count in range(6)]].to_numpy())
    assert torch.allclose(ours.float(), wanted, atol=1e-5) == (tta != "side_on")
    assert read_checkpoint(run / "checkpoints" / "last.ckpt")["current_model_state"]


@pytest.mark.parametrize(
    "words",
    [
        ["data.tta=flip"],
        ["trainer.gradient_clip_norm=0.1"],
        ["schedule=cosine", "schedule.warmup_epochs=0.5"],
    ],
    ids=["tta", "clip", "cosine"],
)
def test_train__kept_features_give_what_photos_give(
    words: list[str], tiny_run: list[str], tmp_path: Path
) -> None:
    runs = {name: tmp_path / name for name in ("cached", "live", "plain")}
    for name in ("cached", "live"):
        train(*tiny_run, *words, f"features={name}", f"hydra.run.dir={runs[name]}")
    pd.testing.assert_frame_equal(history(runs["cached"]), history(runs["live"]), rtol=1e-4)
    train(*tiny_run, f"hydra.run.dir={runs['plain']}")
    assert not history(runs["plain"])["val/loss"].equals(history(runs["cached"])["val/loss"])


def test_train__a_batch_in_parts_is_the_whole_batch(tiny_run: list[str], tmp_path: Path) -> None:
    runs = [tmp_path / parts for parts in ("1", "2", "4")]
    for run in runs:
        train(*tiny_run, "features=live", f"trainer.accumulate={run.name}", f"hydra.run.dir={run}")
    whole = json.loads((runs[0] / "metrics.json").read_text())["test"]
    for run in runs[1:]:
        # the last batch's parts differ by one photo, which weighs a little more
        assert json.loads((run / "metrics.json").read_text())["test"]["nll"] == pytest.approx(
            whole["nll"], rel=1e-2
        )


@pytest.mark.slow
def test_train__several_processes_train_stage_after_stage(tiny_run: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(*tiny_run, *GRADUAL, "trainer=ddp_cpu", "trainer.max_epochs=3", f"hydra.run.dir={run}")
    assert len(history(run)) == 3
