from collections.abc import Callable
from typing import Any

import pytest

from binrecon.cloud.plan import LaunchPlan
from binrecon.cloud.tuning import build_ranges, build_tuning_request, count_jobs, describe_search
from binrecon.cloud.words import decode_words
from binrecon.config.search_space import Choices, build_space
from binrecon.errors import ConfigError

Planner = Callable[..., LaunchPlan]


def build(plan: Planner, *words: str, name: str = "binrecon-1") -> dict[str, Any]:
    planned = plan(*words)
    assert planned.search is not None
    return build_tuning_request(planned, planned.search, name, "s3://bkt/code")


def test_build_ranges__every_kind() -> None:
    space = build_space(
        {
            "optimizer": "sgd,adam",
            "optimizer.lr": "tag(log, interval(1e-5, 1e-1))",
            "head.dropout": "interval(0, 0.5)",
            "head.hidden_width": "int(interval(16, 512))",
            "data.horizontal_flip": "choice(true, false)",
            "trainer.accumulate": "range(1, 5)",
        }
    )
    assert build_ranges(space) == {
        "ContinuousParameterRanges": [
            {"Name": "head.dropout", "MinValue": "0.0", "MaxValue": "0.5", "ScalingType": "Linear"},
            {"Name": "optimizer.lr", "MinValue": "1e-05", "MaxValue": "0.1", "ScalingType": "Logarithmic"},
        ],
        "IntegerParameterRanges": [
            {"Name": "head.hidden_width", "MinValue": "16", "MaxValue": "512", "ScalingType": "Linear"},
            {"Name": "trainer.accumulate", "MinValue": "1", "MaxValue": "4", "ScalingType": "Linear"},
        ],
        "CategoricalParameterRanges": [
            {"Name": "data.horizontal_flip", "Values": ["true", "false"]},
            {"Name": "optimizer", "Values": ["sgd", "adam"]},
        ],
    }


def test_build_ranges__choices_come_back_as_words() -> None:
    ranges = build_ranges({"model.weights": Choices(("a b", "imagenet"))})
    first = ranges["CategoricalParameterRanges"][0]["Values"][0]
    assert decode_words({"model.weights": first}) == ["model.weights='a b'"]


def test_build_ranges__not_to_be_had() -> None:
    with pytest.raises(ConfigError) as caught:
        build_ranges({**build_space({"a": "range(0, 1, 0.1)"}), "b": Choices(tuple(range(31)))})
    assert caught.value.problems == (
        "sweep.space.a: SageMaker has no steps; give the values as choice(A, B, ...), or an interval",
        "sweep.space.b: 31 values, and SageMaker takes 30; give fewer",
    )


def test_build_tuning_request__settings(plan: Planner) -> None:
    config = build(
        plan,
        "sweep=head",
        "sweep.trials=9",
        "sweep.seed=4",
        "sweep.pruner=none",
        "sweep.objectives=[val/accuracy]",
    )["HyperParameterTuningJobConfig"]
    assert config["Strategy"] == "Bayesian"
    assert config["RandomSeed"] == 4
    assert config["TrainingJobEarlyStoppingType"] == "Off"
    assert config["HyperParameterTuningJobObjective"] == {"Type": "Maximize", "MetricName": "val/accuracy"}


def test_build_tuning_request__a_grid(plan: Planner) -> None:
    words = (
        "sweep=settings",
        "sweep.sampler=grid",
        "seed=0",
        "head.dropout=0.0,0.5",
        "optimizer=sgd,adam,adamw",
    )
    config = build(plan, *words)["HyperParameterTuningJobConfig"]
    assert config["ResourceLimits"] == {"MaxParallelTrainingJobs": 2}
    search = plan(*words).search
    assert search is not None
    assert count_jobs(search) == 6


def test_build_tuning_request__no_more_jobs_at_a_time_than_there_are(plan: Planner) -> None:
    words = ("sweep=settings", "head.dropout=0.1,0.2,0.3")
    for more, at_once in (("sweep.trials=1", 1), ("sweep.trials=9", 2), ("sweep.sampler=grid", 2)):
        limits = build(plan, *words, more)["HyperParameterTuningJobConfig"]["ResourceLimits"]
        assert limits["MaxParallelTrainingJobs"] == at_once


def test_count_jobs__of_no_grid(plan: Planner) -> None:
    search = plan("sweep=head", "sweep.trials=7").search
    assert search is not None
    assert count_jobs(search) == 7


def test_build_tuning_request__a_grid_of_so_many_trials(plan: Planner) -> None:
    with pytest.raises(ConfigError) as caught:
        build(plan, "sweep=settings", "sweep.sampler=grid", "sweep.trials=3", "head.dropout=0.0,0.5")
    assert caught.value.problems == (
        "sweep.trials: a grid in SageMaker is all combinations; leave it out, or give fewer values",
    )


def test_describe_search__says_what_is_otherwise(plan: Planner) -> None:
    planned = plan("sweep=head")
    assert planned.search is not None
    assert next(iter(describe_search(planned.search))) == (
        "strategy: SageMaker's Bayesian search, since it has no tpe"
    )


def test_build_tuning_request__what_sagemaker_has_not(plan: Planner) -> None:
    with pytest.raises(ConfigError) as caught:
        build(
            plan, "sweep=head", "sweep.sampler=tpe", "sweep.pruner=hyperband", "sweep.at_once=3",
            "sweep.objectives=[val/accuracy,val/rmse]", name="binrecon-with-a-name-that-is-too-long",
        )  # fmt: skip
    assert caught.value.problems == (
        "sweep.at_once: belongs to binrecon sweep; SageMaker's tuning job has nothing of the kind",
        "sweep.sampler: SageMaker has gp, random, grid, got tpe",
        "sweep.pruner: SageMaker has median, none, got hyperband",
        "sweep.objectives: SageMaker searches for one, got val/accuracy, val/rmse",
        "job: 'binrecon-with-a-name-that-is-too-long' has 37 characters, and a tuning job has 32 at most",
    )


def test_build_tuning_request__a_grid_of_intervals(plan: Planner) -> None:
    with pytest.raises(ConfigError) as caught:
        build(plan, "sweep=settings", "sweep.sampler=grid", "optimizer.lr=interval(0.1, 1)")
    assert caught.value.problems == (
        "sweep.space.optimizer.lr: a grid in SageMaker takes choice(A, B, ...) alone; give some values, or leave it "
        "out (sweep=settings has no space of its own)",
    )
