"""torchrun for the processes of one machine, which leaves it to them to say why they failed.

Its own account of that is forty lines, the last of which would stand where a user looks for the error. It
ends with the process that started it, and its processes with it: they would go on writing into the folder.
"""

import logging
import os
import signal
import sys
from collections.abc import Sequence

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args, run

from binrecon.training.distributed.parent import end_with_parent

LAUNCHER_VARIABLE = "BINRECON_LAUNCHER"
"""Environment variable that tells a process the id of its launcher."""

_TO_SHELL = 128
"""Number that a shell adds to that of the signal that ended a process."""


def main(words: Sequence[str]) -> int:
    """Start what torchrun's words say, and wait for its end.

    Args:
        words: The id of the process that starts this one, and those of torchrun.

    Returns:
        0, or the status of the process that failed first; 128 and the number of a signal, if one ended it.
    """
    end_with_parent(int(words[0]), signal.SIGTERM)  # which it passes on
    os.environ[LAUNCHER_VARIABLE] = str(os.getpid())
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    try:
        run(parse_args(list(words[1:])))  # type: ignore[no-untyped-call]  # torch has no types for them
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode >= 0:
            return failure.exitcode
        name = signal.Signals(-failure.exitcode).name
        advice = "; a machine short of memory does so" if name == "SIGKILL" else ""
        sys.stderr.write(f"process {rank} was ended by {name}{advice}\n")
        return _TO_SHELL - failure.exitcode
    except SignalException as error:  # which it has passed on
        return _TO_SHELL + error.sigval.value
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
