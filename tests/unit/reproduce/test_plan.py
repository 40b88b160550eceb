from pathlib import Path

import pytest
from omegaconf import OmegaConf

from binrecon.checksums import accept
from binrecon.errors import BinreconError, ConfigError, OutputError
from binrecon.reproduce.plan import Plan


@pytest.fixture
def words(tiny_bins: Path, tmp_path: Path) -> list[str]:
    return [f"source.root={tiny_bins}", f"output_root={tmp_path / 'outputs'}"]


def problems_of(table: str, *words: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        Plan(table, words)
    return caught.value.problems


def test_plan__a_seed_of_every_row_before_the_next(words: list[str], tmp_path: Path) -> None:
    plan = Plan("proposal", [*words, "seeds=2", "seed=5"])
    folder = tmp_path / "outputs" / "reproduce" / "proposal"
    assert [(run.name, run.folder.path) for run in plan.list_runs()] == [
        (f"{name}, seed {seed}", folder / name / f"seed{seed}")
        for seed in (5, 6)
        for name in ("resnet50_sgd", "resnet50_adam")
    ]
    run = next(iter(plan.list_runs()))
    assert run.overrides == ["experiment=proposal/resnet50_sgd", *words, "seed=5", "seed=5"]
    assert plan.command == f"binrecon reproduce proposal {' '.join(words)} seeds=2 seed=5"


def test_plan__rows_are_chosen(words: list[str]) -> None:
    plan = Plan("stanford", [*words, "rows=[resnet34_sgdr,resnet18_sgd]"])
    assert [row.published.name for row in plan.rows] == ["resnet34_sgdr", "resnet18_sgd"]
    assert len(plan.rows[0].config.regime.phases) == 7  # type: ignore[attr-defined]
    assert len(Plan("stanford", words).rows) == 11


def test_plan__rehearsed(words: list[str]) -> None:
    plan = Plan("stanford", [*words, "--rehearse", "data.image_size=96"])
    epochs = {row.published.name: row.config.trainer.max_epochs for row in plan.rows}
    assert epochs.pop("resnet34_sgdr") == 7
    assert set(epochs.values()) == {1}
    sgdr = next(row for row in plan.rows if row.published.name == "resnet34_sgdr")
    phases = sgdr.config.regime.phases  # type: ignore[attr-defined]
    assert [(phase.epochs, phase.image_size) for phase in phases] == [(1, 64)] * 3 + [(1, 96)] * 4
    assert [phase.lr for phase in phases] == [None] * 6 + [0.001]
    assert [phase.first_stage for phase in phases] == ["head", "head", "stem", "head", "stem", "head", "stem"]
    assert sgdr.full.trainer.max_epochs == 43


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("seeds=0", "seeds: must be at least 1, got 0"),
        ("estimate_s=0", "estimate_s: must be above 0, got 0.0"),
        ("rows=[]", "rows: empty; give some of resnet34_sgd"),
        ("rows=[resnet34]", "rows: 'resnet34' is no row of unc; rows are resnet34_sgd. Did you mean 'resnet34_sgd'?"),
        ("optimizer.lrr=1", "optimizer.lrr: unknown key; allowed are lr, weight_decay, decays_biases, momentum. Did you mean 'lr'?"),
        ("optimizer.lr=-1", "optimizer.lr: must be above 0, got -1.0"),
        ("features=cached", "features: cached needs regime=frozen; regime=full changes them, use auto"),
    ],
)  # fmt: skip
def test_plan__one_problem(word: str, problem: str, words: list[str]) -> None:
    assert problems_of("unc", *words, word) == (problem,)


def test_plan__a_problem_of_many_rows_is_said_once(words: list[str]) -> None:
    assert problems_of("stanford", *words, "data.batch_size=0") == (
        "data.batch_size: must be at least 1, got 0",
        "data.batch_size: this head normalises over the photos of a batch and needs at least 2 of them, "
        "2 in all, got 0; use a larger one, or head=linear head.is_standardised=false",
    )


def test_plan__phases_that_do_not_add_up(words: list[str]) -> None:
    assert problems_of("stanford", *words, "trainer.max_epochs=2") == (
        "regime.phases: their epochs add up to 43, not to trainer.max_epochs=2; change one of them; "
        "--rehearse cuts every phase to one epoch",
    )


def test_plan__no_folder_of_bins() -> None:
    assert problems_of("stanford", "source.root=nowhere") == (
        "source.root: 'nowhere' is not a folder; give the folder that holds bin-images/ and metadata/ "
        "(source.root=PATH), or render bins with source=synthetic; or bring the published ones with "
        "binrecon fetch subset=stanford_150k lists_dir=DIR and binrecon fetch subset=stanford_all "
        "lists_dir=DIR, and go on with source=abid",
    )


def begin(plan: Plan) -> Path:
    """Leave a run of the first row as if it had begun."""
    run = next(iter(plan.list_runs()))
    run.folder.write_config(run.row.config)
    return run.folder.path


def test_plan__goes_on_with_its_own_runs_elsewhere(words: list[str], tiny_bins: Path) -> None:
    begin(Plan("unc", [*words, "--rehearse"]))
    Plan("unc", [*words, "--rehearse", "trainer=gpu", "data.workers=7", "cache_dir=elsewhere", "logger=none"])


def test_plan__refuses_runs_of_other_words(words: list[str]) -> None:
    path = begin(Plan("unc", [*words, "--rehearse"]))
    with pytest.raises(OutputError) as caught:
        Plan("unc", [*words, "data.image_size=64"])
    assert str(caught.value) == (
        "runs with other settings are there already\n"
        f"  {path}: data.image_size 224 there, 64 here, trainer.max_epochs 1 there, 40 here\n"
        "give the settings that they were started with, or another folder with output_root=PATH"
    )
    Plan("unc", [*words, "data.image_size=64", "--estimate"])  # runs nothing


def test_plan__a_damaged_run(words: list[str]) -> None:
    path = begin(Plan("unc", words))
    OmegaConf.save({"source": {"name": "local"}}, path / "config.yaml")
    accept(path)
    with pytest.raises(BinreconError, match="this version of binrecon did not write it"):
        Plan("unc", words)
