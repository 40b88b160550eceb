"""Runs of a reproduction, one after another; finished ones stay, unfinished ones are resumed."""

import sys
import traceback

from binrecon.console import get_console
from binrecon.errors import BinreconError, JobsFailedError, OutputError
from binrecon.escaping import escape_controls
from binrecon.masking import hide_text
from binrecon.report.text import print_wide
from binrecon.reproduce.finished import FinishedRun, read_finished
from binrecon.reproduce.plan import Plan, PlannedRun
from binrecon.reproduce.results import RowResult, compute_row
from binrecon.reproduce.tables import Report, console_table, write_csv, write_markdown
from binrecon.training.completion import complete_run
from binrecon.training.predict import predict_val
from binrecon.whole_file import write_text

_PIPE_WIDTH = 250
"""Width of the table without a terminal, in characters."""


class Reproduction:
    """Executes a plan and keeps its table up to date."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._finished: dict[str, list[FinishedRun]] = {}
        self._results: dict[str, RowResult] = {}
        self._failures: dict[str, str] = {}
        self._failed_rows: dict[str, str] = {}

    def run(self) -> None:
        """Run every seed of every row; a failure does not stop the others.

        Raises:
            JobsFailedError: If some failed; all others have finished, and the table is written.
            OutputError: If nothing can be written.
        """
        runs = list(self.plan.list_runs())
        for number, run in enumerate(runs, start=1):
            is_new = not run.folder.has_ended
            if is_new:
                get_console().print(f"{number}/{len(runs)}: {run.name}, {run.folder.path}", highlight=False)
            if self._try(run) and is_new:
                self._write()
        self._write()
        self._show()
        if self._failures:
            raise JobsFailedError(len(runs), self._failures)

    def _try(self, run: PlannedRun) -> bool:
        try:
            finished = complete(run)
        except OutputError:
            raise  # the next run could not write either
        except (BinreconError, RuntimeError, ValueError) as error:
            shown = str(error) if isinstance(error, BinreconError) else hide_text(traceback.format_exc())
            sys.stderr.write(escape_controls(f"{run.name} failed: {shown}\n"))
            problems: tuple[str, ...] = getattr(error, "problems", ())
            reason = "; ".join(problems) or (str(error).strip().splitlines() or [""])[0]
            self._failures[run.name] = f"{type(error).__name__}: {reason}"
            self._failed_rows.setdefault(run.row.published.name, f"failed, {self._failures[run.name]}")
            return False
        self._finished.setdefault(run.row.published.name, []).append(finished)
        return True

    def build_report(self) -> Report:
        """Compute the rows that have a new run; return the report on all rows."""
        for row in self.plan.rows:
            name = row.published.name
            finished = self._finished.get(name, [])
            known = self._results.get(name)
            if finished and (known is None or len(known.runs) < len(finished)):
                self._results[name] = compute_row(row.published, finished)
        rows = [row.published for row in self.plan.rows]
        return Report(self.plan.table, self.plan.command, rows, dict(self._results), self._failed_rows)

    def _write(self) -> None:
        report = self.build_report()
        try:
            write_text(self.plan.folder / "table.md", write_markdown(report))
            write_text(self.plan.folder / "table.csv", write_csv(report))
        except OSError as error:
            raise OutputError(
                f"the table cannot be written to '{self.plan.folder}' ({error.strerror}); make room, or "
                "choose another output_root, and give the same command again"
            ) from error

    def _show(self) -> None:
        report, console = self.build_report(), get_console()
        print_wide(console_table(report), _PIPE_WIDTH)
        for remark in report.list_remarks():
            console.print(remark, markup=False, highlight=False)
        console.print(f"table: {self.plan.folder} (table.md, table.csv)", markup=False, highlight=False)


def complete(run: PlannedRun) -> FinishedRun:
    """Start or resume a run, and predict its val bins where numbers on those were published.

    Raises:
        BinreconError: If that cannot be done.
    """
    complete_run(run.overrides, run.folder)
    finished = read_finished(run.folder)
    wants_val = any(item.split == "val" for item in run.row.published.scores)
    if wants_val and "val" not in finished.predictions:
        predict_val(run.row.config, run.folder)
        return read_finished(run.folder)
    return finished
