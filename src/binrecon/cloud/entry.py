"""The container's side of a job: its words become a training, whose results go where SageMaker looks."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from binrecon.cloud.container import ROOT, ROOT_VARIABLE, Container, read_container
from binrecon.cloud.process import print_result, run_watched
from binrecon.cloud.words import decode_words
from binrecon.errors import BinreconError, CloudError
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_text

MAX_REASON = 1024
"""Characters of the failure file that SageMaker shows."""


_INTERRUPTED = 130
_MODEL_FILES = ("config.yaml", "run.json", "metrics.json")
"""What belongs to a model besides its checkpoint."""


def main() -> int:
    """Run the job that this container is for.

    The folder is `/opt/ml`, or the one that `BINRECON_ML_ROOT` names.

    Returns:
        Exit status: 0, that of a training that failed, or 130 if it was stopped.
    """
    signal.signal(signal.SIGTERM, _stop)  # as SageMaker says that a machine is taken back, or a job stopped
    root = Path(os.environ.get(ROOT_VARIABLE, ROOT))
    try:
        container = read_container(root, os.environ)
        status, reason = run_job(container, os.environ)
    except BinreconError as error:
        status, reason = 2, f"{type(error).__name__}: {error}"
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the job goes on from its last checkpoint when it is started again\n")
        return _INTERRUPTED
    if status != 0:
        report_failure(root / "output" / "failure", reason)
    return status


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def run_job(container: Container, environment: Mapping[str, str]) -> tuple[int, str]:
    """Train, and put the results in their places.

    Returns:
        Exit status of the training, and why it failed: empty if it did not.

    Raises:
        CloudError: If the words or channels of the job do not allow it.
        KeyboardInterrupt: After SIGTERM, once what there is lies in its place.
    """
    folder = RunFolder(find_run(container))
    command = build_command(container, folder)
    variables = {
        **environment,
        "PYTHONUNBUFFERED": "1",  # the log shows lines as they come
        "BINRECON_CACHE": environment.get("BINRECON_CACHE", str(Path(tempfile.gettempdir()) / "binrecon")),
    }
    try:
        status, reason = run_watched(command, variables, folder)
    finally:
        if container.is_first:
            hand_over(folder, container)
    if status == 0 and container.is_first:
        print_result(folder)
    return status, reason


def find_run(container: Container) -> Path:
    """Return the run folder: below the checkpoints, which survive a machine that is taken back.

    The jobs of one tuning job may share these, so each has a folder of its own.
    """
    is_tuned = any(not word.startswith(("word_", "sagemaker_")) for word in container.parameters)
    return container.checkpoints / (container.job if is_tuned and container.job else "run")


def build_command(container: Container, folder: RunFolder) -> list[str]:
    """Return the command that trains, or goes on with a training that was interrupted.

    Raises:
        CloudError: If a channel is empty, or there are several machines.
    """
    if len(container.hosts) > 1:
        raise CloudError(
            f"the job has {len(container.hosts)} machines, and this version trains on one; "
            "use cloud.instance_count=1"
        )
    words = [*decode_words(container.parameters), *container.channel_words()]
    if folder.facts.exists():
        words = [f"resume={folder.path}", *words]
    else:
        words = [*words, f"hydra.run.dir='{folder.path}'"]
    return [sys.executable, "-m", "binrecon", "train", *words]


def hand_over(folder: RunFolder, container: Container) -> None:
    """Copy a run folder to where SageMaker takes results from.

    The model is the best checkpoint with what is known of it. All else is results: of a run that has not
    ended, the other checkpoints too, so that it can be resumed anywhere.
    """
    if not folder.path.is_dir():
        return
    is_done = folder.metrics.exists()
    for path in sorted(folder.path.rglob("*")):
        name = path.relative_to(folder.path)
        if path.is_symlink() or not path.is_file() or any(part.startswith(".") for part in name.parts):
            continue
        is_model = path == folder.best_checkpoint or str(name) in _MODEL_FILES
        if is_done and folder.checkpoints in path.parents and not is_model:
            continue
        target = (container.model if is_model else container.results) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def report_failure(path: Path, reason: str) -> None:
    """Tell SageMaker, and the log, why the job failed.

    The toolkit writes the file once more, with what it finds from the first line on that names an error of
    Python's own; hence the word in front.
    """
    line = " ".join(reason.split())
    write_text(path, line[:MAX_REASON])
    sys.stderr.write(f"ChildProcessError: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
