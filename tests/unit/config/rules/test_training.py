from contextlib import nullcontext

import pytest
from tests.config_problems import SYNTHETIC, problems_of

from binrecon.config.compose import compose_config, list_options
from binrecon.config.validate import validate
from binrecon.errors import ConfigError


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (
            ["regime=phased", "trainer.max_epochs=10"],
            "regime.phases: their epochs add up to 15, not to trainer.max_epochs=10; change one of them",
        ),
        (
            ["regime=phased", "regime.phases=[{epochs: 15, image_size: 16}]"],
            "regime.phases[0].image_size: must be at least 32, got 16",
        ),
        (
            ["regime=phased", "regime.phases=[{epochs: 15, lr: 0}]"],
            "regime.phases[0].lr: must be above 0, got 0.0",
        ),
        (
            ["regime=full", "regime.lr_groups=[{first_stage: stem, factor: -1}]"],
            "regime.lr_groups[0].factor: must be above 0, got -1.0",
        ),
        (
            ["regime=full", "features=cached"],
            "features: cached needs regime=frozen; regime=full changes them, use auto",
        ),
        (
            ["data.batch_size=20", "trainer.accumulate=3"],
            "trainer.accumulate: 20 photos cannot be shared evenly by 3 parts of a batch; "
            "use one of 1, 2, 4, 5, 10",
        ),
    ],
)
def test_validate__one_problem_of_words_together(overrides: list[str], problem: str) -> None:
    assert problems_of(SYNTHETIC, *overrides) == (problem,)


def test_validate__unknown_monitor_lists_what_is_logged() -> None:
    (problem,) = problems_of(SYNTHETIC, "monitor=val/acuracy")
    assert problem.startswith("monitor: 'val/acuracy' is not logged; logged are val/accuracy, val/macro_f1, ")
    assert problem.endswith("Did you mean 'val/accuracy'?")


def test_validate__head_and_loss() -> None:
    words = [SYNTHETIC, "head=mlp", "loss=soft_labels"]
    validate(compose_config("train", [*words, "loss.soft_weight=1"]))
    assert problems_of(*words, "head.hidden_width=0", "loss.soft_weight=1.5") == (
        "head.hidden_width: must be at least 1, got 0",
        "loss.soft_weight: must be at least 0 and at most 1, got 1.5",
    )


LOSSES = {
    "linear": ("cross_entropy", "soft_labels", "cumulative"),
    "mlp": ("cross_entropy", "soft_labels", "cumulative"),
    "coral": ("cumulative",),
    "corn": ("corn",),
}


def test_losses__are_those_of_all_options() -> None:
    assert sorted(LOSSES) == sorted(list_options("head"))
    assert {loss for losses in LOSSES.values() for loss in losses} == set(list_options("loss"))


@pytest.mark.parametrize("head", LOSSES)
@pytest.mark.parametrize("loss", list_options("loss"))
def test_validate__every_head_with_every_loss(head: str, loss: str) -> None:
    config = compose_config("train", [SYNTHETIC, f"head={head}", f"loss={loss}"])
    with nullcontext() if loss in LOSSES[head] else pytest.raises(ConfigError, match="does not go with"):
        validate(config)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["head=coral"], "loss: cross_entropy does not go with head=coral; use loss=cumulative"),
        (["head=corn", "loss=soft_labels"], "loss: soft_labels does not go with head=corn; use loss=corn"),
        (
            ["loss=corn"],
            "loss: corn does not go with head=linear; "
            "use loss=cross_entropy or loss=soft_labels or loss=cumulative",
        ),
    ],
)
def test_validate__loss_of_another_head(words: list[str], problem: str) -> None:
    assert problems_of(SYNTHETIC, *words) == (problem,)


@pytest.mark.parametrize("split", ["grouped", "udacity"])
def test_validate__counts_from_lists_cannot_tell_groups(split: str) -> None:
    assert problems_of(SYNTHETIC, f"data.split={split}", "data.counts_from=lists") == (
        f"data.counts_from: lists give no products, and without them data.split={split} cannot tell which photos "
        "show one bin; use counts_from=records, or split=unc, stanford_all or stanford_150k",
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["source.parts=photos"],
            "source.parts: training with data.counts_from=records needs both, got photos",
        ),
        (
            ["source.parts=records", "data.counts_from=lists", "data.split=unc"],
            "source.parts: training with data.counts_from=lists needs both or photos, got records",
        ),
    ],
)
def test_validate__parts_that_training_needs(words: list[str], problem: str) -> None:
    assert problems_of("source=abid", *words) == (problem,)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["data.labels=gone.csv"],
            "data.labels: 'gone.csv' is not a file; give a labels.csv, as `reconcile --apply` writes it",
        ),
        (
            ["data.labels=gone.csv", "data.counts_from=lists", "data.split=unc"],
            "data.labels: stand in place of records, which data.counts_from=lists does not read; drop one of them",
        ),
    ],
)
def test_validate__labels(words: list[str], problem: str) -> None:
    assert problems_of(SYNTHETIC, *words) == (problem,)


def test_validate__counts_from_lists_needs_photos_only() -> None:
    validate(
        compose_config(
            "train", ["source=abid", "source.parts=photos", "data.counts_from=lists", "data.split=unc"]
        )
    )
