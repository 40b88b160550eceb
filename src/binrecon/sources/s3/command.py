"""The verb `fetch`: fetch a subset, print the result, and write a report."""

from dataclasses import replace
from pathlib import Path

from binrecon.config.fetch import FetchConfig
from binrecon.console import get_console
from binrecon.errors import IncompleteFetchError
from binrecon.sources.s3.fetch import Fetch
from binrecon.sources.s3.options import AbidSourceConfig
from binrecon.sources.s3.report import (
    describe_failures,
    describe_outcome,
    describe_plan,
    failures_csv,
    to_plain,
)
from binrecon.whole_file import write_json, write_text


def fetch(config: FetchConfig, report_folder: Path) -> None:
    """Bring a subset of the bucket into the folder of its source.

    Args:
        config: Checked by `validate`.
        report_folder: Gets `report.json`, and `failures.csv` if there are any.

    Raises:
        IncompleteFetchError: If objects could not be had; all others were fetched.
        SourceError: If the server, the bucket, the subset or the folder does not allow it.
    """
    console = get_console()
    if not isinstance(config.source, AbidSourceConfig):
        raise TypeError(f"fetch works on source=abid, not on {config.source.name}")
    source = replace(config.source, subset=config.subset)
    outcome = Fetch(source, config.relist or config.verify).run(config.dry_run, config.verify)
    console.print(describe_plan(outcome.plan))
    if config.dry_run:
        return
    if outcome.plan.missing_objects:
        console.print(describe_outcome(outcome))
    write_json(report_folder / "report.json", {"subset": config.subset, **to_plain(outcome)})
    failures = sorted(outcome.tally.failures)
    if failures:
        table = report_folder / "failures.csv"
        write_text(table, failures_csv(failures))
        raise IncompleteFetchError(
            f"{describe_failures(failures)}; all are listed in '{table}'. "
            "Run the same command again: it tries only these"
        )
    console.print(f"the bins lie in {source.root}; report: {report_folder / 'report.json'}")
