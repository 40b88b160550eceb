"""The verb `compare`: read runs, rank their groups, and leave the results in a folder."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from binrecon.compare.groups import (
    Group,
    check_same_bins,
    describe_commits,
    find_keys,
    group_runs,
    refuse_mixture,
)
from binrecon.compare.leaderboard import Leaderboard, build_leaderboard
from binrecon.compare.read import LeftOut, find_run_folders, read_history, read_runs
from binrecon.compare.tables import leaderboard_csv, leaderboard_table, pairs_csv, write_markdown
from binrecon.compare.wording import describe_best
from binrecon.config.compare import CompareConfig
from binrecon.config.run_keys import expand_key
from binrecon.console import get_console
from binrecon.errors import ComparisonError, OutputError
from binrecon.report.text import print_wide
from binrecon.whole_file import write_text, write_whole

_PIPE_WIDTH = 200
"""Width of the table in characters, when the output is not a terminal."""


def compare(config: CompareConfig, folder: Path) -> None:
    """Compare runs and report which differences are more than chance.

    Args:
        config: Checked by `validate`.
        folder: Folder of the results.

    Raises:
        ComparisonError: If there is no run to compare, or the runs do not compare.
        OutputError: If the results cannot be written.
    """
    runs, left_out = read_runs(find_run_folders(config.runs))
    if not runs:
        listed = "\n  ".join(f"{run.path}: {run.reason}" for run in left_out)
        raise ComparisonError(f"none of {len(left_out)} runs can be compared\n  {listed}")
    if not config.allow_mixed:
        refuse_mixture(runs)
    keys = find_keys(runs) if config.group_by is None else _expand(config.group_by)
    groups, repeated, notes = group_runs(runs, keys)
    check_same_bins(groups)
    notes += describe_commits(groups)
    board = build_leaderboard(groups, keys, config.metric, config.resamples, config.seed)
    sentences, left_out = describe_best(board), [*left_out, *repeated]
    notes += _write(folder, board, sentences, notes, left_out)
    _show(folder, board, sentences, notes, left_out)


def _expand(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(expand_key, words)))


def _write(
    folder: Path,
    board: Leaderboard,
    sentences: Sequence[str],
    notes: Sequence[str],
    left_out: Sequence[LeftOut],
) -> list[str]:
    """Write tables and plots, and return the remarks about the plots."""
    from binrecon.compare.plots import (
        MOST_CURVES,
        draw_curves,
        draw_leaderboard,
    )  # matplotlib is slow to load

    histories, remarks = _read_histories([row.group for row in board.rows[:MOST_CURVES]])
    if len(board.rows) > MOST_CURVES:
        remarks.append(f"curves.png shows the best {MOST_CURVES} of {len(board.rows)} groups")
    try:
        write_text(folder / "leaderboard.csv", leaderboard_csv(board))
        write_text(folder / "pairs.csv", pairs_csv(board))
        write_whole(folder / "leaderboard.png", draw_leaderboard(board))
        write_whole(folder / "curves.png", draw_curves(board, histories))
        markdown = write_markdown(board, sentences, [*notes, *remarks], left_out)
        write_text(folder / "leaderboard.md", markdown)
    except OSError as error:
        raise OutputError(
            f"the results cannot be written to '{folder}' ({error.strerror}); "
            "choose another output_dir, or make room"
        ) from error
    return remarks


def _read_histories(groups: Sequence[Group]) -> tuple[dict[int, list[pd.DataFrame]], list[str]]:
    """Return the epochs of each run by the `id` of its group, and which runs have none."""
    histories: dict[int, list[pd.DataFrame]] = {id(group): [] for group in groups}
    remarks = []
    for group in groups:
        for run in group.runs:
            try:
                histories[id(group)].append(read_history(run))
            except ComparisonError as error:
                remarks.append(f"not in curves.png: {error}")
    return histories, remarks


def _show(
    folder: Path,
    board: Leaderboard,
    sentences: Sequence[str],
    notes: Sequence[str],
    left_out: Sequence[LeftOut],
) -> None:
    console = get_console()
    print_wide(leaderboard_table(board), _PIPE_WIDTH)

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    for line in sentences:
        say(line)
    for line in notes:
        say(f"note: {line}")
    if left_out:
        say(f"{len(left_out)} left out:")
    for run in left_out:
        say(f"  {run.path}: {run.reason}")
    say(f"results: {folder} (leaderboard.md, leaderboard.csv, pairs.csv, leaderboard.png, curves.png)")
