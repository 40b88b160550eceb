"""Run a study of `experiments/` again, or check it: run it in small and compose every command that it quotes.

    python tools/reproduce_study.py STUDY [--bins DIR] [--out DIR]
    python tools/reproduce_study.py STUDY --check

`study.yaml` has two lists of shell commands, run from the root of the checkout: `run` makes the study anew,
`check` does the same in small and writes to `{out}` alone. `{bins}` stands for the folder of real bins.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from quoted_commands import ROOT, find_faults

STUDY_FILE = "study.yaml"
"""In the folder of a study."""


class StudyError(Exception):
    """A study that cannot be read or run, or of which a command failed."""


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


def list_studies(root: Path = ROOT) -> dict[str, Study]:
    """List the studies of a checkout by name.

    Raises:
        StudyError: If a `study.yaml` cannot be read.
    """
    paths = sorted((root / "experiments").glob(f"*/{STUDY_FILE}"))
    return {path.parent.name: read_study(path) for path in paths}


def read_study(path: Path) -> Study:
    """Read a `study.yaml`.

    Raises:
        StudyError: If it is not two lists of commands.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise StudyError(f"{path}: not YAML ({str(error).splitlines()[0]})") from error
    is_mapping = isinstance(content, dict) and content.keys() == {"run", "check"}
    if not is_mapping or not all(map(_is_list_of_text, content.values())):
        raise StudyError(f"{path}: must have `run` and `check`, each a list of commands")
    return Study(path.parent, tuple(content["run"]), tuple(content["check"]))


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def run_study(study: Study, out: Path, bins: Path | None = None) -> None:
    """Run a study again at full size.

    Args:
        study: Study to run.
        out: Folder for its outputs.
        bins: Folder of real bins.

    Raises:
        StudyError: If bins are needed and not given, or with every command that failed.
    """
    commands = _fill_in(study.run, out, bins)
    out.mkdir(parents=True, exist_ok=True)
    _finish(study, _run_all(study, commands))


def check_study(study: Study, out: Path, bins: Path | None = None) -> None:
    """Compose the commands that its README quotes, and run it in small.

    Args:
        study: Study to check.
        out: Folder for everything that it writes.
        bins: Folder of real bins, if available.

    Raises:
        StudyError: With every command that failed or no longer composes.
    """
    commands = _fill_in(study.check, out, bins)
    faults = find_faults(study.folder / "README.md", study.root)
    _finish(study, {**faults, **_run_all(study, commands, BINRECON_CACHE=str(out / "cache"))})


def _fill_in(commands: Sequence[str], out: Path, bins: Path | None) -> list[str]:
    if bins is None and any("{bins}" in command for command in commands):
        raise StudyError("--bins: must be given, the folder of real bins that the study uses")
    folder = shlex.quote(str((bins or Path()).expanduser().absolute()))
    named = (command.replace("{bins}", folder) for command in commands)
    return [command.replace("{out}", shlex.quote(str(out.absolute()))) for command in named]


def _run_all(study: Study, commands: Sequence[str], **environment: str) -> dict[str, str]:
    """Run commands one after another from the root of the checkout; return those that failed, and why."""
    faults = {}
    for command in commands:
        sys.stdout.write(f"$ {command}\n")
        sys.stdout.flush()
        arguments, variables = _split_command(command), {**os.environ, **environment}
        status = subprocess.run(arguments, cwd=study.root, env=variables, check=False).returncode  # noqa: S603  # of the checkout's own study.yaml
        if status:
            faults[command] = f"ended with status {status}; its error is above"
    return faults


def _split_command(command: str) -> list[str]:
    """Split a command into arguments, with this Python for `python` and this package for `binrecon`."""
    first, *rest = shlex.split(command)
    own = {"python": [sys.executable], "binrecon": [sys.executable, "-m", "binrecon"]}
    return [*own.get(first, [first]), *rest]


def _finish(study: Study, faults: Mapping[str, str]) -> None:
    if faults:
        lines = [f"{command}: {reason}" for command, reason in faults.items()]
        heading = f"the study {study.folder.name}: {len(lines)} of its commands failed"
        raise StudyError("\n  ".join([heading, *lines]))
    sys.stdout.write(f"{study.folder}: every command works\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run or check a study; return 2 after an error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", metavar="STUDY", help=f"one of {', '.join(list_studies())}")
    parser.add_argument("--check", action="store_true", help="run it in small, in a temporary folder")
    parser.add_argument("--bins", type=Path, metavar="DIR", help="folder of real bins")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: outputs/reproduce/STUDY")
    given = parser.parse_args(arguments)
    studies = list_studies()
    if given.study not in studies:
        parser.error(f"no study '{given.study}'; studies are {', '.join(studies)}")
    if given.check and given.out:
        parser.error("--out: a check writes to a temporary folder; leave out --out or --check")
    study = studies[given.study]
    try:
        if given.check:
            with tempfile.TemporaryDirectory(prefix="study-") as scratch:
                check_study(study, Path(scratch), given.bins)
        else:
            run_study(study, given.out or Path("outputs/reproduce") / given.study, given.bins)
    except StudyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
