"""Hydra's command line, with errors that name every problem at once."""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import hydra
from hydra._internal.utils import get_args_parser  # `hydra.main` parses and runs; `compose` knows no flags
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.compose import config_dir, find_unknown_options, innermost_reason, register_options
from binrecon.config.explain import explain
from binrecon.config.home import expand_paths, quote_value
from binrecon.config.stored.recipes import take_in_recipes
from binrecon.config.validate import validate
from binrecon.errors import BinreconError, ConfigError, JobsFailedError, OutputError
from binrecon.escaping import escape_controls
from binrecon.masking import hide_text

Job = Callable[[DictConfig, Path, Sequence[str]], float | None]
"""Run a verb with a checked configuration, the folder Hydra made for it, and the overrides."""


def run_verb(config_name: str, words: Sequence[str], job: Job) -> list[Path]:
    """Compose, check and run, once or, with `--multirun`, once for each combination.

    Args:
        config_name: The verb's file in `configs/`, without suffix.
        words: Overrides and Hydra's flags, as typed.
        job: Called with each checked configuration.

    Returns:
        The folder of each job.

    Raises:
        ConfigError: With every problem of the configuration.
        OutputError: If Hydra cannot make the folder of the run.
        JobsFailedError: If some of several jobs failed, whatever the reason; all others have run.
        BinreconError: Whatever the only job raises.
    """
    register_options()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come back to us; Hydra would print a traceback and exit
    words = take_in_recipes(words)
    sys.argv = [config_name, *words]

    said = get_args_parser().parse_args(words)
    is_one_of_many = said.multirun
    if find_unknown_options(said.overrides, Path(said.config_dir) if said.config_dir else None):
        raise ConfigError(explain(config_name, said.overrides, is_one_of_many))
    folders: list[Path] = []
    failures: dict[str, Exception] = {}

    def run_job(config: DictConfig) -> float | None:
        folders.append(Path(HydraConfig.get().runtime.output_dir))
        try:
            return _run_job(config, job)
        except Exception as error:  # a failed job of a multirun does not end the others
            if not (is_one_of_many or isinstance(error, BinreconError)):
                raise
            name = _name_job(words) if is_one_of_many else config_name
            if is_one_of_many:  # also printed now, since the other jobs continue
                shown = str(error) if isinstance(error, BinreconError) else hide_text(traceback.format_exc())
                sys.stderr.write(escape_controls(f"{name} failed: {shown}\n"))
            failures[name] = error  # kept for later: Hydra would add a line of its own
            return None

    start = hydra.main(config_path=str(config_dir()), config_name=config_name, version_base="1.3")(run_job)
    try:
        start()
    except (HydraException, OmegaConfBaseException) as error:
        overrides = get_args_parser().parse_args(list(words)).overrides
        problems = explain(config_name, overrides, is_one_of_many)
        raise ConfigError(problems or [innermost_reason(error)]) from error
    except OSError as error:
        is_of_the_job = bool(folders) and not is_one_of_many  # the errors of many are in `failures`
        if error.filename is None or is_of_the_job:
            raise
        raise OutputError(
            f"the run folder '{error.filename}' cannot be made ({error.strerror}); "
            "give a folder you may write to with output_root=PATH"
        ) from error
    if failures and is_one_of_many:
        raise JobsFailedError(len(folders), {name: _first_line(error) for name, error in failures.items()})
    if failures:
        raise next(iter(failures.values()))
    return folders


def words_to_compare(words: Sequence[str]) -> list[str]:
    """Turn the arguments of `compare` that are folders into one `runs=[…]`.

    A folder is what has no `=`, or exists under just that name.

    Raises:
        ConfigError: If runs are given both ways.
    """
    given = get_args_parser().parse_intermixed_args(list(words)).overrides
    folders = [word for word in given if "=" not in word or Path(word).is_dir()]
    if not folders:
        return list(words)
    if any(word.startswith("runs=") and word not in folders for word in given):
        raise ConfigError(
            [f"runs: given twice, by the words {' '.join(folders)} and by runs=; give all of them as words"]
        )
    quoted = map(quote_value, folders)
    first = list(words).index(folders[0])
    kept = [word for word in words if word not in folders]
    return [*kept[:first], f"runs=[{','.join(quoted)}]", *kept[first:]]


def word_to_run(words: Sequence[str]) -> list[str]:
    """Turn the first argument that is a folder, by the rule of `words_to_compare`, into `run=…`.

    >>> word_to_run(["method=vector", "runs/a"])
    ['method=vector', "run='runs/a'"]
    """
    given = list(words)
    for place, word in enumerate(given):
        if not word.startswith("-") and ("=" not in word or Path(word).is_dir()):
            given[place] = f"run={quote_value(word)}"
            break
    return given


def words_to_apply(words: Sequence[str]) -> list[str] | None:
    """Turn `--apply FILE` among the arguments of `reconcile` into `audit=FILE`; None if it is not there.

    >>> words_to_apply(["--apply", "my audit.csv", "results=out"]), words_to_apply(["budget=1%"])
    (["audit='my audit.csv'", 'results=out'], None)

    Raises:
        ConfigError: If no file follows.
    """
    taken = [word for word in words if word != "--apply" and not word.startswith("--apply=")]
    if len(taken) == len(words):
        return None
    files = [word.removeprefix("--apply=") for word in words if word.startswith("--apply=")]
    if not files:
        after = words[list(words).index("--apply") + 1 :][:1]
        files, taken = list(after), [word for word in taken if word not in after]
    if len(files) != 1:
        raise ConfigError(["--apply: must be followed by the file that the page exported: --apply audit.csv"])
    return [f"audit={quote_value(files[0])}", *taken]


def _run_job(config: DictConfig, job: Job) -> float | None:
    """Check and run one job."""
    run_dir = Path(HydraConfig.get().runtime.output_dir)
    overrides = list(HydraConfig.get().overrides.task)
    try:
        validate(expand_paths(config))
        return job(config, run_dir, overrides)
    finally:
        if run_dir != Path.cwd():
            with contextlib.suppress(OSError):
                run_dir.rmdir()  # only if nothing was written


def _name_job(words: Sequence[str]) -> str:
    """Name the current job by its number and the overrides that differ between jobs."""
    own = (word for word in HydraConfig.get().overrides.task if word not in words)
    return f"job {HydraConfig.get().job.num} ({' '.join(own)})"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}"
