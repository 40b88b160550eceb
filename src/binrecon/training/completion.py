"""Runs that go on where they stopped, for whoever trains many."""

from collections.abc import Sequence

from binrecon.config.compose import to_typed
from binrecon.config.home import quote_value
from binrecon.config.trials import compose_checked
from binrecon.training.run import train
from binrecon.training.run_folder import RunFolder


def complete_run(words: Sequence[str], folder: RunFolder) -> None:
    """Train and test a run; one that has ended stays as it is, one that has begun goes on.

    Args:
        words: Of `train`, those that began the run where it has begun.
        folder: Of the run.

    Raises:
        BinreconError: If the words, bins, weights, folder or machine do not allow it.
    """
    if folder.has_ended:
        return
    if folder.facts.exists():
        words = [*words, f"resume={quote_value(str(folder.path))}"]
    train(to_typed(compose_checked("train", words)), folder, words)
