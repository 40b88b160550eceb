"""Hydra's command line, with errors that name everything that is wrong at once."""

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.compose import config_dir, innermost_reason, register_schemas, take_in_recipes
from binrecon.config.problems import find_problems
from binrecon.config.validate import validate
from binrecon.errors import BinreconError, ConfigError, OutputError

Job = Callable[[DictConfig, Path, Sequence[str]], float | None]
"""What a verb does with a checked configuration, the folder Hydra made for it, and the overrides."""


def run_verb(config_name: str, words: Sequence[str], job: Job) -> None:
    """Compose, check and run, once or, with `--multirun`, once for each combination.

    Args:
        config_name: The verb's file in `configs/`, without suffix.
        words: Overrides and Hydra's flags, as typed.
        job: What to do.

    Raises:
        ConfigError: With every problem of the configuration.
        OutputError: If Hydra cannot make the folder of the run.
        BinreconError: Whatever `job` raises.
    """
    register_schemas()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come back to us; Hydra would print a traceback and exit
    words = take_in_recipes(words)
    sys.argv = [config_name, *words]

    failures: list[BinreconError] = []

    def run_job(config: DictConfig) -> float | None:
        try:
            return _run_job(config, job)
        except BinreconError as error:  # kept for later: Hydra would add a line of its own
            failures.append(error)
            return None

    start = hydra.main(config_path=str(config_dir()), config_name=config_name, version_base="1.3")(run_job)
    try:
        start()
    except (HydraException, OmegaConfBaseException) as error:
        overrides = get_args_parser().parse_args(list(words)).overrides
        raise ConfigError(find_problems(config_name, overrides) or [innermost_reason(error)]) from error
    except OSError as error:
        if error.filename is None or (
            HydraConfig.initialized() and Path(HydraConfig.get().runtime.output_dir).exists()
        ):
            raise
        raise OutputError(
            f"the run folder '{error.filename}' cannot be made ({error.strerror}); "
            "give a folder you may write to with output_root=PATH"
        ) from error
    if failures:
        raise failures[0]


def words_to_compare(words: Sequence[str]) -> list[str]:
    """Turn the words of `compare` that are folders into one `runs=[…]`.

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
    quoted = ("'" + folder.replace("'", r"\'") + "'" for folder in folders)
    first = list(words).index(folders[0])
    kept = [word for word in words if word not in folders]
    return [*kept[:first], f"runs=[{','.join(quoted)}]", *kept[first:]]


def _run_job(config: DictConfig, job: Job) -> float | None:
    """Check and run one job; in a multirun say which one failed, since the others go on."""
    run_dir = Path(HydraConfig.get().runtime.output_dir)
    overrides = list(HydraConfig.get().overrides.task)
    try:
        validate(config)
        return job(config, run_dir, overrides)
    except BinreconError as error:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            sys.stderr.write(f"job {HydraConfig.get().job.num} ({' '.join(overrides)}) failed: {error}\n")
        raise
    finally:
        if run_dir != Path.cwd():
            with contextlib.suppress(OSError):
                run_dir.rmdir()  # only if nothing was written
