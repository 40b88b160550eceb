"""Count the items in photos of bins, and find the bins whose record is wrong.

The rooms, in the order in which a bin passes through them; a room knows only those above it in this list:

- `sources`   where bytes come from: a folder, S3, rendered bins
- `manifest`  bytes to one row per bin: recorded count, group, split, and what is wrong with it
- `models`    a batch of photos to features to count logits
- `optim`     gradients to steps: optimizers and learning-rate schedules
- `data`      rows to batches of photos
- `metrics`   counts and logits to numbers
- `calibration` log-probabilities to honest ones, likelihoods and count sets
- `features`  outputs of a frozen backbone, computed once and cached
- `report`    numbers and photos to tables and plots
- `training`  the Lightning edge: fit, test, checkpoints, the run folder
- `inference` the counter of a run for other programs: in Python, or as a file
- `sweep`     searches for hyper-parameters: many heads or runs to a winner, tested on other seeds
- `compare`   many run folders to one leaderboard, with the significance of its differences
- `reconcile` photos and records to decisions: which bins to recount, and how sure we are
- `cloud`     trainings on SageMaker: launched, followed, fetched, and the container's side
- `reproduce` published rows, run again
- `verbs`     the commands of the command line, a file each
- `cli`       the entry point that runs them

Beneath all of them: `errors`, `json_file` (JSON that is read back), `checksums` (of a run's files),
`whole_file` (files that are whole or as they were), `console` and `formulas`.

`from binrecon import Counter` counts the items in photos with a run that has been trained.
"""

from typing import TYPE_CHECKING

from binrecon.telemetry import keep_quiet

if TYPE_CHECKING:
    from binrecon.inference import Counter

__all__ = ["Counter", "__version__"]

__version__ = "0.1.0"

keep_quiet()  # before any library is loaded


def __getattr__(name: str) -> object:
    """Load torch only when a counter is asked for."""
    if name == "Counter":
        from binrecon.inference import Counter

        return Counter
    raise AttributeError(f"module 'binrecon' has no attribute '{name}'")
