import pytest

from binrecon.config.compose import compose_config
from binrecon.config.evaluation import EvaluationConfig
from binrecon.config.validate import validate
from binrecon.errors import ConfigError


def test_evaluate__values_of_the_file_are_those_of_the_schema() -> None:
    composed = compose_config("evaluate", ["checkpoint=."])
    assert EvaluationConfig(**composed.evaluation) == EvaluationConfig()
    validate(composed)


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("evaluation.rates=[0.01,0.7]", "evaluation.rates: must be above 0 and at most 0.5, got 0.7"),
        ("evaluation.budgets=[]", "evaluation.budgets: empty; give for instance [0.005,0.01]"),
        ("evaluation.budgets=[0.0]", "evaluation.budgets: must be above 0 and at most 1, got 0.0"),
        ("evaluation.coverages=[1.0]", "evaluation.coverages: must be above 0 and below 1, got 1.0"),
        ("evaluation.draws=0", "evaluation.draws: must be at least 1, got 0"),
        ("evaluation.resamples=99", "evaluation.resamples: must be at least 100, got 99"),
        ("record_errors.swap=-1", "record_errors.swap: must be a finite number of at least 0, got -1.0"),
        (
            "record_errors.rate=0.2",
            "record_errors.rate: --evaluate makes as many records wrong as evaluation.rates says, and the ranking "
            "knows it; say evaluation.rates=[0.2]",
        ),
        (
            "checkpoint=nowhere",
            "checkpoint: 'nowhere' is not a folder; give that of a run, as `binrecon train` printed it at its end",
        ),
    ],
)
def test_evaluate__what_is_wrong(word: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(compose_config("evaluate", ["checkpoint=.", word]))
    assert caught.value.problems == (problem,)
