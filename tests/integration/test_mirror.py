"""Checkpoints on a real S3 server: a run whose machine is gone goes on elsewhere."""

import shutil
from pathlib import Path

import pytest
import torch
from tests.s3_server import BUCKET, S3_MARKS, S3Server
from tests.same_run import assert_same_run

from binrecon.cli import main
from binrecon.data import BinBatch
from binrecon.errors import CheckpointError
from binrecon.training.checkpoints.mirror import CheckpointMirror, MirrorCheckpoints
from binrecon.training.checkpoints.position import read_position
from binrecon.training.module import CountingModule
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_whole

pytestmark = [*S3_MARKS, pytest.mark.slow]


@pytest.fixture
def mirror(s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where checkpoints go, on the test's own prefix."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return f"s3://{BUCKET}/{tmp_path.name}"


def list_keys(server: S3Server, prefix: str) -> set[str]:
    listed = server.client.list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/").get("Contents", [])
    return {entry["Key"].removeprefix(f"{prefix}/") for entry in listed}


def test_train__goes_on_from_a_mirror(
    mirror: str,
    tiny_run: list[str],
    tiny_bins: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["train", *tiny_run, "trainer.max_epochs=3"]
    whole, elsewhere = tmp_path / "whole", tmp_path / "elsewhere"
    assert main([*words, f"hydra.run.dir={whole}"]) == 0
    words.append(f"trainer.checkpoint_mirror={mirror}")
    start = CountingModule.on_train_epoch_start

    def break_off(module: CountingModule) -> None:
        if module.current_epoch == 2:
            raise RuntimeError("the machine is taken away")
        start(module)

    with monkeypatch.context() as patch:
        patch.setattr(CountingModule, "on_train_epoch_start", break_off)
        with pytest.raises(RuntimeError, match="taken away"):
            main([*words, f"hydra.run.dir={tmp_path / 'gone'}"])
    shutil.rmtree(tmp_path / "gone")
    assert main([*words, "seed=1", f"hydra.run.dir={tmp_path / 'other'}"]) == 2
    assert f"{mirror} holds a run of other words (binrecon train " in capsys.readouterr().err
    bins = shutil.copytree(tiny_bins, tmp_path / "bins")
    (bins / "metadata" / "00007.json").unlink()
    assert main([*words, f"source.root={bins}", f"hydra.run.dir={tmp_path / 'other'}"]) == 2
    assert f"the bins are not those of the run in '{mirror}'" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "other").exists(), "what is refused leaves nothing of what was fetched"
    of_another_machine = ["trainer=auto", "trainer.max_epochs=3"]
    assert main([*words, *of_another_machine, f"hydra.run.dir={elsewhere}"]) == 0
    assert f"checkpoints: those of {mirror}" in capsys.readouterr().out.replace("\n", "")
    assert_same_run(whole, elsewhere)


def test_train__goes_on_from_a_mirror_within_an_epoch(
    mirror: str, tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine is gone without a word: what was uploaded before is what there is."""
    words = ["train", *tiny_run, "features=live", "trainer.checkpoint_minutes=1e-9"]
    whole, gone, elsewhere = (tmp_path / name for name in ("whole", "gone", "elsewhere"))
    assert main([*words, f"hydra.run.dir={whole}"]) == 0
    words.append(f"trainer.checkpoint_mirror={mirror}")
    step = CountingModule.training_step

    def break_off(module: CountingModule, batch: BinBatch, batch_index: int) -> torch.Tensor:
        if (module.current_epoch, batch_index) == (1, 3):
            raise RuntimeError("the machine is taken away")
        return step(module, batch, batch_index)

    with monkeypatch.context() as patch:
        patch.setattr("binrecon.training.checkpoints.mirror._EVERY_S", 0.0)
        patch.setattr(MirrorCheckpoints, "on_exception", lambda *_: None)
        patch.setattr(CountingModule, "training_step", break_off)
        with pytest.raises(RuntimeError, match="taken away"):
            main([*words, f"hydra.run.dir={gone}"])
    shutil.rmtree(gone)
    folder = RunFolder(tmp_path / "back")
    assert CheckpointMirror(mirror).pull(folder, words[1:])
    position = read_position(folder.last_checkpoint)
    assert (position.epoch, position.turn) == (1, 3)
    assert main([*words, f"hydra.run.dir={elsewhere}"]) == 0
    assert_same_run(whole, elsewhere)


def test_mirror__a_broken_upload_leaves_what_was_there(
    mirror: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, place = RunFolder(tmp_path / "run"), CheckpointMirror(mirror)
    folder.checkpoints.mkdir(parents=True)
    folder.update_facts(overrides=["seed=1"], command="binrecon train seed=1")
    write_whole(folder.last_checkpoint, b"first")
    place.push(folder)
    write_whole(folder.last_checkpoint, b"second")
    with monkeypatch.context() as patch:
        put = CheckpointMirror._put

        def break_off(self: CheckpointMirror, name: str, content: bytes) -> None:
            if name == "latest.json":
                raise KeyboardInterrupt
            put(self, name, content)

        patch.setattr(CheckpointMirror, "_put", break_off)
        with pytest.raises(KeyboardInterrupt):
            place.push(folder)
    back = RunFolder(tmp_path / "back")
    assert CheckpointMirror(mirror).pull(back, ["seed=1"])
    assert back.last_checkpoint.read_bytes() == b"first"
    place.push(folder)
    assert len(list_keys(s3_server, tmp_path.name)) == 3, "the pointer and two files, none of them stale"
    assert not place.pull(back, ["seed=1"]), "a run that is there is left alone"


def test_mirror__cannot_be_used(mirror: str, tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"s3://no-such-bucket/runs cannot be used \(.*NoSuchBucket.*\); look at"
    ):
        CheckpointMirror("s3://no-such-bucket/runs").pull(RunFolder(tmp_path / "run"), [])


def test_mirror__a_wrong_address_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    with pytest.raises(CheckpointError, match=r"cannot be used \(Invalid endpoint: nowhere\); look at"):
        CheckpointMirror("s3://bucket/runs").pull(RunFolder(tmp_path / "run"), [])
