"""Dataclass fields of the configuration that carry their allowed range or choices."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from binrecon.config.spelling import did_you_mean

MISSING: Any = "???"  # stands for a value of any type
"""OmegaConf's mark of a value that must be given (`omegaconf.MISSING`, without importing it)."""

LARGEST_SEED = 2**32 - 1
"""Largest seed that NumPy takes."""

LIMITS = "limits"
"""Key of the limits in the metadata of a field."""

IS_PATH = "is_path"
"""Key of the mark of a path in the metadata of a field."""


@dataclass(frozen=True)
class Limits:
    """Values that an option can take; None for no bound, an empty tuple for any text."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()

    def find_problem(self, value: Any) -> str | None:  # noqa: ANN401  # a number or a string, by the field
        """Return the reason why a value is not allowed; None for one that is.

        >>> Limits(at_least=0, below=1).find_problem(1.0), Limits(choices=("pad",)).find_problem("pad")
        ('must be at least 0 and below 1, got 1.0', None)
        >>> Limits(at_least=1, at_most=256).find_problem(300)
        'must be at most 256, got 300'
        """
        if self.choices:
            if value in self.choices:
                return None
            return f"'{value}' is none of {', '.join(self.choices)}{did_you_mean(str(value), self.choices)}"
        if not abs(value) < float("inf"):  # NaN neither
            return f"must be {self._describe() if self.above is not None else 'a finite number'}, got {value}"
        if self._is_too_small(value) or self._is_too_large(value):
            return f"must be {self._describe(value)}, got {value}"
        return None

    def _is_too_small(self, value: float) -> bool:
        is_below = self.at_least is not None and value < self.at_least
        return is_below or (self.above is not None and value <= self.above)

    def _is_too_large(self, value: float) -> bool:
        is_above = self.at_most is not None and value > self.at_most
        return is_above or (self.below is not None and value >= self.below)

    def _describe(self, value: float | None = None) -> str:
        """Name the bounds; where they are far apart, only the one that is crossed."""
        lower = f"at least {self.at_least}" if self.at_least is not None else f"above {self.above}"
        upper = f"at most {self.at_most}" if self.at_most is not None else f"below {self.below}"
        has_lower = not (self.at_least is None and self.above is None)
        has_upper = not (self.at_most is None and self.below is None)
        is_far = self.at_least is not None and self.at_most is not None and self.at_most > 1
        if value is not None and is_far:
            return lower if self._is_too_small(value) else upper
        return " and ".join(text for text, has_it in ((lower, has_lower), (upper, has_upper)) if has_it)


def option(
    default: Any = MISSING,  # noqa: ANN401  # of the type of the field
    *,
    default_factory: Callable[[], Any] | None = None,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    choices: Sequence[str] = (),
    is_path: bool = False,
) -> Any:  # noqa: ANN401  # as `dataclasses.field`
    """Declare a field of an options dataclass; the string below it is its help text.

    Args:
        default: Its value unless another is given; by default it must be given.
        default_factory: Makes the default of a list.
        at_least: Smallest allowed number.
        above: Largest number that is too small.
        at_most: Largest allowed number.
        below: Smallest number that is too large.
        choices: The allowed texts.
        is_path: Whether it holds a path, or a list of them: a value is taken letter by letter there.
    """
    limits = Limits(at_least, above, at_most, below, tuple(choices))
    metadata: dict[str, Any] = {} if limits == Limits() else {LIMITS: limits}
    if is_path:
        metadata[IS_PATH] = True
    if default_factory is not None:
        return field(default_factory=default_factory, metadata=metadata)
    return field(default=default, metadata=metadata)


def limits_of(options: type, key: str) -> Limits:
    """Return the limits of a field.

    Raises:
        KeyError: If it has none.
    """
    limits: Limits = next(item for item in fields(options) if item.name == key).metadata[LIMITS]
    return limits


def list_leaves(options: type, prefix: str = "") -> Iterator[str]:
    """Yield the dotted key of every value that an options dataclass holds, those of nested ones included."""
    for item in fields(options):
        if item.default_factory is not NO_DEFAULT and is_dataclass(item.default_factory):
            yield from list_leaves(item.default_factory, f"{prefix}{item.name}.")
        else:
            yield f"{prefix}{item.name}"
