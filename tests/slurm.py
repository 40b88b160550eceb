"""Stand-ins for `srun` and `scontrol`, to be put on PATH: they write down what they are asked, and start real processes.

What this shows is that our side of the agreement holds, with the variables that Slurm's manual names; a
cluster it is not.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

_SRUN = """#!{python}
import sys
sys.path.insert(0, {tests!r})
from tests.slurm import srun
sys.exit(srun(sys.argv[1:]))
"""
_SCONTROL = """#!/bin/sh
echo "$@" >> "$SLURM_NOTES"
"""


def install(folder: Path) -> None:
    """Write both commands into a folder."""
    folder.mkdir()
    texts = {
        "srun": _SRUN.format(python=sys.executable, tests=str(Path(__file__).parents[1])),
        "scontrol": _SCONTROL,
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


def srun(arguments: list[str]) -> int:
    """Start a task on each of `SLURM_NNODES` nodes, all of them here, and pass SIGUSR1 on to all."""
    Path(os.environ["SLURM_NOTES"]).with_suffix(".pid").write_text(str(os.getpid()))
    with Path(os.environ["SLURM_NOTES"]).open("a") as notes:
        notes.write(f"srun {' '.join(arguments)}\n")
    command = [word for word in arguments if not word.startswith("-")]
    nodes = int(os.environ["SLURM_NNODES"])
    tasks = []
    for rank in range(nodes):
        places = {"SLURM_PROCID": rank, "SLURM_NODEID": rank, "SLURM_LOCALID": 0, "SLURM_NTASKS": nodes}
        environ = {**places, "SLURM_STEP_ID": 0, "SLURM_NTASKS_PER_NODE": 1, "SLURM_NODELIST": "127.0.0.1"}
        tasks.append(subprocess.Popen(command, env={**os.environ, **{k: str(v) for k, v in environ.items()}}))

    def pass_on(number: int, _: object) -> None:
        for task in tasks:
            task.send_signal(number)

    signal.signal(signal.SIGUSR1, pass_on)
    return max(abs(task.wait()) for task in tasks)
