"""Hydra's words for several values, as a search space."""

import pytest

from binrecon.config.search_space import Choices, Interval, build_space, sort_words
from binrecon.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "parameter"),
    [
        ("interval(0, 1)", Interval(0.0, 1.0)),
        ("tag(log, interval(1e-5, 1e-1))", Interval(1e-5, 0.1, is_log=True)),
        ("int(interval(1, 5))", Interval(1, 5, is_integer=True)),
        ("tag(log, int(interval(1, 64)))", Interval(1, 64, is_log=True, is_integer=True)),
        ("range(1, 6)", Interval(1, 5, is_integer=True, step=1)),
        ("range(0, 1, 0.25)", Interval(0, 0.75, step=0.25)),
        ("choice(0.0, 0.5)", Choices((0.0, 0.5))),
        ("sgd,adam", Choices(("sgd", "adam"))),
        ("choice('a b', c)", Choices(("a b", "c"))),
        ("choice(true, false)", Choices((True, False))),
    ],
)
def test_build_space(words: str, parameter: Interval | Choices) -> None:
    assert build_space({"key": words}) == {"key": parameter}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("5", "'5' is one value, and a search needs several"),
        ("interval(3, 1)", "'interval(3, 1)' is empty"),
        ("interval(1, 1)", "is empty"),
        ("range(4, 4)", "is empty"),
        ("range(4, 1, -1)", "is empty"),
        ("tag(log, interval(0, 1))", "has a log scale, which begins above 0; got 0.0"),
        ("tag(log, range(1, 4))", "cannot have a log scale"),
        ("tag(lg, interval(1, 2))", "has the tag 'lg'; the only one is log"),
        ("intervall(1, 2)", "is not understood (Unknown function 'intervall')"),
        ("choice(a)", "needs two different values at least"),
        ("choice(1, 1)", "needs two different values at least"),
        ("choice([1], [2])", "holds a list or a dictionary"),
    ],
)
def test_build_space__not_a_space(words: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_space({"optimizer.lr": words})
    assert caught.value.problems[0].startswith("sweep.space.optimizer.lr: ")
    assert message in caught.value.problems[0]


def test_build_space__names_every_problem() -> None:
    with pytest.raises(ConfigError) as caught:
        build_space({"a": "5", "b": "interval(1, 0)"})
    assert len(caught.value.problems) == 2


def test_sort_words() -> None:
    words = ["sweep=head", "sweep.trials=5", "model=resnet18", "optimizer.lr=interval(0.1, 1)", "+x.y=1"]
    sorted_words = sort_words(words)
    assert sorted_words.sweep == ("sweep=head", "sweep.trials=5")
    assert sorted_words.fixed == ("model=resnet18", "+x.y=1")
    assert sorted_words.searched == {"optimizer.lr": "interval(0.1, 1)"}


def test_sort_words__the_last_one_counts() -> None:
    words = sort_words(["seed=1", "optimizer.lr=0.1", "optimizer.lr=interval(0.1, 1)", "seed=2"])
    assert (words.fixed, words.searched) == (("seed=2",), {"optimizer.lr": "interval(0.1, 1)"})
    assert sort_words(["seed=1,2", "seed=3"]).searched == {}


def test_sort_words__as_help_shows_a_space() -> None:
    words = sort_words(
        ["optimizer.lr=0.1", "sweep.space.optimizer.lr=interval(0.1, 1)", "+sweep.space.a='choice(1, 2)'"]
    )
    assert words == ((), (), {"optimizer.lr": "interval(0.1, 1)", "a": "choice(1, 2)"})
    with pytest.raises(ConfigError, match=r"sweep\.space\.optimizer\.lr: '0\.1' is one value"):
        build_space(sort_words(["sweep.space.optimizer.lr=0.1"]).searched)


def test_sort_words__not_a_word() -> None:
    with pytest.raises(ConfigError, match="model: not KEY=VALUE"):
        sort_words(["model"])
