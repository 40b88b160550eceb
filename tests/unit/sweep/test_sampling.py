"""What draws trials."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.study import Study

from binrecon.config.search_space import SearchSpace, build_space
from binrecon.config.sweep_words import SAMPLER_WORDS
from binrecon.errors import ConfigError
from binrecon.sweep.sampling import (
    GRID_LIMIT,
    NumberedSampler,
    build_distributions,
    build_pruner,
    list_grid,
    quieten_optuna,
)

SPACE = build_space({"a": "tag(log, interval(1e-3, 1))", "b": "interval(0, 1)"})


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quieten_optuna()


def build_study(word: str, seed: int = 0, space: SearchSpace = SPACE) -> Study:
    return optuna.create_study(sampler=NumberedSampler(word, seed, space))


def draw(study: Study, count: int, space: SearchSpace = SPACE) -> list[dict[str, object]]:
    drawn = []
    for _ in range(count):
        trial = study.ask(build_distributions(space))
        drawn.append(trial.params)
        study.tell(trial, trial.params["b"])
    return drawn


def test_build_distributions() -> None:
    space = build_space(
        {
            "log": "tag(log, interval(1e-3, 1))",
            "int": "range(1, 6, 2)",
            "step": "range(0, 1, 0.25)",
            "choice": "choice(x, y)",
        }
    )
    assert build_distributions(space) == {
        "choice": CategoricalDistribution(("x", "y")),
        "int": IntDistribution(1, 5, step=2),
        "log": FloatDistribution(1e-3, 1.0, log=True),
        "step": FloatDistribution(0.0, 0.75, step=0.25),
    }


@pytest.mark.parametrize("word", [word for word in SAMPLER_WORDS if word != "grid"])
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_numbered_sampler__resumed_draws_what_an_unbroken_one_would(word: str) -> None:
    whole = draw(build_study(word), 12)
    study = build_study(word)
    first = draw(study, 7)
    study.sampler = NumberedSampler(word, 0, SPACE)  # as a new process has it
    assert first + draw(study, 5) == whole
    assert len({params["a"] for params in whole}) == 12  # nothing is repeated


def test_numbered_sampler__another_seed_draws_otherwise() -> None:
    assert draw(build_study("random", 1), 3) != draw(build_study("random", 2), 3)


def test_numbered_sampler__grid_visits_everything_once() -> None:
    space = build_space({"a": "choice(x, y)", "b": "range(0, 3)"})
    study = build_study("grid", space=space)
    assert study.sampler.grid_size == 6
    drawn = draw(study, 6, space)
    assert {(params["a"], params["b"]) for params in drawn} == {(a, b) for a in "xy" for b in range(3)}


def test_list_grid__an_interval_has_no_end() -> None:
    with pytest.raises(ConfigError, match=r"a grid needs values to list, and a is an interval"):
        list_grid(SPACE)


def test_list_grid__too_large() -> None:
    space = build_space({"a": f"range(0, {GRID_LIMIT})", "b": "choice(x, y)"})
    with pytest.raises(ConfigError, match="more than 10000 combinations"):
        list_grid(space)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("word", ["median", "hyperband"])
def test_build_pruner__ends_what_is_hopeless(word: str) -> None:
    study = optuna.create_study(pruner=build_pruner(word, 9), direction="minimize")
    for _ in range(12):
        trial = study.ask()
        for epoch in range(1, 10):
            trial.report(0.1, epoch)
            assert not trial.should_prune()
        study.tell(trial, 0.1)
    ended = []
    for _ in range(5):  # hyperband lets some of them run, to be fair to those that begin slowly
        bad = study.ask()
        for epoch in range(1, 10):
            bad.report(9.9, epoch)
            if bad.should_prune():
                ended.append(epoch)
                break
        study.tell(bad, state=optuna.trial.TrialState.PRUNED)
    assert ended
    assert min(ended) < 9


def test_build_pruner__none_never_does() -> None:
    study = optuna.create_study(pruner=build_pruner("none", 9))
    trial = study.ask()
    trial.report(1e9, 1)
    assert not trial.should_prune()
