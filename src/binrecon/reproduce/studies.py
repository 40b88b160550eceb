"""Studies of `experiments/`, each a folder with the commands that make it: run again, or checked in small.

`study.yaml` has two lists of commands, as a shell would be given them from the root of the checkout: `run`
makes the study anew, `check` does the same in small and writes into `{out}` alone. `{bins}` stands for the
folder of real bins, `source.root=DIR`.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.reproduce import ReproduceConfig
from binrecon.config.stored.files import StoredFileError, read_yaml
from binrecon.console import get_console
from binrecon.errors import ConfigError, ReproductionError
from binrecon.reproduce.quoted import find_faults
from binrecon.reproduce.words import sort_words

STUDY_FILE = "study.yaml"
"""In the folder of a study."""

_ROOT = Path(__file__).parents[3]
_OF_A_STUDY = ("source.root", "output_root")


@dataclass(frozen=True)
class Study:
    """A folder of `experiments/`.

    Attributes:
        folder: With its README.
        run: Commands that make it anew.
        check: The same in small.
    """

    folder: Path
    run: tuple[str, ...]
    check: tuple[str, ...]

    @property
    def root(self) -> Path:
        """The checkout."""
        return self.folder.parents[1]


def list_studies(root: Path = _ROOT) -> dict[str, Study]:
    """List the studies of a checkout by name; none where binrecon is installed without one.

    Raises:
        ConfigError: If a `study.yaml` cannot be read.
    """
    paths = sorted((root / "experiments").glob(f"*/{STUDY_FILE}"))
    return {path.parent.name: read_study(path) for path in paths}


def read_study(path: Path) -> Study:
    """Read a `study.yaml`.

    Raises:
        ConfigError: If it is not two lists of commands.
    """
    try:
        content = read_yaml(path)
    except StoredFileError as error:
        raise ConfigError(
            [f"{path}: {error}; it must have `run` and `check`, each a list of commands"]
        ) from error
    if content.keys() != {"run", "check"} or not all(map(_is_list_of_text, content.values())):
        raise ConfigError([f"{path}: must have `run` and `check`, each a list of commands"])
    return Study(path.parent, tuple(content["run"]), tuple(content["check"]))


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def run_study(study: Study, words: Sequence[str]) -> None:
    """Run a study again, or check it.

    Args:
        study: Which.
        words: `--check`, `source.root=DIR` for the folder of real bins, `output_root=DIR`.

    Raises:
        ConfigError: If other words are given, or bins are needed and not named.
        ReproductionError: With every command that failed or no longer composes.
    """
    said = sort_words(words)
    settings: ReproduceConfig = to_typed(compose_config("reproduce", said.own))
    given = dict(word.partition("=")[::2] for word in said.train)
    unknown = [word for word in (*said.own, *given) if word.partition("=")[0] not in (*_OF_A_STUDY, "check")]
    if unknown:
        raise ConfigError(
            [f"{key}: not for a study; give --check, source.root or output_root" for key in unknown]
        )
    bins = given.get("source.root")
    if settings.check:
        with tempfile.TemporaryDirectory(prefix="study-") as scratch:
            check_study(study, Path(scratch), bins)
        return
    out = Path(given.get("output_root", "outputs")) / "reproduce" / study.folder.name
    commands = _fill_in(study.run, out, bins)
    out.mkdir(parents=True, exist_ok=True)
    _finish(study, _run_all(study, commands))


def check_study(study: Study, out: Path, bins: str | None = None) -> None:
    """Compose what its README quotes, and run it in small.

    Args:
        study: Which.
        out: Where everything goes.
        bins: Folder of real bins, where it is at hand.

    Raises:
        ReproductionError: With every command that failed or no longer composes.
    """
    commands = _fill_in(study.check, out, bins)
    faults = find_faults(study.folder / "README.md", study.root)
    _finish(study, {**faults, **_run_all(study, commands, BINRECON_CACHE=str(out / "cache"))})


def _fill_in(commands: Sequence[str], out: Path, bins: str | None) -> list[str]:
    if bins is None and any("{bins}" in command for command in commands):
        raise ConfigError(["source.root: must be given, the folder of real bins that the study is of"])
    folder = shlex.quote(str(Path(bins or "").expanduser().absolute()))
    named = (command.replace("{bins}", folder) for command in commands)
    return [command.replace("{out}", shlex.quote(str(out.absolute()))) for command in named]


def _run_all(study: Study, commands: Sequence[str], **environment: str) -> dict[str, str]:
    """Run commands one after another from the root of the checkout; return those that failed, and why."""
    faults = {}
    for command in commands:
        get_console().print(f"$ {command}", markup=False, highlight=False)
        words, settings = _to_words(command), {**os.environ, **environment}
        status = subprocess.run(words, cwd=study.root, env=settings, check=False).returncode  # noqa: S603  # of the checkout's own study.yaml
        if status:
            faults[command] = f"ended with status {status}; its error stands above"
    return faults


def _to_words(command: str) -> list[str]:
    """Turn a command into words, with this Python for `python` and this package for `binrecon`."""
    first, *rest = shlex.split(command)
    own = {"python": [sys.executable], "binrecon": [sys.executable, "-m", "binrecon"]}
    return [*own.get(first, [first]), *rest]


def _finish(study: Study, faults: Mapping[str, str]) -> None:
    if faults:
        lines = [f"{command}: {reason}" for command, reason in faults.items()]
        heading = f"the study {study.folder.name}: {len(lines)} of its commands do not hold"
        raise ReproductionError("\n  ".join([heading, *lines]))
    get_console().print(f"{study.folder}: every command holds", highlight=False)
