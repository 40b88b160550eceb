"""Cost of a job, from prices that the user gives: they differ and change, so binrecon ships none."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from binrecon.errors import ConfigError
from binrecon.regular_file import read_regular

_MAX_BYTES = 10_000_000


class Machines(NamedTuple):
    """Machines that are paid for.

    Attributes:
        instance_type: Machine.
        per_job: Machines of a job.
        jobs: Jobs.
    """

    instance_type: str
    per_job: int = 1
    jobs: int = 1


def read_prices(path: Path) -> dict[str, float]:
    """Read dollars for an hour of each machine.

    Raises:
        ConfigError: If the file holds anything else.
    """
    try:
        content = yaml.safe_load(read_regular(path, _MAX_BYTES).decode("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(
            [f"prices: '{path}' cannot be read as YAML ({str(error).splitlines()[0]})"]
        ) from error
    if not isinstance(content, Mapping) or not content:
        raise ConfigError([f"prices: '{path}' holds no prices; give lines such as ml.g5.xlarge: 1.41"])
    wrong = [
        f"prices: '{path}' has {name}: {price!r}; give a number, dollars for an hour, as in "
        "ml.g5.xlarge: 1.41"
        for name, price in content.items()
        if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < float("inf")
    ]
    if wrong:
        raise ConfigError(wrong)
    return {str(name): float(price) for name, price in content.items()}


def describe_limit(machines: Machines, hours: float, path: Path | None, is_spot: bool) -> str:
    """Describe in a line the maximum cost of jobs, if each trains as long as it may.

    Raises:
        ConfigError: If the prices cannot be read.
    """
    if path is None:
        return (
            "cost: not known; give prices=FILE, a YAML file with lines such as ml.g5.xlarge: 1.41, "
            "dollars for an hour"
        )
    price = read_prices(path).get(machines.instance_type)
    if price is None:
        return f"cost: not known; '{path}' has no {machines.instance_type}"
    jobs = "" if machines.jobs == 1 else f"{machines.jobs} jobs x "
    total = machines.jobs * machines.per_job * hours * price
    spot = "; spot machines cost less" if is_spot else ""
    return (
        f"cost: at most ${total:,.2f}: {jobs}{machines.per_job} x {machines.instance_type} for {hours:g} h "
        f"at ${price:g} an hour ('{path}'){spot}; storage and requests are not counted"
    )


def cost_of(machines: Machines, seconds: float, prices: Mapping[str, float]) -> float | None:
    """Return what billed seconds of a job cost, in dollars; None where the price is not known."""
    price = prices.get(machines.instance_type)
    return None if price is None else machines.per_job * seconds / 3600 * price
