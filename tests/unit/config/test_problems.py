import pytest

from binrecon.config.problems import find_problems
from binrecon.config.spelling import did_you_mean

OPTIMIZERS = "adam, adamw, sgd, sgdr"


@pytest.mark.parametrize(
    ("overrides", "problems"),
    [
        (["optimizer=adam"], []),
        (["optimizer=adagrad"], [f"optimizer=adagrad: no such option; allowed are {OPTIMIZERS}"]),
        (
            ["optimizer=sgd,adamm"],
            [f"optimizer=adamm: no such option; allowed are {OPTIMIZERS}. Did you mean 'adam'?"],
        ),
        (
            ["optimizer.lrr=1"],
            [
                "optimizer.lrr: unknown key; allowed are lr, weight_decay, decays_biases, beta1, beta2, schedule, warmup_epochs. Did you mean 'lr'?"
            ],
        ),
        (
            ["optimizer=sgdr", "optimizer.beta1=0.8"],
            [
                "optimizer.beta1: unknown key; allowed are lr, weight_decay, momentum, first_cycle_epochs, "
                "cycle_mult, min_lr"
            ],
        ),
        (
            ["optimizer.lr=abc"],
            ["optimizer.lr: Value 'abc' of type 'str' could not be converted to Float"],
        ),
        (
            ["model.dropout=0.3"],
            ["model.dropout: unknown key; allowed are backbone, weights, pooling"],
        ),
        (
            ["head=mpl"],
            ["head=mpl: no such option; allowed are coral, corn, linear, mlp. Did you mean 'mlp'?"],
        ),
        (["optimizer"], ["optimizer: not KEY=VALUE (missing EQUAL at '<EOF>')"]),
    ],
)
def test_find_problems(overrides: list[str], problems: list[str]) -> None:
    assert find_problems("train", overrides) == problems


def test_find_problems__all_of_them() -> None:
    problems = find_problems("train", ["sedd=1", "model=resnet5", "optimizer.lr=abc"])
    assert [problem.partition(":")[0] for problem in problems] == ["model=resnet5", "sedd", "optimizer.lr"]
    assert problems[1].endswith("Did you mean 'seed'?")


def test_find_problems__recipe_values_of_another_optimizer() -> None:
    problems = find_problems("train", ["experiment=quickstart", "optimizer=sgdr", "optimizer.beta1=0.5"])
    assert len(problems) == 1
    assert problems[0].startswith("optimizer.beta1: unknown key")


def test_did_you_mean() -> None:
    assert did_you_mean("resnet5", ["resnet50", "timm"]) == ". Did you mean 'resnet50'?"
    assert did_you_mean("xyz", ["resnet50", "timm"]) == ""
