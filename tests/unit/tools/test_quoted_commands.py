from pathlib import Path

import pytest

from binrecon.errors import ConfigError
from quoted_commands import compose_command, find_commands, find_faults, find_scripts, main


def test_find_commands__of_every_verb_and_over_lines() -> None:
    text = "```\nuv run python train.py model=resnet18 \\\n  seed=1\nbinrecon compare a b metric=rmse  # why\n```\n`binrecon reproduce stanford --estimate`"
    assert [" ".join(command.split()) for command in find_commands(text)] == [
        "train model=resnet18 seed=1",
        "compare a b metric=rmse",
        "reproduce stanford --estimate",
    ]


def test_find_commands__leaves_out_what_is_no_whole_command() -> None:
    text = "`binrecon train resume=RUN`, `python train.py … logger=wandb`, `binrecon features verify`, `binrecon sweep`"
    assert find_commands(text) == []


def test_find_scripts() -> None:
    text = (
        "uv run python experiments/a/run.py real\nuv run --with s5cmd python -m experiments.b.measure --pin"
    )
    assert find_scripts(text) == ["experiments/a/run.py", "experiments/b/measure.py"]


@pytest.mark.parametrize(
    "command",
    [
        "train -m source.root=DIR model=resnet18,resnet34 optimizer=sgd,sgdr,adam seed=0,1,2",
        "train regime=phased 'regime.phases=[{epochs: 2, first_stage: head}, {epochs: 7, lr: 1e-3}]'",
        "train experiment=outputs/sweeps/STUDY/best.yaml seed=1",
        "sweep sweep=settings 'optimizer.lr=tag(log, interval(1e-4, 1e-1))' optimizer=sgd,adam",
        "compare outputs/train metric=rmse group_by=[model,optimizer]",
        "reproduce stanford rows=[resnet18_sgd] seeds=1 trainer=gpu",
    ],
)
def test_compose_command(command: str, tmp_path: Path) -> None:
    compose_command(command, tmp_path)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train model=resnet18,resnet19", "resnet19"),
        ("train optimizer.lrr=1", "lrr"),
        ("sweep sweep=head optimizer.lrr=0.1", "optimizer.lrr: unknown key"),
        ("fetch subsett=all", "subsett"),
        ("reproduce stanford rows=[resnet19_sgd]", "resnet19_sgd are no rows of stanford"),
        ("reproduce unc trainer=gpuu", "gpuu"),
        ("reproduce optimizers", "optimizers: no published table; tables are stanford, proposal, unc"),
        ("reproduce unc seedz=3", "seedz: neither a setting of reproduce"),
    ],
)
def test_compose_command__no_longer_composes(command: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message.replace("[", "\\[")):
        compose_command(command, tmp_path)


def test_find_faults__names_what_no_longer_holds(tmp_path: Path) -> None:
    (tmp_path / "experiments" / "a").mkdir(parents=True)
    (tmp_path / "experiments" / "a" / "run.py").touch()
    readme = tmp_path / "README.md"
    readme.write_text(
        "`python train.py model=resnet18`\n`python train.py model=resnet19`\n"
        "`python experiments/a/run.py`\n`python experiments/a/gone.py`\n"
        "`python tools/reproduce_study.py STUDY`, `python tools/reproduce_study.py b --check`\n"
    )
    faults = find_faults(readme, tmp_path)
    script = "tools/reproduce_study.py"
    assert list(faults) == ["train model=resnet19", "experiments/a/gone.py", script, "b"]
    assert "resnet19" in faults["train model=resnet19"]
    assert faults["experiments/a/gone.py"] == faults[script] == "there is no such script"
    assert faults["b"] == "there is no such study"


def test_main__names_what_is_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sound.md").write_text("`python train.py model=resnet18`")
    (tmp_path / "broken.md").write_text("`python train.py model=resnet19`")
    assert main([str(tmp_path / "sound.md")]) == 0
    assert main([str(tmp_path / "sound.md"), str(tmp_path / "broken.md")]) == 1
    assert f"{tmp_path / 'broken.md'}: train model=resnet19: " in capsys.readouterr().out
