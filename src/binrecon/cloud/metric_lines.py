"""The lines of a job's log that CloudWatch reads metrics from: how they are written and found."""

import math
from collections.abc import Iterator, Mapping

from binrecon.config.metric_names import LOGGED_METRICS

_TESTED = tuple(name for name in LOGGED_METRICS if name != "loss")

METRICS: tuple[str, ...] = (
    "train/loss",
    *(f"val/{name}" for name in LOGGED_METRICS),
    *(f"test/{name}" for name in _TESTED),
)
"""Metrics in CloudWatch: the training loss, and all of validation and test. SageMaker takes 40 of them."""


def describe_metrics() -> list[dict[str, str]]:
    """Return the metric definitions of a job."""
    return [{"Name": name, "Regex": rf"(?:^|\s){name}=(-?[0-9][0-9.e+-]*)"} for name in METRICS]


def write_epoch(row: Mapping[str, float]) -> str:
    """Write the line for an epoch.

    >>> write_epoch({"epoch": 3, "lr": 0.1, "train/loss": 1.5, "val/nll": 1.25, "val/ece": float("nan")})
    'metrics epoch=3 train/loss=1.5 val/nll=1.25'
    """
    return " ".join([f"metrics epoch={row['epoch']:.0f}", *_pairs(row)])


def write_result(metrics: Mapping[str, float]) -> str:
    """Write the last line, of the best epoch and of the test: a tuning job scores by a metric's last value.

    >>> write_result({"val/nll": 1.25, "test/accuracy": 0.5})
    'metrics result val/nll=1.25 test/accuracy=0.5'
    """
    return " ".join(["metrics result", *_pairs(metrics)])


def _pairs(metrics: Mapping[str, float]) -> Iterator[str]:
    for name in METRICS:
        if (value := metrics.get(name)) is not None and math.isfinite(value):
            yield f"{name}={value:.6g}"
