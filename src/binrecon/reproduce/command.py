"""The command `reproduce`: run a published table again."""

from collections.abc import Sequence

from binrecon.config.spelling import did_you_mean
from binrecon.errors import ConfigError
from binrecon.published.rows import TABLES
from binrecon.reproduce.plan import Plan


def reproduce(overrides: Sequence[str]) -> None:
    """Run the rows of a table again.

    Args:
        overrides: Name of the table, settings, and overrides of `train` that hold for every run.

    Raises:
        BinreconError: If overrides, bins, lists, weights or some of the runs do not allow it.
    """
    name, *rest = overrides or ("",)
    if name not in TABLES:
        asked = f"'{name}' is no published table" if name else "no table is named"
        raise ConfigError([f"{asked}; tables are {', '.join(TABLES)}{did_you_mean(name, TABLES)}"])
    plan = Plan(name, rest)
    from binrecon.reproduce.inputs import check_runs, find_inputs

    bins = find_inputs(plan.rows)
    if plan.settings.estimate:
        from binrecon.reproduce.estimate import estimate

        estimate(plan, bins)
        return
    from binrecon.reproduce.runs import Reproduction

    unfinished = [run.row for run in plan.list_runs() if not run.folder.has_ended]
    check_runs(unfinished, bins)
    Reproduction(plan).run()
