from pathlib import Path

import pytest

from binrecon.cloud.prices import Machines, cost_of, describe_limit, read_prices
from binrecon.errors import ConfigError


def test_describe_limit(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("ml.g5.xlarge: 1.5\n")
    machines = Machines("ml.g5.xlarge", per_job=2, jobs=10)
    assert describe_limit(machines, 4.0, path, is_spot=True) == (
        f"cost: at most $120.00: 10 jobs x 2 x ml.g5.xlarge for 4 h at $1.5 an hour ('{path}'); "
        "spot machines cost less; storage and requests are not counted"
    )
    assert describe_limit(Machines("ml.c5.xlarge"), 4.0, path, is_spot=False) == (
        f"cost: not known; '{path}' has no ml.c5.xlarge"
    )
    assert describe_limit(machines, 4.0, None, is_spot=False) == (
        "cost: not known; give prices=FILE, a YAML file with lines such as ml.g5.xlarge: 1.41, dollars for an hour"
    )


def test_cost_of() -> None:
    assert cost_of(Machines("a", per_job=2), 1800, {"a": 3.0}) == pytest.approx(3.0)
    assert cost_of(Machines("b"), 1800, {"a": 3.0}) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- 1", "holds no prices; give lines such as ml.g5.xlarge: 1.41"),
        ("", "holds no prices; give lines such as ml.g5.xlarge: 1.41"),
        ("a: cheap", "has a: 'cheap'; give a number, dollars for an hour, as in ml.g5.xlarge: 1.41"),
        ("a: '1.41'", "has a: '1.41'; give a number, dollars for an hour, as in ml.g5.xlarge: 1.41"),
        ("a: -1", "has a: -1; give a number, dollars for an hour, as in ml.g5.xlarge: 1.41"),
        ("a: true", "has a: True; give a number, dollars for an hour, as in ml.g5.xlarge: 1.41"),
        ("a: [", "cannot be read as YAML (while parsing a flow node)"),
    ],
)
def test_read_prices__no_prices(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_prices(path)
    assert caught.value.problems == (f"prices: '{path}' {problem}",)
