"""Hydra's words for several values, as a search space."""

import pytest

from binrecon.config.problems import parse_word
from binrecon.config.search_space import (
    Choices,
    Interval,
    build_space,
    check_space,
    compose_trial,
    sort_words,
    write_word,
    write_words,
)
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


def test_write_words__groups_first() -> None:
    values = {"optimizer.lr": 1e-05, "optimizer": "sgd", "data.horizontal_flip": True}
    assert write_words(values) == ["optimizer=sgd", "data.horizontal_flip=true", "optimizer.lr=1e-05"]


@pytest.mark.parametrize("value", ["it's a/b c.pth", "Bücher", "imagenet", "[a, b]", "back\\slash", ""])
def test_write_word__is_read_back(value: str) -> None:
    assert parse_word(write_word("model.weights", value)).value() == value


def test_compose_trial__sets_groups_and_keys() -> None:
    config = compose_trial(["source=synthetic"], {"optimizer": "sgd", "optimizer.lr": 0.25})
    assert (config.optimizer.name, config.optimizer.lr) == ("sgd", 0.25)
    again = compose_trial(["source=synthetic"], {"optimizer": "sgd"})
    assert again.optimizer.lr != 0.25  # what was set before is not kept


def test_check_space__names_unknown_keys_and_options() -> None:
    space = build_space({"optimizer.lrr": "interval(0.1, 1)", "optimizer": "choice(adam, adm)"})
    with pytest.raises(ConfigError) as caught:
        check_space(["source=synthetic"], space)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "optimizer.lrr",
        "optimizer=adm",
    ]
    assert "Did you mean 'lr'?" in caught.value.problems[0]


def test_check_space__looks_at_both_bounds() -> None:
    space = build_space({"optimizer.lr": "interval(-1, 1)", "head.dropout": "interval(0, 1)"})
    with pytest.raises(ConfigError) as caught:
        check_space(["source=synthetic"], space)
    assert caught.value.problems == (
        "optimizer.lr: must be above 0, got -1.0",
        "head.dropout: must be at least 0 and below 1, got 1.0",
    )


def test_check_space__a_head_that_the_loss_does_not_go_with() -> None:
    space = build_space({"head": "choice(linear, mlp, corn)"})
    with pytest.raises(ConfigError) as caught:
        check_space(["source=synthetic", "loss=cumulative"], space)
    assert caught.value.problems == ("loss: cumulative does not go with head=corn; use loss=corn",)


def test_check_space__a_key_that_one_choice_lacks() -> None:
    space = build_space({"optimizer": "choice(sgd, adam)", "optimizer.momentum": "interval(0.5, 0.9)"})
    with pytest.raises(ConfigError, match=r"optimizer\.momentum: unknown key"):
        check_space(["source=synthetic"], space)
