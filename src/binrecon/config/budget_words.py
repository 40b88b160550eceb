"""Recount budgets as they are written: `0.5%`, `200 bins`, `1:40`."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from binrecon.errors import ConfigError

_NUMBER = r"\d+(?:\.\d+)?"
_FORMS = (
    "give a share of the bins such as '0.5%', a number of them such as '200 bins', or what a recount costs "
    "against a missed variance, such as '1:40'"
)


@dataclass(frozen=True)
class Budget:
    """Number of bins that may be recounted.

    Attributes:
        kind: `share` of all bins, a number of `bins`, or as many as pay by their `cost`.
        amount: The share (0.005 for `0.5%`), the number, or how many recounts cost as much as a miss (40).
        text: As it was given.
    """

    kind: Literal["share", "bins", "cost"]
    amount: float
    text: str


def parse_budget(text: str) -> Budget:
    """Read a budget.

    Args:
        text: `0.5%`, `200 bins` or `1:40` (a recount costs 1, a variance that is missed 40).

    Raises:
        ConfigError: If it is none of these.

    >>> parse_budget("0.5%").amount, parse_budget("200 bins").amount, parse_budget("1:40").amount
    (0.005, 200.0, 40.0)
    """
    if match := re.fullmatch(rf"\s*({_NUMBER})\s*%\s*", text):
        return _check(Budget("share", float(match[1]) / 100, text), "above 0% and at most 100%", most=1)
    if match := re.fullmatch(r"\s*(\d+)\s*bins?\s*", text):
        return _check(Budget("bins", float(match[1]), text), "1 bin or more")
    if match := re.fullmatch(rf"\s*({_NUMBER})\s*:\s*({_NUMBER})\s*", text):
        recount, miss = float(match[1]), float(match[2])
        amount = miss / recount if recount > 0 else 0.0
        return _check(Budget("cost", amount, text), "two costs above 0, as 1:40")
    hint = f"'{text.strip()}' has no unit" if re.fullmatch(rf"\s*{_NUMBER}\s*", text) else f"'{text}' is none"
    raise ConfigError([f"budget: {hint}; {_FORMS}"])


def _check(budget: Budget, allowed: str, most: float = math.inf) -> Budget:
    if not 0 < budget.amount <= most:
        raise ConfigError([f"budget: must be {allowed}, got '{budget.text}'"])
    return budget
