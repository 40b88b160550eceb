"""One of several training processes; torchrun starts it with a run folder that the first process prepared."""

import sys
from pathlib import Path

from binrecon.deadline import WORKER_DEADLINE_S, ending_when_told
from binrecon.errors import EXIT_INTERRUPTED, EXIT_MISUSE, BinreconError
from binrecon.escaping import escape_controls
from binrecon.output_streams import prepare_streams
from binrecon.training.run import fit_in_worker
from binrecon.training.run_folder import RunFolder


def main() -> int:
    """Train; on an error that a user can mend, print it alone."""
    prepare_streams()
    folder = RunFolder(Path(sys.argv[1]))
    try:
        with ending_when_told(WORKER_DEADLINE_S):
            fit_in_worker(folder, folder.read_config())
    except BinreconError as error:
        sys.stderr.write(escape_controls(f"{type(error).__name__}: {error}\n"))
        return EXIT_MISUSE
    except KeyboardInterrupt:  # who started it says so
        return EXIT_INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
