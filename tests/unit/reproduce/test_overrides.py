import pytest

from binrecon.errors import ConfigError
from binrecon.reproduce.overrides import SplitOverrides, split_overrides


def test_split_overrides() -> None:
    words = ["rows=[a,b]", "trainer=gpu", "seeds=2", "--estimate", "seed=5", "data.image_size=64"]
    assert split_overrides(words) == SplitOverrides(
        own=("rows=[a,b]", "seeds=2", "estimate=true"), train=("trainer=gpu", "seed=5", "data.image_size=64")
    )


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("experiment=stanford/resnet18_sgd", "experiment: is the recipe of each row; choose rows=[NAME,...]"),
        ("resume=outputs/run", "resume: is not needed: the same command resumes where it stopped"),
        ("hydra.run.dir=x", "hydra.run.dir: belongs to a run, not to a reproduction"),
        ("--rehears", "--rehears: no flag of reproduce; flags are --rehearse, --estimate. Did you mean '--rehearse'?"),
        ("optimizer.lr=0.1,0.2", "optimizer.lr: has several values, but an override holds for every run; give one of them"),
        ("row=[a]", "row: neither a setting of reproduce (rows, seeds, rehearse, estimate, estimate_s) nor a key of train. Did you mean 'rows'?"),
    ],
)  # fmt: skip
def test_split_overrides__refused(word: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        split_overrides(["seeds=2", word])
    assert caught.value.problems == (problem,)


def test_split_overrides__every_problem_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        split_overrides(["resume=x", "what", "-m"])
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["resume", "what", "-m"]
