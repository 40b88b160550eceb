import pytest

from binrecon.config.explain import explain
from binrecon.config.trials import compose_checked
from binrecon.errors import ConfigError

SOURCE = "source=synthetic"


@pytest.mark.parametrize(
    ("overrides", "keys"),
    [
        (["optimizer.lrr=1", "optimizer.lr=-1"], ["optimizer.lrr", "optimizer.lr"]),
        (["model=timm", "optimizer.lr=-1"], ["model.backbone", "optimizer.lr"]),
        (
            ["sedd=1", "model=resnet5", "optimizer.lr=abc", "data.batch_size=0", "+data.foo=1"],
            ["model=resnet5", "sedd", "optimizer.lr", "data.foo", "data.batch_size"],
        ),
        (["optimizer.lr=${oc.env:NOPE}", "seed=-1"], ["optimizer.lr", "seed"]),
        (["data.tta", "seed=-1"], ["data.tta", "seed"]),
        (["source=sythetic", "source.bin_count=0"], ["source=sythetic", "source.bin_count"]),
    ],
)
def test_compose_checked__problems_of_every_kind_in_one_pass(overrides: list[str], keys: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        compose_checked("train", [SOURCE, *overrides])
    assert [problem.partition(":")[0] for problem in caught.value.problems] == keys


@pytest.mark.parametrize(
    "overrides", [["head=corm", "loss=corn"], ["head=xyz", "loss=corn", "head.hidden_width=3"], ["source=x"]]
)
def test_explain__no_problem_of_what_stands_in(overrides: list[str]) -> None:
    assert len(explain("train", [SOURCE, *overrides])) == 1


def test_explain__settings_of_another_verb() -> None:
    assert [problem.partition(":")[0] for problem in explain("show", ["photo=1", "photos=0"])] == [
        "photo",
        "photos",
    ]
