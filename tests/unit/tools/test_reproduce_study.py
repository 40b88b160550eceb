from pathlib import Path

import pytest

from reproduce_study import StudyError, check_study, list_studies, main, read_study, run_study

WRITE = """python -c "import sys; open(sys.argv[1], 'w').write(sys.argv[2])" """


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one study that writes a file."""
    folder = tmp_path / "experiments" / "small"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("`python train.py model=resnet18`")
    write_study(folder, [WRITE + "{out}/big {bins}"], [WRITE + "{out}/small yes"])
    return tmp_path


def write_study(folder: Path, run: list[str], check: list[str]) -> None:
    lines = [
        f"{key}:\n" + "".join(f"  - >-\n    {command}\n" for command in commands)
        for key, commands in (("run", run), ("check", check))
    ]
    (folder / "study.yaml").write_text("".join(lines))


def test_list_studies__of_this_checkout() -> None:
    studies = list_studies()
    experiments = Path(__file__).parents[3] / "experiments"
    assert set(studies) == {path.parent.name for path in experiments.glob("*/README.md")}
    assert all(study.run and study.check for study in studies.values())
    assert all("{bins}" not in command for study in studies.values() for command in study.check)


def test_list_studies__without_a_checkout(tmp_path: Path) -> None:
    assert list_studies(tmp_path) == {}


@pytest.mark.parametrize(
    "text",
    ["run: [a]", "run: a\ncheck: [b]", "run: [1]\ncheck: [b]", "[a]", "run: [a]\ncheck: [b]\nmore: [c]"],
)
def test_read_study__not_two_lists(text: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(StudyError, match="must have `run` and `check`, each a list of commands"):
        read_study(tmp_path / "study.yaml")


def test_read_study__not_yaml(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("run: [")
    with pytest.raises(StudyError, match="not YAML"):
        read_study(tmp_path / "study.yaml")


def test_run_study__fills_in_where(checkout: Path) -> None:
    study, out = list_studies(checkout)["small"], checkout / "outputs"
    run_study(study, out, checkout)
    assert (out / "big").read_text() == str(checkout)


def test_run_study__needs_bins(checkout: Path) -> None:
    with pytest.raises(StudyError, match=r"--bins: must be given, the folder of real bins"):
        run_study(list_studies(checkout)["small"], checkout / "outputs")


def test_check_study__runs_in_small(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_study(list_studies(checkout)["small"], tmp_path)
    assert (tmp_path / "small").read_text() == "yes"
    assert f"{checkout / 'experiments' / 'small'}: every command works" in capsys.readouterr().out


def test_check_study__names_every_broken_command(checkout: Path, tmp_path: Path) -> None:
    folder = checkout / "experiments" / "small"
    (folder / "README.md").write_text("`python train.py model=resnet18 optimizer=lion`")
    write_study(folder, ["true"], ["python -c 'raise SystemExit(3)'", WRITE + "{out}/after yes"])
    with pytest.raises(StudyError) as caught:
        check_study(list_studies(checkout)["small"], tmp_path)
    lines = str(caught.value).splitlines()
    assert lines[0] == "the study small: 2 of its commands failed"
    assert lines[1].startswith("  train model=resnet18 optimizer=lion: 1 problem in the config")
    assert lines[2] == "  python -c 'raise SystemExit(3)': ended with status 3; its error is above"
    assert (tmp_path / "after").exists(), "the others have run"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["optimisers"], "no study 'optimisers'; studies are counting, export, "),
        (["optimizers", "--check", "--out", "x"], "--out: a check writes to a temporary folder"),
        ([], "the following arguments are required: STUDY"),
    ],
)
def test_main__refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err


def test_main__bins_are_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["counting"]) == 2
    assert capsys.readouterr().err.startswith("--bins: must be given")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["synthetic_bins", "first_light", "manifest_scale", "speed", "optimizers", "export", "scale"]
)
def test_main__checks_the_study(name: str) -> None:
    assert main([name, "--check"]) == 0
