import math
from dataclasses import dataclass, field, fields

import pytest
from omegaconf import OmegaConf

from binrecon.config.options import Limits, limits_of, list_leaves, option
from binrecon.config.rules.limits import check_options


@dataclass
class Inner:
    size: int = option(32, at_least=32, at_most=2048)


@dataclass
class Outer:
    rate: float = option(0.1, above=0)
    kind: str = option("plain", choices=("plain", "fancy"))
    limit: float | None = option(None, above=0)
    anything: int = -5
    inner: Inner = field(default_factory=Inner)
    phases: list[Inner] = option(default_factory=list)
    folder: str = option("outputs", is_path=True)


@pytest.mark.parametrize(
    ("limits", "value", "problem"),
    [
        (Limits(at_least=1), 0, "must be at least 1, got 0"),
        (Limits(at_least=0), math.inf, "must be a finite number, got inf"),
        (Limits(at_least=0), math.nan, "must be a finite number, got nan"),
        (Limits(above=0), math.nan, "must be above 0, got nan"),
        (Limits(above=0), math.inf, "must be above 0, got inf"),
        (Limits(above=0, at_most=672), 1000.0, "must be above 0 and at most 672, got 1000.0"),
        (Limits(at_least=0, below=1), 1.0, "must be at least 0 and below 1, got 1.0"),
        (Limits(at_least=0, at_most=1), -0.5, "must be at least 0 and at most 1, got -0.5"),
        (Limits(at_least=32, at_most=2048), 8, "must be at least 32, got 8"),
        (Limits(at_least=32, at_most=2048), 4096, "must be at most 2048, got 4096"),
        (Limits(at_least=32, at_most=2048), 2048, None),
        (
            Limits(choices=("squash", "pad")),
            "squish",
            "'squish' is none of squash, pad. Did you mean 'squash'?",
        ),
        (Limits(choices=("squash", "pad")), "pad", None),
    ],
)
def test_limits__find_problem(limits: Limits, value: object, problem: str | None) -> None:
    assert limits.find_problem(value) == problem


def test_check_options__names_every_key() -> None:
    config = OmegaConf.structured(
        Outer(rate=-1.0, kind="fency", inner=Inner(8), phases=[Inner(64), Inner(4096)], folder="")
    )
    assert list(check_options(config)) == [
        "rate: must be above 0, got -1.0",
        "kind: 'fency' is none of plain, fancy. Did you mean 'fancy'?",
        "inner.size: must be at least 32, got 8",
        "phases[1].size: must be at most 2048, got 4096",
    ]


def test_option__is_a_field_with_its_default() -> None:
    assert Outer() == Outer(0.1, "plain", None, -5, Inner(32), [], "outputs")
    assert limits_of(Inner, "size") == Limits(at_least=32, at_most=2048)
    assert [item.name for item in fields(Outer) if item.metadata.get("is_path")] == ["folder"]


def test_list_leaves() -> None:
    assert list(list_leaves(Outer, "a.")) == [
        "a.rate", "a.kind", "a.limit", "a.anything", "a.inner.size", "a.phases", "a.folder",
    ]  # fmt: skip
