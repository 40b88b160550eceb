import io
import math

import pytest
import torch
from rich.console import Console
from rich.table import Table

from binrecon.metrics.baselines import majority_baseline, prior_baseline
from binrecon.metrics.functional import empty_tally, scores, tally_batch
from binrecon.report.tables import decodings_table, metrics_table, per_count_table

STARTER = [1228, 2299, 2666, 2373, 1875]


def print_table(table: Table, width: int = 80) -> list[str]:
    """Print as into a pipe, with the settings of `binrecon.console`."""
    stream = io.StringIO()
    Console(file=stream, width=width, soft_wrap=True).print(table)
    return [line.rstrip() for line in stream.getvalue().splitlines() if line.strip()]


def test_metrics_table() -> None:
    columns = {
        "this run": {"rmse": 0.9013, "accuracy": 0.5593, "loss": 1.25},
        "majority (3)": {"rmse": 1.3547, "accuracy": 0.2484, "nll": math.nan},
    }

    assert [line.split() for line in print_table(metrics_table(columns, "test, 36,000 bins"))] == [
        ["test,", "36,000", "bins"],
        ["metric", "this", "run", "majority", "(3)"],
        ["─" * 38],
        ["accuracy", "↑", "55.9", "%", "24.8", "%"],
        ["rmse", "↓", "0.901", "1.355"],
        ["nll", "↓", "–", "–"],
        ["loss", "↓", "1.250", "–"],
    ]


def test_metrics_table__fits_80_columns() -> None:
    majority = majority_baseline(STARTER, STARTER, 1)
    prior = prior_baseline(STARTER, STARTER, 1)
    columns = {"this run": prior, "majority (3)": majority, "prior": prior, "published": prior}

    lines = print_table(metrics_table(columns, "test"))

    assert len(lines) == 3 + len(prior)
    assert max(len(line) for line in lines) <= 80
    assert any("within_one_accuracy ↑" in line for line in lines)


def test_metrics_table__unknown_metric() -> None:
    with pytest.raises(ValueError, match=r"columns: \['val/rmse'\] are not metrics; metrics are accuracy, "):
        metrics_table({"this run": {"val/rmse": 1.0}}, "test")


def test_decodings_table() -> None:
    """Of the recorded count 4, the likeliest is 4 off, the rounded mean 2, and the median 3."""
    tally = tally_batch(torch.tensor([[0.4, 0.15, 0.05, 0.25, 0.15]]).log(), torch.tensor([4]), 0)

    lines = [line.split() for line in print_table(decodings_table(scores(tally), "test, by the count"))]

    assert lines[0] == ["test,", "by", "the", "count"]
    assert lines[1] == ["count", "accuracy", "↑", "rmse", "↓", "mae", "↓"]
    assert lines[3:] == [
        ["argmax", "0.0", "%", "4.000", "4.000"],
        ["rounded_mean", "0.0", "%", "2.000", "2.000"],
        ["median", "0.0", "%", "3.000", "3.000"],
    ]


def test_per_count_table() -> None:
    # Count 1 is always right; of two bins with 2 items one is answered 1; no bin has 3 items.
    tally = tally_batch(torch.eye(3)[[0, 0, 1]] * 9, torch.tensor([1, 2, 2]), min_count=1)

    lines = [line.split() for line in print_table(per_count_table(tally, 1, "test, by recorded count"))]

    assert lines[1] == ["recorded", "count", "bins", "accuracy", "F1"]
    assert lines[3:] == [
        ["1", "1", "100.0", "%", "66.7", "%"],
        ["2", "2", "50.0", "%", "66.7", "%"],
        ["3", "0", "–", "–"],
    ]


def test_per_count_table__no_bins() -> None:
    lines = [line.split() for line in print_table(per_count_table(empty_tally(2), 0, "test"))]

    assert lines[3:] == [["0", "0", "–", "–"], ["1", "0", "–", "–"]]
