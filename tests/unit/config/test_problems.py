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
            [
                "optimizer: got several values, sgd,adamm; run one after another with --multirun (-m), or give one",
                f"optimizer=adamm: no such option; allowed are {OPTIMIZERS}. Did you mean 'adam'?",
            ],
        ),
        (
            ["optimizer.lr=interval(0.1, 1)"],
            [
                "optimizer.lr: no end of values lies in interval(0.1, 1); search it with binrecon sweep, or list some"
            ],
        ),
        (
            ["optimizer.lrr=1"],
            [
                "optimizer.lrr: unknown key; allowed are lr, weight_decay, decays_biases, beta1, beta2. Did you mean 'lr'?"
            ],
        ),
        (
            ["optimizer=sgdr", "optimizer.beta1=0.8"],
            ["optimizer.beta1: unknown key; allowed are lr, weight_decay, decays_biases, momentum"],
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
        (
            ["source.root=Bücher"],
            [
                "source.root: the value Bücher cannot be read (ü stands in it); letters beyond "
                "ASCII, brackets, = and the like want quotes that reach Hydra: 'source.root=\"Bücher\"'"
            ],
        ),
        (
            ['source.root=a "b"é'],
            [
                'source.root: the value a "b"é cannot be read (é stands in it); letters beyond '
                'ASCII, brackets, = and the like want quotes that reach Hydra: \'source.root="a \\"b\\"é"\''
            ],
        ),
        (
            ["logger=wandb", "logger.project=a=b"],
            [
                "logger.project: the value a=b cannot be read; letters beyond ASCII, brackets, = and the like "
                "want quotes that reach Hydra: 'logger.project=\"a=b\"'"
            ],
        ),
        (["optimizer.schedule=cosine"], ["optimizer.schedule: is now called schedule; give schedule=VALUE"]),
        (
            ["optimizer=sgd", "optimizer.step_epochs=2"],
            ["optimizer.step_epochs: is now called schedule.step_epochs; give schedule.step_epochs=VALUE"],
        ),
        (
            ["schedule=of_sgd"],
            ["schedule=of_sgd: no such option; allowed are constant, cosine, step, warm_restarts"],
        ),
        (["regime=frozen", "regime.lr_groups=[]"], ["regime.lr_groups: unknown key; regime=frozen has none"]),
    ],
)
def test_find_problems(overrides: list[str], problems: list[str]) -> None:
    assert find_problems("train", overrides) == problems


def test_find_problems__all_of_them() -> None:
    problems = find_problems("train", ["sedd=1", "model=resnet5", "optimizer.lr=abc"])
    assert [problem.partition(":")[0] for problem in problems] == ["model=resnet5", "sedd", "optimizer.lr"]
    assert problems[1].endswith("Did you mean 'seed'?")


def test_find_problems__of_a_multirun() -> None:
    assert find_problems("train", ["optimizer=sgd,adam", "optimizer.lr=0.1,0.2"], is_multirun=True) == []
    problems = find_problems("train", ["optimizer=sgd,adam", "optimizer.lr=0.1,b"], is_multirun=True)
    assert problems == ["optimizer.lr: Value 'b' of type 'str' could not be converted to Float"]
    problems = find_problems("train", ["optimizer=sgd,adam", "optimizer.momentum=0.5"], is_multirun=True)
    assert problems == [
        "optimizer.momentum: with optimizer=adam, unknown key; allowed are lr, weight_decay, decays_biases, beta1, beta2"
    ]


def test_find_problems__a_setting_of_a_sweep_has_one_value() -> None:
    problems = find_problems("sweep", ["sweep=head,optimizer", "sweep.trials=interval(1, 5)"])
    assert problems == [
        "sweep: takes one value, got head,optimizer",
        "sweep.trials: takes one value, got interval(1, 5)",
    ]


def test_find_problems__recipe_values_of_another_optimizer() -> None:
    problems = find_problems("train", ["experiment=quickstart", "optimizer=sgdr", "optimizer.beta1=0.5"])
    assert len(problems) == 1
    assert problems[0].startswith("optimizer.beta1: unknown key")


def test_did_you_mean() -> None:
    assert did_you_mean("resnet5", ["resnet50", "timm"]) == ". Did you mean 'resnet50'?"
    assert did_you_mean("xyz", ["resnet50", "timm"]) == ""
