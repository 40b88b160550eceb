"""No credential that a user gives reaches the screen or a file, however a command ends."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from binrecon.cli import main

SECRET = "S3CRET-of-mine"  # noqa: S105  # what must not be found
PARTS = ("S3CRET", "of-mine")

REFUSED = [
    "train source=abid source.endpoint_url=http://me:{s}@h:1",
    "train source=abid source.endpoint_url=http://me:{s}@h:1 --cfg job",
    "train source=abid source.endpoint_url=https://{s}@h",
    "train source=abid +source.endpoint_urll=http://me:{s}@h:1 seed=x",
    "train source=abid source.endpoint_url=http://me:{s}@h:notaport optimizer.lr=-1",
    "train source=abid source.endpoint_url=[http://me:{s}@h:1",
    "train -m source=abid optimizer=sgd,adam source.endpoint_url=http://a:{s}@h,http://b:{s}@h",
    "train source.root=http://me:{s}@h/bins", "train output_root=http://me:{s}@h/runs",
    "train cache_dir=http://me:{s}@h/cache", "train lists_dir=https://h/lists?X-Amz-Signature={s}",
    "train data.labels=https://me:{s}@h/labels.csv", "train model.weights=https://me:{s}@h/w.pth",
    "train trainer.checkpoint_mirror=s3://me:{s}@bucket/prefix", "train resume=http://me:{s}@h/run",
    "train experiment=http://me:{s}@h/recipe.yaml", "train model=http://me:{s}@h", "train http://me:{s}@h",
    "train logger=wandb +logger.api_key={s}", "train logger=wandb logger.project=https://me:{s}@wandb.example",
    "train logger=wandb logger.tags=[https://me:{s}@h]", "train experiment={recipe}",
    "train experiment={recipe} --cfg job", "train monitor=http://me:{s}@h hydra.run.dir=http://me:{s}@h",
    "sweep sweep.storage=postgresql://u:{s}@h:notaport/db", "sweep sweep.storage=postgresql://u:{s}@h/db",
    "sweep sweep.storage=postgresql://u@h/db?sslpassword={s}", "sweep sweep.storage=postgresql://u@h/db?password={s}",
    "sweep sweep.storage=mysql://u:{s}@h/db", "sweep sweep.storage='postgresql://u:{s} x@h/db'",
    "sweep sweep.storage=postgresql://u:{s} x@h/db", "sweep sweep.study=http://me:{s}@h", "sweep optimizer=sgd,adam sweep.storage=//u:{s}@h source.root=http://u:{s}@h",
    "fetch subset=http://me:{s}@h source.endpoint_url=http://me:{s}@h:1", "show path=http://me:{s}@h/x.png",
    "launch cloud.endpoint_url=http://me:{s}@h:1 --dry-run", "launch ls cloud.endpoint_url=http://me:{s}@h:1",
    "launch cloud.bucket=b source.endpoint_url=http://me:{s}@h:1 --dry-run",
    "compare http://me:{s}@h/runs", "compare runs=[http://me:{s}@h] metric=x", "calibrate http://me:{s}@h/run",
    "reconcile checkpoint=http://me:{s}@h inventory=http://me:{s}@h", "reconcile --apply http://me:{s}@h/audit.csv",
    "reconcile --evaluate checkpoint=http://me:{s}@h", "export checkpoint=http://me:{s}@h/run output=http://me:{s}@h",
    "reproduce stanford source.root=http://me:{s}@h", "features ls cache_dir=http://me:{s}@h",
    "train source.root={env}", "sweep sweep.study={env}",
]  # fmt: skip


@pytest.fixture
def said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> pytest.CaptureFixture[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("binrecon.masking._known", set())
    (tmp_path / "in").mkdir()
    return capfd


def assert_nowhere(folder: Path, *outputs: str) -> None:
    for output in outputs:
        assert not [part for part in PARTS if part in output], output
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "in"]
    assert not [path for path in files for part in PARTS if part.encode() in path.read_bytes()]
    assert not [path for path in folder.rglob("*") for part in PARTS if part in path.name]


@pytest.mark.parametrize("command", REFUSED)
def test_refused(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DB_PASSWORD", f"{SECRET}-in-the-environment")
    recipe = tmp_path / "in" / "recipe.yaml"
    address = f"http://me:{SECRET}@h:1"
    recipe.write_text(f"# @package _global_\nsource:\n  root: {address}\n")
    command = command.replace("{env}", f"{SECRET}-in-the-environment").replace("{recipe}", str(recipe))
    assert main(shlex.split(command.replace("{s}", SECRET))) == 2
    output, error = said.readouterr()
    assert "***" in error
    assert "holds a password or key" in error
    assert_nowhere(tmp_path, output, error)


def test_refused__from_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BINRECON_LISTS", f"http://me:{SECRET}@h")
    assert main(["train", "source=synthetic"]) == 2
    output, error = said.readouterr()
    assert "lists_dir: 'http://***@h' holds a password or key" in error
    assert_nowhere(tmp_path, output, error)


def test_a_run(
    tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: pytest.CaptureFixture[str]
) -> None:
    """What is in the environment, where it belongs, is in no file of a run either; nor in those of one that fails."""
    for name in ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, f"{SECRET}-{name}")
    words = ["train", *tiny_run, "trainer.max_epochs=1"]
    assert main([*words, f"hydra.run.dir={tmp_path / 'whole'}"]) == 0
    assert main([*words, "optimizer=sgd", "optimizer.lr=1e30", f"hydra.run.dir={tmp_path / 'failed'}"]) == 2
    assert json.loads((tmp_path / "whole" / "run.json").read_text())["command"].startswith("binrecon train ")
    assert_nowhere(tmp_path, *said.readouterr())


@pytest.mark.slow
def test_an_unexpected_error(tmp_path: Path) -> None:
    """A traceback, which only a fault of ours brings, hides credentials as well."""
    program = (
        "import sys; from binrecon import cli; from binrecon.verbs import show; from binrecon.verbs.verb import Verb\n"
        f"def fail(words): raise KeyError('postgresql://u:{SECRET}@h/db')\n"
        "cli.VERBS['show'] = Verb('', fail, ()); cli.main(['show'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 1
    assert "KeyError: 'postgresql://***@h/db'" in done.stderr
    assert_nowhere(tmp_path, done.stdout, done.stderr)
