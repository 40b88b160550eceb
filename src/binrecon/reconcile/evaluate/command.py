"""`reconcile --evaluate`: read a run, make records wrong, and leave the results in a folder."""

from pathlib import Path

from binrecon.config.evaluation import EvaluateConfig
from binrecon.console import ProgressMeter, get_console
from binrecon.errors import ConfigError, OutputError
from binrecon.reconcile.evaluate.evaluation import Evaluation, evaluate_bins
from binrecon.reconcile.evaluate.read import read_judged_run
from binrecon.reconcile.evaluate.report import NO_TRUTH, summary_table, write_report
from binrecon.reconcile.evaluate.tables import (
    tabulate_audits,
    tabulate_costs,
    tabulate_counts,
    tabulate_coverages,
    tabulate_kinds,
    tabulate_scores,
)
from binrecon.reconcile.record_errors import RecordErrors
from binrecon.whole_file import write_text

TABLES = {
    "scores.csv": tabulate_scores,
    "audits.csv": tabulate_audits,
    "kinds.csv": tabulate_kinds,
    "costs.csv": tabulate_costs,
    "counts.csv": tabulate_counts,
    "coverages.csv": tabulate_coverages,
}
"""Name of each table to what makes it."""


def evaluate(config: EvaluateConfig, folder: Path) -> Evaluation:
    """See whether wrong records would be found, and write what came out.

    Args:
        config: Checked by `validate`.
        folder: Where the results go.

    Raises:
        CheckpointError: If the run cannot be read.
        CalibrationError: If it has no calibration.
        ConfigError: If no error of the assumed kinds can befall its bins.
        OutputError: If the results cannot be written.
    """
    path = Path(config.checkpoint).expanduser()
    run = read_judged_run(path)
    errors, settings = RecordErrors.of(config.record_errors), config.evaluation
    with ProgressMeter("making records wrong", len(settings.rates) + 1, "rates") as meter:
        try:
            evaluation = evaluate_bins(run.bins, run.calibration, errors, settings, meter.advance)
        except ValueError as error:
            raise ConfigError([f"record_errors: {error}; give other kinds a weight"]) from error
    try:
        _write(evaluation, str(path), run.notes, folder)
    except OSError as error:
        raise OutputError(
            f"the results cannot be written to '{folder}' ({error.strerror}); "
            "choose another output_dir, or make room"
        ) from error
    console = get_console()
    console.print(summary_table(evaluation))
    console.print(NO_TRUTH, highlight=False)
    for note in run.notes:
        console.print(note, markup=False, highlight=False)
    console.print(f"report: {folder / 'evaluation.md'}", markup=False, highlight=False)
    return evaluation


def _write(evaluation: Evaluation, run: str, notes: list[str], folder: Path) -> None:
    from binrecon.reconcile.evaluate.plots import (
        draw_by_count,
        draw_costs,
        draw_lift,
        draw_recall,
    )  # matplotlib is slow to load

    for name, tabulate in TABLES.items():
        write_text(folder / name, tabulate(evaluation).to_csv(index=False))
    plots = folder / "plots"
    draw_recall(evaluation, plots / "recall.png")
    draw_lift(evaluation, plots / "lift.png")
    draw_costs(evaluation, plots / "costs.png")
    draw_by_count(evaluation, plots / "by_count.png")
    write_text(folder / "evaluation.md", write_report(evaluation, run, notes))
