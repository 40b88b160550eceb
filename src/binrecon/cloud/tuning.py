"""SageMaker's own search, from the options of `binrecon sweep`."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from binrecon.cloud.metric_lines import METRICS
from binrecon.cloud.plan import LaunchPlan
from binrecon.cloud.request import build_definition, build_parameters, build_tags
from binrecon.cloud.words import encode_value
from binrecon.config.metric_names import monitor_mode
from binrecon.config.search_space import Choices, Interval, Parameter, SearchSpace
from binrecon.config.trials import write_word
from binrecon.errors import ConfigError
from binrecon.sweep.plan import Plan as SweepPlan

MAX_TUNING_NAME = 32
"""Characters of the name of a tuning job."""

MAX_CHOICES = 30
"""Values of a categorical range."""

_STRATEGIES = {"gp": "Bayesian", "random": "Random", "grid": "Grid"}
"""Value of `sweep.sampler` to SageMaker's name; it has no tpe and no cmaes."""

_EARLY_STOPPING = {"median": "Auto", "none": "Off"}
"""Value of `sweep.pruner` to SageMaker's name; `Auto` is its rule of medians."""

_UNDERSTOOD = ("sweep", "sweep.trials", "sweep.objectives", "sweep.sampler", "sweep.pruner", "sweep.seed")
"""Settings of a sweep that SageMaker has too."""

Ranges = dict[str, list[dict[str, Any]]]
"""Kind of range to ranges, as SageMaker takes them."""


def build_tuning_request(plan: LaunchPlan, search: SweepPlan, name: str, code: str) -> dict[str, Any]:
    """Build what `CreateHyperParameterTuningJob` takes.

    Args:
        plan: What was asked for.
        search: The search space.
        name: Of the tuning job.
        code: Address of the archive.

    Raises:
        ConfigError: With everything of the search that SageMaker cannot do.
    """
    problems = [*_find_problems(plan, search, name)]
    try:
        ranges = build_ranges(search.space)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    definition = {
        **build_definition(plan, name, code),
        "StaticHyperParameters": build_parameters(plan, code),
    }
    if not plan.cloud.is_spot:
        del definition["CheckpointConfig"]  # every job would first copy those of all others
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": _build_config(plan, search, ranges),
        "TrainingJobDefinition": definition,
        "Tags": build_tags(plan.cloud, name),
    }


def _build_config(plan: LaunchPlan, search: SweepPlan, ranges: Ranges) -> dict[str, Any]:
    settings, strategy = search.settings, find_strategy(search)
    jobs = count_jobs(search)
    limits = {
        "MaxNumberOfTrainingJobs": jobs,
        "MaxParallelTrainingJobs": min(plan.cloud.parallel_jobs, jobs),  # more than there are is refused
    }
    if strategy == "Grid":
        del limits["MaxNumberOfTrainingJobs"]  # SageMaker counts the combinations itself
    return {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": _build_objective(settings.objectives[0]),
        "ResourceLimits": limits,
        "ParameterRanges": ranges,
        "TrainingJobEarlyStoppingType": _EARLY_STOPPING[settings.pruner],
        "RandomSeed": settings.seed,
    }


def find_strategy(search: SweepPlan) -> str:
    """Return SageMaker's name for the sampler; `Bayesian` where none was asked for."""
    return _STRATEGIES.get(search.settings.sampler, "Bayesian")


def count_jobs(search: SweepPlan) -> int:
    """Return how many jobs a search makes at most: of a grid all combinations, whatever `sweep.trials` is."""
    if find_strategy(search) != "Grid":
        return search.settings.trials or 1
    parameters = search.space.values()
    return math.prod(len(parameter.values) for parameter in parameters if isinstance(parameter, Choices))


def describe_search(search: SweepPlan) -> Iterator[str]:
    """Yield a line for everything that SageMaker's search does otherwise than `binrecon sweep`."""
    if search.settings.sampler not in _STRATEGIES:
        yield f"strategy: SageMaker's Bayesian search, since it has no {search.settings.sampler}"
    yield "the best job is chosen by its validation bins alone; train it with other seeds before you quote it"


def build_ranges(space: SearchSpace) -> Ranges:
    """Turn a search space into SageMaker's ranges.

    Raises:
        ConfigError: With every key whose values SageMaker has no range for.

    >>> build_ranges({"optimizer.lr": Interval(1e-4, 0.1, is_log=True)})["ContinuousParameterRanges"]
    [{'Name': 'optimizer.lr', 'MinValue': '0.0001', 'MaxValue': '0.1', 'ScalingType': 'Logarithmic'}]
    """
    ranges: Ranges = {
        "ContinuousParameterRanges": [],
        "IntegerParameterRanges": [],
        "CategoricalParameterRanges": [],
    }
    problems = []
    for key, parameter in space.items():
        try:
            kind, built = _build_range(key, parameter)
        except ValueError as error:
            problems.append(f"sweep.space.{key}: {error}")
        else:
            ranges[kind].append(built)
    if problems:
        raise ConfigError(problems)
    return {kind: built for kind, built in ranges.items() if built}


def _build_range(key: str, parameter: Parameter) -> tuple[str, dict[str, Any]]:
    if isinstance(parameter, Choices):
        if len(parameter.values) > MAX_CHOICES:
            raise ValueError(f"{len(parameter.values)} values, and SageMaker takes {MAX_CHOICES}; give fewer")
        values = [encode_value(write_word(key, value).partition("=")[2]) for value in parameter.values]
        return "CategoricalParameterRanges", {"Name": key, "Values": values}
    if parameter.step not in (None, 1):
        raise ValueError("SageMaker has no steps; give the values as choice(A, B, ...), or an interval")
    is_whole = parameter.is_integer
    kind = "IntegerParameterRanges" if is_whole else "ContinuousParameterRanges"
    low, high = (str((int if is_whole else float)(bound)) for bound in (parameter.low, parameter.high))
    return kind, {
        "Name": key,
        "MinValue": low,
        "MaxValue": high,
        "ScalingType": "Logarithmic" if parameter.is_log else "Linear",
    }


def _build_objective(objective: str) -> Mapping[str, str]:
    kind = "Minimize" if monitor_mode(objective) == "min" else "Maximize"
    return {"Type": kind, "MetricName": objective}


def _find_problems(plan: LaunchPlan, search: SweepPlan, name: str) -> Iterator[str]:
    """Yield what SageMaker has not, of what was asked for."""
    settings = search.settings
    given = {word.partition("=")[0].lstrip("+") for word in plan.search_words}
    for key in sorted(given - set(_UNDERSTOOD)):
        if key.startswith("sweep.") and not key.startswith("sweep.space."):
            yield f"{key}: belongs to binrecon sweep; SageMaker's tuning job has nothing of the kind"
    if "sweep.sampler" in given and settings.sampler not in _STRATEGIES:
        yield f"sweep.sampler: SageMaker has {', '.join(_STRATEGIES)}, got {settings.sampler}"
    if settings.pruner not in _EARLY_STOPPING:
        yield f"sweep.pruner: SageMaker has {', '.join(_EARLY_STOPPING)}, got {settings.pruner}"
    if len(settings.objectives) > 1:
        yield f"sweep.objectives: SageMaker searches for one, got {', '.join(settings.objectives)}"
    if find_strategy(search) == "Grid":
        yield from _find_uncountable(search.space)
        if "sweep.trials" in given:
            yield "sweep.trials: a grid in SageMaker is all combinations; leave it out, or give fewer values"
    if len(name) > MAX_TUNING_NAME:
        yield f"job: '{name}' has {len(name)} characters, and a tuning job has {MAX_TUNING_NAME} at most"
    assert set(settings.objectives) <= set(METRICS)  # noqa: S101  # both are of one table


def _find_uncountable(space: SearchSpace) -> Iterator[str]:
    for key, parameter in space.items():
        if isinstance(parameter, Interval):
            yield (
                f"sweep.space.{key}: a grid in SageMaker takes choice(A, B, ...) alone; give some values, or "
                "leave it out (sweep=settings has no space of its own)"
            )
