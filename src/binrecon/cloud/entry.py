"""The container's side of a job: run the training, and put the results where SageMaker collects them."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from binrecon.checksums import CHECKSUMS
from binrecon.cloud.container import ROOT, ROOT_VARIABLE, RUN, Container, read_container
from binrecon.cloud.process import print_result, run_watched
from binrecon.cloud.wandb_key import KEY_VARIABLE, SECRET_VARIABLE, read_key
from binrecon.cloud.words import decode_words
from binrecon.config.home import quote_value
from binrecon.config.stored.recipes import take_in_recipes
from binrecon.config.trials import compose_checked
from binrecon.errors import EXIT_INTERRUPTED, BinreconError
from binrecon.output_streams import prepare_streams
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import drafting, write_text

MEETING_PORT = 29500
"""Rendezvous port of a job's machines, unless MASTER_PORT sets another: torchrun's own default."""

MAX_REASON = 1024
"""Characters of the failure file that SageMaker shows."""

_SCRATCH = Path(tempfile.gettempdir()) / "binrecon"
_MODEL_FILES = (CHECKSUMS, "calibration.json", "config.yaml", "run.json", "metrics.json")
"""Files that belong to a model besides its checkpoint."""


def main() -> int:
    """Run the job that this container is for.

    The folder is `/opt/ml`, or the one that `BINRECON_ML_ROOT` names.

    Returns:
        Exit status: 0, that of a training that failed, or 130 if it was stopped.
    """
    prepare_streams()
    signal.signal(signal.SIGTERM, _stop)  # as SageMaker says that a machine is taken back, or a job stopped
    root = Path(os.environ.get(ROOT_VARIABLE, ROOT))
    try:
        container = read_container(root, os.environ)
        status, reason = run_job(container, os.environ)
    except BinreconError as error:
        status, reason = 2, f"{type(error).__name__}: {error}"
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the job goes on from its last checkpoint when it is started again\n")
        return EXIT_INTERRUPTED
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
        CloudError: If the overrides, channels or secret of the job do not allow it.
        KeyboardInterrupt: After SIGTERM, once what there is lies in its place.
    """
    variables = {**build_environment(container, environment), **find_key(container, environment)}
    folder = RunFolder(find_run(container))
    command = build_command(container, folder, variables)
    try:
        status, reason = run_watched(command, variables, folder)
    finally:
        if container.is_first:
            hand_over(folder, container)
    if status == 0 and container.is_first:
        print_result(folder)
    return status, reason


def build_environment(container: Container, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a training: those of this process, and what it lacks there."""
    of_network = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME") if container.interface else ()
    return {
        "BINRECON_CACHE": str(_SCRATCH),
        **dict.fromkeys(of_network, container.interface),
        **environment,
        "PYTHONUNBUFFERED": "1",  # the log shows lines as they come
    }


def find_key(container: Container, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable with the key of W&B, for the one machine that logs, where a secret holds it.

    Raises:
        CloudError: If the secret cannot be read.
    """
    secret = environment.get(SECRET_VARIABLE)
    if secret is None or not container.is_first:
        return {}
    return {KEY_VARIABLE: read_key(secret, container.parameters.get("sagemaker_region", ""))}


def find_run(container: Container) -> Path:
    """Return the run folder: below the checkpoints, which survive a machine that is taken back.

    The jobs of one tuning job may share these, so each has a folder of its own. So have all machines but the
    first, elsewhere: what they have is a copy, which must not go to S3 in place of what it is a copy of.
    """
    if not container.is_first:
        return _SCRATCH / RUN / container.host
    is_tuned = any(not word.startswith(("word_", "sagemaker_")) for word in container.parameters)
    return container.checkpoints / (container.job if is_tuned and container.job else RUN)


def build_command(container: Container, folder: RunFolder, environment: Mapping[str, str]) -> list[str]:
    """Return the command that trains, or resumes a training that was interrupted.

    Of several machines each runs it, by torchrun; the first is the rendezvous.

    Raises:
        CloudError: If a channel is empty.
        ConfigError: If the overrides do not compose.
    """
    words = [*decode_words(container.parameters), *container.channel_words()]
    if folder.facts.exists():
        words = [f"resume={quote_value(str(folder.path))}", *words]
    else:
        words = [*words, f"hydra.run.dir='{folder.path}'"]
    train = ["-m", "binrecon", "train", *words]
    if len(container.hosts) == 1:
        return [sys.executable, *train]
    return [
        sys.executable, "-m", "torch.distributed.run",
        f"--nnodes={len(container.hosts)}", f"--node-rank={container.hosts.index(container.host)}",
        f"--nproc-per-node={_count_processes(words, environment)}", f"--master-addr={container.hosts[0]}",
        f"--master-port={environment.get('MASTER_PORT', MEETING_PORT)}", *train,
    ]  # fmt: skip


def _count_processes(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return how many processes train on each machine: what `trainer.devices` says, or one for each GPU."""
    asked = [word for word in words if not word.startswith("resume=")]
    devices = int(compose_checked("train", take_in_recipes(asked)).trainer.devices)
    return devices or max(1, int(environment.get("SM_NUM_GPUS", "1")))


def hand_over(folder: RunFolder, container: Container) -> None:
    """Copy a run folder to where SageMaker takes results from.

    The model is the best checkpoint with what is known of it. All else is results: of a run that has not
    ended, the other checkpoints too, so that it can be resumed anywhere. SIGTERM may come now: what SageMaker
    takes from here then are whole files.
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
        with drafting((container.model if is_model else container.results) / name) as draft:
            shutil.copyfile(path, draft)


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
