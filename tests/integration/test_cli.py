"""What the command line says: help, and each error that a user can make."""

import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from binrecon.checksums import accept
from binrecon.cli import VERBS, main
from binrecon.verbs.verb import Verb


@pytest.fixture
def fail(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must fail as a user's error, and return what it says."""

    def run(*words: str) -> str:
        capsys.readouterr()
        assert main(list(words)) == 2
        return capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "your quota of the disk is used up")],
)
def test_main__no_space(
    number: int, said: str, fail: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_: object) -> None:
        raise OSError(number, "no space", "/home/me/runs")

    monkeypatch.setitem(VERBS, "show", Verb("", write, ()))
    assert fail("show") == (
        f"OutputError: {said} at '/home/me/runs'; free some space, then go on: a training run with "
        "resume=RUN_FOLDER, all else with the same command\n"
    )


def test_main__lists_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "train     train a counter and test it" in capsys.readouterr().out


def test_main__unknown_verb(fail: Callable[..., str]) -> None:
    assert (
        fail("trian")
        == "'trian' is no verb of binrecon; there are fetch, train, sweep, reproduce, launch, compare, calibrate, reconcile, export, features, show. Did you mean 'train'?\n"
    )


def test_reproduce__help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "usage: binrecon reproduce NAME [KEY=VALUE ...]" in shown
    assert "  seeds=3 " in shown
    assert "binrecon reproduce stanford --estimate" in shown


@pytest.mark.parametrize(
    ("flag", "key"),
    [("", "budget=0.5%"), ("--evaluate", "evaluation.draws=1000"), ("--apply", "results=null")],
)
def test_reconcile__help(flag: str, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconcile", *filter(None, [flag]), "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(" ".join(f"usage: binrecon reconcile {flag}".split()) + " [KEY=VALUE ...] ")
    assert f"\n  {key} " in shown


def test_reconcile__one_thing_at_a_time(fail: Callable[..., str]) -> None:
    shown = fail("reconcile", "--evaluate", "--apply", "audit.csv")
    assert "--apply: does not go with --evaluate; give one of them" in shown


def test_reconcile__a_file_that_cannot_be_opened_is_not_the_run_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what Hydra could not make is said to be the folder of the run."""
    from binrecon.verbs import reconcile

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "photo.jpg"))

    monkeypatch.setattr(reconcile, "_reconcile_once", refuse)
    with pytest.raises(PermissionError):
        main(["reconcile", f"checkpoint={tmp_path}", f"source.root={tmp_path}", f"output_dir={tmp_path}/new"])


def test_launch__help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["launch", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "usage: binrecon launch [ls | follow NAME | stop NAME | fetch NAME] [WORD OF train ...]" in shown
    assert "  * cloud=sagemaker " in shown
    assert "  cloud.max_runtime_h=24.0 " in shown
    assert [
        line for line in shown.splitlines() if line.startswith("  cloud.") and len(line.split()) < 2
    ] == []


def test_launch__dry_run_loads_neither_torch_nor_boto3(tmp_path: Path) -> None:
    """And asks nobody anything: the request is made of the words alone."""
    code = (
        "import sys; from binrecon.cli import main; status = main(['launch', *sys.argv[1:]]); "
        "print(status, {'torch', 'boto3'} & set(sys.modules), file=sys.stderr)"
    )
    words = [
        "--dry-run", "cloud.region=us-east-1", "cloud.bucket=bkt", "source=synthetic",
        "cloud.role=arn:aws:iam::123456789012:role/binrecon", "cloud.instance_type=ml.c5.xlarge",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stderr.splitlines()[-1] == "0 set()"
    assert '"TrainingInputMode": "File"' in done.stdout


@pytest.mark.parametrize(
    "words", [["--help"], ["--cfg", "job"], ["optimizer=adagrad"], ["optimizer.lrr=1"], ["optimizer.lr=-1"]]
)
def test_train__answers_without_loading_torch(words: list[str], tmp_path: Path) -> None:
    """Help, the configuration and a wrong key are a matter of a second, not of torch's five."""
    code = (
        "import sys; from binrecon.cli import main; main(['train', 'source=synthetic', *sys.argv[1:]]); "
        "print('torch' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stderr.splitlines()[-1] == "False"


def test_sweep__answers_without_loading_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from binrecon.cli import main; main(['sweep', 'source=synthetic', 'optimizer.lr=0,1']); "
        "print({'torch', 'optuna'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "optimizer.lr: must be above 0, got 0" in done.stderr
    assert done.stderr.splitlines()[-1] == "set()"


def test_train__several_values_of_one_run(fail: Callable[..., str]) -> None:
    assert fail("train", "source=synthetic", "optimizer=sgd,adam") == (
        "ConfigError: 1 problem in the config\n"
        "  optimizer: got several values, sgd,adam; run one after another with --multirun (-m), or give one\n"
    )


def test_train__help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(
        word in shown for word in ("model=resnet34", "optimizer=sgdr", "trainer=ddp", "experiment=quickstart")
    )
    assert "binrecon train experiment=quickstart" in shown


def test_train__all_problems_at_once(fail: Callable[..., str]) -> None:
    assert fail("train", "optimizer=adagrad", "data.batch_sze=3") == (
        "ConfigError: 3 problems in the config\n"
        "  optimizer=adagrad: no such option; allowed are adam, adamw, sgd, sgdr\n"
        "  data.batch_sze: unknown key; allowed are min_count, max_count, above_range, split, lists_dir, counts_from, labels, val_fraction, test_fraction, "
        "split_seed, train_share, image_size, resize, horizontal_flip, balance, augment, tta, batch_size, workers. Did you mean 'batch_size'?\n"
        "  source.root: 'data/abid' is not a folder; give the folder that holds bin-images/ and metadata/ (source.root=PATH), "
        "or render bins with source=synthetic\n"
    )


def test_train__a_refused_run_leaves_no_folder(fail: Callable[..., str], tmp_path: Path) -> None:
    fail("train", "source=synthetic", "optimizer.lr=-1", f"output_root={tmp_path / 'outputs'}")
    assert list((tmp_path / "outputs" / "train").iterdir()) == []


def test_train__empty_root(fail: Callable[..., str], tiny_run: list[str], tmp_path: Path) -> None:
    root = tmp_path / "bins"
    (root / "bin-images").mkdir(parents=True)
    (root / "metadata").mkdir()
    message = fail("train", *tiny_run, f"source.root={root}")
    assert message.startswith(f"SourceError: source.root: '{root}' holds no bin: no file 'bin-images/*.jpg'")


def test_train__no_bin_in_range(fail: Callable[..., str], tiny_run: list[str]) -> None:
    message = fail("train", *tiny_run, "data.min_count=10", "data.max_count=12")
    assert message.startswith(
        "ManifestError: no bin is usable with data.split=grouped, data.min_count=10, data.max_count=12"
    )


def test_train__a_count_without_training_bins(fail: Callable[..., str], tiny_run: list[str]) -> None:
    message = fail("train", *tiny_run, "data.max_count=7")
    assert message.startswith("ManifestError: ")
    assert "6" in message
    assert "7" in message


def test_train__bad_photos_and_records_are_kept_with_their_reason(
    tiny_bins: Path, tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "bins"
    shutil.copytree(tiny_bins, root)
    photos, records = root / "bin-images", root / "metadata"
    (photos / "00001.jpg").write_bytes((photos / "00001.jpg").read_bytes()[:300])
    (photos / "00002.jpg").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    (records / "00003.json").write_text("{not json")
    (records / "00004.json").unlink()
    shutil.copy(photos / "00005.jpg", photos / "00006.jpg")
    assert main(["train", *tiny_run, f"source.root={root}"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert (
        "120 bins: 115 usable; left out: 2 corrupt_photo, 1 missing_record, 1 malformed_record, 1 duplicate_photo"
        in shown
    )
    (run,) = (tmp_path / "outputs" / "train").iterdir()
    statuses = json.loads((run / "metrics.json").read_text())["bins"]
    assert statuses["usable"] == 115


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:4000]), "cannot be read as a checkpoint"),
        (lambda path: torch.save({"hyper_parameters": {"counter": Path("/")}}, path), "was refused"),
        (lambda path: torch.save({"a": 1}, path), "is not a checkpoint of binrecon"),
    ],
)
def test_train__resume_from_a_bad_checkpoint(
    damage: Callable[[Path], object],
    message: str,
    fail: Callable[..., str],
    tiny_run: list[str],
    tmp_path: Path,
) -> None:
    run = tmp_path / "run"
    assert main(["train", *tiny_run, "trainer.max_epochs=1", f"hydra.run.dir={run}"]) == 0
    damage(run / "checkpoints" / "last.ckpt")
    accept(run)
    shown = fail("train", f"resume={run}", "trainer.max_epochs=2")
    assert shown.splitlines()[-1].startswith("CheckpointError: ")
    assert message in shown


def test_train__resume_with_another_model(
    fail: Callable[..., str], tiny_run: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert main(["train", *tiny_run, "trainer.max_epochs=1", f"hydra.run.dir={run}"]) == 0
    shown = fail("train", f"resume={run}", "model.backbone=resnet18.tv_in1k")
    assert "holds another model (backbone: test_resnet.r160_in1k there, resnet18.tv_in1k here)" in shown


def test_train__resume_with_other_counts(
    fail: Callable[..., str], tiny_run: list[str], tmp_path: Path
) -> None:
    """And what was refused does not stick: the run goes on by its own words."""
    run = tmp_path / "run"
    assert main(["train", *tiny_run, "trainer.max_epochs=1", f"hydra.run.dir={run}"]) == 0
    before = {name: (run / name).read_bytes() for name in ("config.yaml", "run.json", "manifest.parquet")}
    shown = fail("train", f"resume={run}", "data.max_count=4", "trainer.max_epochs=2")
    assert shown == (
        f"CheckpointError: '{run}/checkpoints/last.ckpt' holds another model (max_count: 5 there, 4 here); "
        "resume with the model, range of counts and regime it was trained with\n"
    )
    assert {name: (run / name).read_bytes() for name in before} == before
    assert main(["train", f"resume={run}", "trainer.max_epochs=2"]) == 0


def test_train__weights_out_of_reach(fail: Callable[..., str], tiny_run: list[str], tmp_path: Path) -> None:
    shown = fail("train", *tiny_run, "model.weights=imagenet")
    assert (
        "WeightsError: model.weights=imagenet: the weights of 'test_resnet.r160_in1k' could not be fetched"
        in shown
    )
    assert "Three ways on:" in shown


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_train__no_gpu(fail: Callable[..., str], tiny_run: list[str]) -> None:
    shown = fail("train", *tiny_run, "trainer=gpu")
    assert "trainer.devices: trainer=gpu wants 1 GPUs, this machine has 0; use trainer=cpu" in shown


def test_train__output_below_a_file(fail: Callable[..., str], tiny_run: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    shown = fail("train", *tiny_run, f"output_root={tmp_path / 'file' / 'runs'}")
    assert shown.splitlines()[-1].startswith("OutputError: the run folder ")
    assert "give a folder you may write to with output_root=PATH" in shown


def test_train__multirun_names_the_job_that_failed(
    fail: Callable[..., str], tiny_run: list[str], tmp_path: Path
) -> None:
    shown = fail("train", "-m", *tiny_run, "trainer.max_epochs=1", "optimizer.lr=-1,0.001")
    assert "job 0 (optimizer.lr=-1) failed: " in shown
    assert shown.splitlines()[-2:] == [
        "JobsFailedError: 1 of 2 jobs failed; the others are done",
        "  job 0 (optimizer.lr=-1): ConfigError: 1 problem in the config optimizer.lr: must be above 0, got -1.0",
    ]
    (sweep,) = (tmp_path / "outputs" / "multirun").iterdir()
    assert (sweep / "1" / "metrics.json").exists(), "the other job went on"


def test_train__multirun_goes_on_after_any_error(
    fail: Callable[..., str], tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from binrecon.training import run

    report = run.report_results

    def break_once(*arguments: object) -> object:
        monkeypatch.setattr(run, "report_results", report)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(run, "report_results", break_once)
    shown = fail("train", "-m", *tiny_run, "trainer.max_epochs=1", "optimizer=sgd,adam")
    assert "Traceback" in shown  # what nobody foresaw is shown whole
    assert shown.splitlines()[-1] == "  job 0 (optimizer=sgd): RuntimeError: out of memory"
    (sweep,) = (tmp_path / "outputs" / "multirun").iterdir()
    assert (sweep / "1" / "metrics.json").exists()


def test_train__multirun_ends_with_how_to_compare(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "-m", *tiny_run, "trainer.max_epochs=1", "optimizer=sgd,adam"]) == 0
    (sweep,) = (tmp_path / "outputs" / "multirun").iterdir()
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1] == f"2 runs; rank them with: binrecon compare {sweep}"
    assert shown.count("0 views computed") == 1  # the second run found the features of the first


def test_show__draws_a_sheet(tiny_bins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sheet.png"
    assert (
        main(["show", "source=local", f"source.root={tiny_bins}", "photos=6", "columns=3", f"path={path}"])
        == 0
    )
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "6 of 120 bins drawn" in capsys.readouterr().out


def test_show__says_how_many_items(
    write_bin: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captions: list[str] = []
    monkeypatch.setattr(
        "binrecon.report.contact_sheet.draw_photo_sheet", lambda _, texts, *__, **___: captions.extend(texts)
    )
    for bin_id, count in (("00001", 1), ("00002", 2)):
        write_bin(tmp_path / "bins", bin_id, count)
    assert main(["show", "source=local", f"source.root={tmp_path / 'bins'}"]) == 0
    assert captions == ["00001: 1 item", "00002: 2 items"]


def test_show__a_bin_without_a_record(write_bin: Callable[..., None], tmp_path: Path) -> None:
    write_bin(tmp_path / "bins", "00001", 3)
    (tmp_path / "bins" / "metadata" / "00001.json").unlink()
    path = tmp_path / "sheet.png"
    assert main(["show", "source=local", f"source.root={tmp_path / 'bins'}", f"path={path}"]) == 0
    assert path.exists()


@pytest.mark.slow
def test_train__is_train_py(tmp_path: Path) -> None:
    """The two spellings of the README are one program, and both are quick to answer."""
    checkout = Path(__file__).parents[2]
    commands = [[sys.executable, str(checkout / "train.py")], [sys.executable, "-m", "binrecon", "train"]]
    shown = [
        subprocess.run(
            [*command, "--cfg", "job"], capture_output=True, text=True, check=True, cwd=tmp_path
        ).stdout
        for command in commands
    ]
    assert shown[0] == shown[1]
    assert "backbone: resnet50.tv_in1k" in shown[0]
