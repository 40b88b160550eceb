from pathlib import Path

import pytest

from binrecon.errors import ConfigError, ReproductionError
from binrecon.reproduce.command import reproduce
from binrecon.reproduce.studies import check_study, list_studies, read_study, run_study

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
    with pytest.raises(ConfigError, match="must have `run` and `check`, each a list of commands"):
        read_study(tmp_path / "study.yaml")


def test_read_study__not_yaml(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("run: [")
    with pytest.raises(ConfigError, match="not YAML"):
        read_study(tmp_path / "study.yaml")


def test_run_study__fills_in_where(checkout: Path) -> None:
    study = list_studies(checkout)["small"]
    out = checkout / "outputs" / "reproduce" / "small"
    run_study(study, [f"output_root={checkout / 'outputs'}", f"source.root={checkout}"])
    assert (out / "big").read_text() == str(checkout)


def test_run_study__needs_bins(checkout: Path) -> None:
    with pytest.raises(ConfigError, match=r"source\.root: must be given, the folder of real bins"):
        run_study(list_studies(checkout)["small"], [])


def test_run_study__other_words(checkout: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        run_study(list_studies(checkout)["small"], ["seeds=2", "trainer=gpu", "--check"])
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["seeds=2", "trainer"]


def test_check_study__runs_in_small(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_study(list_studies(checkout)["small"], tmp_path)
    assert (tmp_path / "small").read_text() == "yes"
    assert f"{checkout / 'experiments' / 'small'}: every command holds" in capsys.readouterr().out.replace(
        "\n", ""
    )


def test_check_study__names_everything_that_no_longer_holds(checkout: Path, tmp_path: Path) -> None:
    folder = checkout / "experiments" / "small"
    (folder / "README.md").write_text("`python train.py model=resnet18 optimizer=lion`")
    write_study(folder, ["true"], ["python -c 'raise SystemExit(3)'", WRITE + "{out}/after yes"])
    with pytest.raises(ReproductionError) as caught:
        check_study(list_studies(checkout)["small"], tmp_path)
    lines = str(caught.value).splitlines()
    assert lines[0] == "the study small: 2 of its commands do not hold"
    assert lines[1].startswith("  train model=resnet18 optimizer=lion: 1 problem in the config")
    assert lines[2] == "  python -c 'raise SystemExit(3)': ended with status 3; its error stands above"
    assert (tmp_path / "after").exists(), "the others have run"


def test_reproduce__what_there_is() -> None:
    with pytest.raises(ConfigError) as caught:
        reproduce(["stanfrod"])
    (problem,) = caught.value.problems
    assert problem.startswith(
        "'stanfrod' is nothing to reproduce; published tables are stanford, proposal, unc; studies are "
    )
    assert problem.endswith(". Did you mean 'stanford'?")
    with pytest.raises(ConfigError, match="what to reproduce is not said; published tables are"):
        reproduce([])


def test_reproduce__no_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    from binrecon.reproduce import command

    monkeypatch.setattr(command, "list_studies", dict)
    with pytest.raises(ConfigError, match="studies are none here, they lie in experiments/ of a checkout"):
        reproduce(["optimizers"])
