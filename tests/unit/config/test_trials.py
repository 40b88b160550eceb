import pytest

from binrecon.config.problems import parse_word
from binrecon.config.search_space import build_space
from binrecon.config.trials import check_space, compose_trial, write_word, write_words
from binrecon.errors import ConfigError


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
