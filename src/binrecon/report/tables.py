"""Metrics as tables for a terminal or a pipe of 80 columns."""

import math
from collections.abc import Mapping

from rich.table import Table

from binrecon.config.metric_names import DECODED_METRICS, LOGGED_METRICS, name_decoded
from binrecon.metrics.functional import CountTally, count_accuracy, count_f1
from binrecon.report.text import add_arrow, build_table, write_score, write_share


def metrics_table(columns: Mapping[str, Mapping[str, float]], title: str) -> Table:
    """Build a table of metrics: one row for each, with an arrow to its better direction.

    Args:
        columns: Heading of each column, for instance `this run`, to its metrics by name, without a split. A
            metric that a column lacks is shown as one without a value.
        title: Name of the scored bins, for instance `test, 3,604 bins`.

    Raises:
        ValueError: If a metric is not one that `config.metric_names` declares.
    """
    names = {name for metrics in columns.values() for name in metrics}
    unknown = sorted(names - set(LOGGED_METRICS))
    if unknown:
        raise ValueError(f"columns: {unknown} are not metrics; metrics are {', '.join(LOGGED_METRICS)}")
    table = build_table(title)
    table.add_column("metric", no_wrap=True)
    for heading in columns:
        table.add_column(heading, justify="right")
    for name in LOGGED_METRICS:
        if name in names:
            values = (write_score(name, metrics.get(name, math.nan)) for metrics in columns.values())
            table.add_row(add_arrow(name), *values)
    return table


def per_count_table(tally: CountTally, min_count: int, title: str) -> Table:
    """Build a table of bins, accuracy and F1 by recorded count."""
    table = build_table(title)
    for heading in ("recorded count", "bins", "accuracy", "F1"):
        table.add_column(heading, justify="right")
    bins, accuracies, f1s = tally.confusion.sum(dim=1), count_accuracy(tally), count_f1(tally)
    rows = zip(bins.tolist(), accuracies.tolist(), f1s.tolist(), strict=True)
    for count, (size, accuracy, f1) in enumerate(rows, start=min_count):
        table.add_row(str(count), f"{size:,.0f}", write_share(accuracy), write_share(f1))
    return table


def decodings_table(metrics: Mapping[str, float], title: str) -> Table:
    """Build a table of the metrics of each decoding of a distribution to a count.

    Args:
        metrics: Metrics of one set of bins by name, without a split.
        title: Name of the scored bins.
    """
    table = build_table(title)
    table.add_column("count", no_wrap=True)
    for metric in DECODED_METRICS:
        table.add_column(add_arrow(metric), justify="right")
    for decoding, names in name_decoded().items():
        table.add_row(decoding, *(write_score(name, metrics[name]) for name in names.values()))
    return table
