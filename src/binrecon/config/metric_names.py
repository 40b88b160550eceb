"""The metrics that a run logs as `<split>/<name>`: the only module that declares their names and directions.

`metrics` builds exactly these, except `loss`, which training knows; tables list them in this order, and
the `monitor` of a config is checked against them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from binrecon.errors import ConfigError

Mode = Literal["min", "max"]

DECODINGS: Mapping[str, str] = MappingProxyType(
    {"argmax": "", "rounded_mean": "_of_rounded_mean", "median": "_of_median"}
)
"""Each way to take a count from a distribution, with the suffix of its metrics' names.

Where probabilities are honest, the likeliest count, which is the predicted one, is right most often, the
rounded mean has the least squared error, and the median the least absolute one.
"""

DECODED_METRICS = ("accuracy", "rmse", "mae")
"""Metrics that are computed for each of these ways."""

_DECLARED: tuple[tuple[str, Mode, str], ...] = (
    ("accuracy", "max", "share of bins whose predicted count is the recorded one"),
    ("macro_f1", "max", "F1 of each count, averaged over the counts that occur"),
    ("rmse", "min", "root mean squared error of the predicted count, in items"),
    ("mae", "min", "mean absolute error of the predicted count, in items"),
    ("rmse_of_mean", "min", "root mean squared error of the mean of the predicted distribution, in items"),
    ("within_one_accuracy", "max", "share of bins whose predicted count is off by one item at most"),
    ("nll", "min", "negative log-likelihood of the recorded count, in nats"),
    ("ece", "min", "expected calibration error: mean gap between confidence and accuracy"),
    ("accuracy_of_rounded_mean", "max", "share of bins whose rounded mean is the recorded count"),
    ("rmse_of_rounded_mean", "min", "root mean squared error of the rounded mean, in items"),
    ("mae_of_rounded_mean", "min", "mean absolute error of the rounded mean, in items"),
    ("accuracy_of_median", "max", "share of bins whose median is the recorded count"),
    ("rmse_of_median", "min", "root mean squared error of the median, in items"),
    ("mae_of_median", "min", "mean absolute error of the median, in items"),
    ("loss", "min", "what training minimises, as the config weighs it"),
)

LOGGED_METRICS: Mapping[str, Mode] = MappingProxyType({name: mode for name, mode, _ in _DECLARED})
"""Name of each logged metric, without its split, to the direction in which it gets better."""

RANKING_METRICS: tuple[str, ...] = tuple(name for name in LOGGED_METRICS if name != "loss")
"""Metrics that may rank runs: all but the loss, which is on another scale for each `loss=`."""

MAIN_METRICS: tuple[str, ...] = tuple(
    name for name in LOGGED_METRICS if not name.endswith(tuple(filter(None, DECODINGS.values())))
)
"""Metrics of the predicted count and of the distribution, without those of other decodings."""

METRIC_MEANINGS: Mapping[str, str] = MappingProxyType({name: meaning for name, _, meaning in _DECLARED})
"""Name of each logged metric, without its split, to its meaning in one line."""


def name_decoded() -> dict[str, dict[str, str]]:
    """Return, for each decoding, the metrics computed for all of them, each with the name it is logged by.

    >>> name_decoded()["median"]["rmse"], name_decoded()["argmax"]["rmse"]
    ('rmse_of_median', 'rmse')
    """
    return {
        decoding: {metric: f"{metric}{ending}" for metric in DECODED_METRICS}
        for decoding, ending in DECODINGS.items()
    }


def monitor_names() -> tuple[str, ...]:
    """Return the metrics that a run may monitor: those of validation.

    Choosing by a `train` or `test` metric would bias the choice.

    >>> monitor_names()[:2]
    ('val/accuracy', 'val/macro_f1')
    """
    return tuple(f"val/{name}" for name in LOGGED_METRICS)


def monitor_mode(monitor: str) -> Mode:
    """Return the direction in which a monitored metric gets better.

    Raises:
        ConfigError: If `monitor` is not a validation metric that is logged.

    >>> monitor_mode("val/rmse")
    'min'
    """
    if monitor not in monitor_names():
        raise ConfigError([f"monitor: '{monitor}' is not logged; logged are {', '.join(monitor_names())}"])
    return LOGGED_METRICS[monitor.removeprefix("val/")]
