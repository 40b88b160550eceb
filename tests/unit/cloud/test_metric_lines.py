import re

import pytest

from binrecon.cloud.metric_lines import METRICS, describe_metrics, write_epoch, write_result

PRINTED_BY_A_TRAINING = (
    "epoch 2/15  train/loss 1.7728  val/loss 1.8028  val/accuracy 0.0625  val/rmse 2.3848  190 photos/s  eta 0 s",
    "  accuracy ↑                16.0 %         16.0 %   16.0 %  ",
    "python train.py source.root=DIR monitor=val/loss optimizer.lr=0.1",
)


@pytest.mark.parametrize("value", [0.0, 1.5, 123456.0, 1e-12, 3.5e20, -0.25])
def test_describe_metrics__find_what_is_written(value: float) -> None:
    values = {name: value + place for place, name in enumerate(METRICS)}
    line = write_result(values)
    for item in describe_metrics():
        assert [float(found) for found in re.findall(item["Regex"], line)] == [
            pytest.approx(values[item["Name"]], rel=1e-5)
        ]


def test_describe_metrics__find_nothing_else() -> None:
    """Neither what a training prints besides, nor a metric whose name another one ends in."""
    for item in describe_metrics():
        assert [re.findall(item["Regex"], line) for line in PRINTED_BY_A_TRAINING] == [[], [], []]
    line = write_epoch({"epoch": 1, "val/accuracy_of_median": 0.5})
    found = {item["Name"] for item in describe_metrics() if re.search(item["Regex"], line)}
    assert found == {"val/accuracy_of_median"}
