"""Run folders, recipes and studies that somebody else wrote: nothing in them runs, and one error names it."""

import json
from pathlib import Path

import pytest

from binrecon.checksums import accept
from binrecon.cli import main
from binrecon.errors import EXIT_MISUSE
from binrecon.training.run_folder import RunFolder

RUN_CODE = "{{_target_:torch.utils.collect_env.run,command:'touch {0}'}}"


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that a command in a foreign file would make."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "F"


def refused(capfd: pytest.CaptureFixture[str], planted: Path, *words: str) -> str:
    """Run a command that must be refused with one error; return it."""
    assert main(words) == EXIT_MISUSE
    output = capfd.readouterr()
    assert not planted.exists()
    assert "Traceback" not in output.err
    assert output.out == ""
    return output.err


@pytest.mark.parametrize(
    "overrides",
    [
        [f"+hydra.callbacks.x={RUN_CODE}"],
        [f"hydra.callbacks.x={RUN_CODE}"],
        ["hydra/job_logging=stdout"],
        [f"hydra.launcher={RUN_CODE}"],
        [f"hydra.sweeper={RUN_CODE}", "-m"],
        ["--cfg", "job"],
        ["-m"],
        ["--config-dir", "."],
        ["experiment=x.yaml"],
        ["experiment=[x.yaml,quickstart]"],
        ["experiment='x.yaml'"],
        ["experiment=x.yaml,x.yaml"],
        ["experiment=../../../../../../../../../../{1}/x"],
        ["model=../../../../../../../../../../{1}/x"],
    ],
)
def test_train__run_json(
    overrides: list[str], planted: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.yaml").write_text(f"hydra:\n  callbacks:\n    x: {RUN_CODE.format(planted)}\n")
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.facts.write_text(
        json.dumps(
            {"overrides": ["source=synthetic", *(text.format(planted, tmp_path) for text in overrides)]}
        )
    )
    accept(run.path)
    before = run.facts.read_bytes()
    error = refused(capfd, planted, "train", f"resume={run.path}")
    assert str(run.facts) in error or "x.yaml" in error
    assert overrides[0].partition("=")[0] in error
    assert run.facts.read_bytes() == before


@pytest.mark.parametrize("verb", ["train", "sweep"])
@pytest.mark.parametrize("name", ["best.yaml", "a, b.yaml"])
def test_recipe(
    verb: str, name: str, planted: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_text(
        f"# @package _global_\nhydra:\n  callbacks:\n    x: {RUN_CODE.format(planted)}\noptimizer: {{lr: 0.1}}\n"
    )
    error = refused(capfd, planted, verb, "source=synthetic", f"experiment='{path}'")
    assert f"experiment: '{path}': hydra: a recipe cannot set it" in error


@pytest.mark.parametrize(
    "word", ["../../../../../../../../../..{0}/x", "{0}/x", "[../../../../../../../../..{0}/x]"]
)
def test_recipe__without_its_suffix(
    word: str, planted: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Hydra adds the suffix, and finds it from `configs/`."""
    (tmp_path / "x.yaml").write_text(
        f"# @package _global_\nhydra: {{callbacks: {{x: {RUN_CODE.format(planted)}}}}}\n"
    )
    error = refused(capfd, planted, "train", "source=synthetic", f"experiment={word.format(tmp_path)}")
    assert "no such option" in error


def test_every_problem_in_one_pass(planted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    error = refused(
        capfd, planted, "train", "source=synthetic", "optimizer.lrr=1", "optimizer.lr=-1", "model=timm"
    )
    assert error.startswith("ConfigError: 3 problems in the config")


def test_resume__what_came_from_the_environment_and_hydra(
    tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_plots: None
) -> None:
    """A run begun with words that a file may not hold can be resumed all the same."""
    monkeypatch.setenv("EPOCHS", "1")
    run = RunFolder(tmp_path / "run")
    words = [word for word in tiny_run if not word.startswith("trainer.max_epochs")]
    given = [f"++{words[0]}", *words[1:], "trainer.max_epochs=${oc.env:EPOCHS}", f"hydra.run.dir={run.path}"]
    assert main(["train", *given]) == 0
    assert "trainer.max_epochs=1" in run.read_facts()["overrides"]
    assert words[0] in run.read_facts()["overrides"]
    assert "++source.root" in run.read_facts()["command"]
    monkeypatch.delenv("EPOCHS")
    assert main(["train", f"resume={run.path}", "trainer.max_epochs=2"]) == 0
    assert run.read_facts()["epochs"] == 2
