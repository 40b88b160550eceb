import pytest

from binrecon.config.metric_names import (
    DECODED_METRICS,
    DECODINGS,
    LOGGED_METRICS,
    MAIN_METRICS,
    METRIC_MEANINGS,
    monitor_mode,
    monitor_names,
    name_decoded,
)
from binrecon.errors import ConfigError
from binrecon.metrics.functional import SCORE_FUNCTIONS


def test_logged_metrics__are_what_metrics_builds_and_the_loss() -> None:
    assert [*SCORE_FUNCTIONS, "loss"] == list(LOGGED_METRICS)


def test_logged_metrics__cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        LOGGED_METRICS["rmse"] = "max"  # type: ignore[index]  # refused at run time too


def test_metric_meanings__are_one_line_each() -> None:
    assert list(METRIC_MEANINGS) == list(LOGGED_METRICS)
    assert all(meaning and "\n" not in meaning for meaning in METRIC_MEANINGS.values())


def test_name_decoded__names_what_is_logged() -> None:
    names = name_decoded()
    assert list(names) == list(DECODINGS)
    assert names["argmax"] == {metric: metric for metric in DECODED_METRICS}
    for logged in names.values():
        assert {metric: LOGGED_METRICS[name] for metric, name in logged.items()} == {
            metric: LOGGED_METRICS[metric] for metric in DECODED_METRICS
        }


def test_main_metrics__leave_out_those_of_other_decodings() -> None:
    others = {*name_decoded()["rounded_mean"].values(), *name_decoded()["median"].values()}
    assert [name for name in LOGGED_METRICS if name not in others] == list(MAIN_METRICS)
    assert len(MAIN_METRICS) + len(others) == len(LOGGED_METRICS)


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [("val/accuracy", "max"), ("val/macro_f1", "max"), ("val/within_one_accuracy", "max")]
    + [("val/accuracy_of_median", "max"), ("val/rmse_of_rounded_mean", "min"), ("val/mae_of_median", "min")]
    + [(f"val/{name}", "min") for name in ("rmse", "mae", "rmse_of_mean", "nll", "ece", "loss")],
)
def test_monitor_mode(monitor: str, mode: str) -> None:
    assert monitor_mode(monitor) == mode


@pytest.mark.parametrize("monitor", ["val/mea", "rmse", "test/rmse", "train/loss", "val/", ""])
def test_monitor_mode__unknown(monitor: str) -> None:
    with pytest.raises(ConfigError) as caught:
        monitor_mode(monitor)

    assert caught.value.problems == (
        f"monitor: '{monitor}' is not logged; logged are {', '.join(monitor_names())}",
    )
