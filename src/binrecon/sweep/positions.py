"""Positions: the numbers that trials would have if no worker had died. Draws and names use them."""

import copy
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from optuna.trial import FrozenTrial

LOST = "lost"
"""Attribute of a trial whose worker died or was stopped: who noticed. Another trial replaces it."""

RETRY_OF = "retry_of"
"""Attribute of the replacement: the number of the first that was lost."""

SURPLUS = "surplus"
"""Attribute of a trial drawn after the budget was spent; it never ran."""


def values_of(trial: FrozenTrial) -> dict[str, Any]:
    """Return the values that a trial has drawn or was given."""
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


def has_values(trial: FrozenTrial, keys: Collection[str]) -> bool:
    """Return whether a trial has drawn all its values; one that has not loses nothing."""
    return bool(values := values_of(trial)) and set(keys) <= values.keys()


def first_of(trial: FrozenTrial) -> int:
    """Return the number of the trial that a trial replaces, or its own."""
    return int(trial.user_attrs.get(RETRY_OF, trial.number))


def list_firsts(trials: Sequence[FrozenTrial], keys: Collection[str]) -> list[int]:
    """List the numbers of the trials that would exist if no worker had died, in order."""
    return sorted(
        trial.number
        for trial in trials
        if not {RETRY_OF, SURPLUS} & trial.user_attrs.keys()
        and (LOST not in trial.user_attrs or has_values(trial, keys))
    )


def renumber(
    trials: Sequence[FrozenTrial], counted: Sequence[FrozenTrial], keys: Collection[str]
) -> list[FrozenTrial]:
    """Return trials in order of their positions, with these as their numbers.

    Args:
        trials: All of the study.
        counted: The trials to return.
        keys: The searched keys.
    """
    firsts = list_firsts(trials, keys)
    renumbered = []
    for trial in counted:
        numbered = copy.copy(trial)
        numbered.number = bisect_left(firsts, first_of(trial))
        renumbered.append(numbered)
    return sorted(renumbered, key=lambda trial: trial.number)


def list_orphans(trials: Sequence[FrozenTrial], keys: Collection[str]) -> list[FrozenTrial]:
    """List the lost trials without a replacement, one for each that is missing."""
    lost = [t for t in trials if LOST in t.user_attrs and t.state.is_finished() and has_values(t, keys)]
    replaced = Counter(first_of(trial) for trial in trials if RETRY_OF in trial.user_attrs)
    orphans = []
    for trial in lost:
        if replaced[first_of(trial)] > 0:
            replaced[first_of(trial)] -= 1
        else:
            orphans.append(trial)
    return orphans
