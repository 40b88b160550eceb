"""The verb `reproduce`: a published table, or a study of `experiments/`."""

from collections.abc import Sequence

from binrecon.config.spelling import did_you_mean
from binrecon.errors import ConfigError
from binrecon.published.rows import TABLES
from binrecon.reproduce.plan import Plan
from binrecon.reproduce.studies import list_studies, run_study


def reproduce(words: Sequence[str]) -> None:
    """Run a table or a study again.

    Args:
        words: Its name, settings, and words of `train` that hold for every run.

    Raises:
        BinreconError: If words, bins, lists, weights or some of the runs do not allow it.
    """
    name, *rest = words or ("",)
    if name in TABLES:
        _reproduce_table(name, rest)
    elif name in (studies := list_studies()):
        run_study(studies[name], rest)
    else:
        raise ConfigError([_describe_names(name, list(studies))])


def _describe_names(name: str, studies: Sequence[str]) -> str:
    tables = ", ".join(TABLES)
    there = ", ".join(studies) or "none here, they lie in experiments/ of a checkout"
    asked = f"'{name}' is nothing to reproduce" if name else "what to reproduce is not said"
    hint = did_you_mean(name, [*TABLES, *studies])
    return f"{asked}; published tables are {tables}; studies are {there}{hint}"


def _reproduce_table(name: str, words: Sequence[str]) -> None:
    plan = Plan(name, words)
    from binrecon.reproduce.needs import check_runs, look_at_needs

    bins = look_at_needs(plan.rows)
    if plan.settings.estimate:
        from binrecon.reproduce.estimate import estimate

        estimate(plan, bins)
        return
    from binrecon.reproduce.runs import Reproduction

    unfinished = [run.row for run in plan.list_runs() if not run.folder.has_ended]
    check_runs(unfinished, bins)
    Reproduction(plan).run()
