"""Count the items in photos of bins, and find the bins whose record is wrong.

The rooms, in the order in which a bin passes through them; a room knows only those above it in this list:

- `sources`   where bytes come from: a folder, S3, rendered bins
- `manifest`  bytes to one row per bin: recorded count, group, split, and what is wrong with it
- `models`    a batch of photos to features to count logits
- `data`      rows to batches of photos
- `metrics`   counts and logits to numbers
- `features`  what a frozen backbone makes of photos, computed once and kept
- `report`    numbers and photos to tables and plots
- `training`  the Lightning edge: fit, test, checkpoints, the run folder
- `sweep`     searches for hyper-parameters: many heads or runs to a winner, tested on other seeds
- `compare`   many run folders to one leaderboard, with what its differences are worth
- `cloud`     trainings on SageMaker: launched, followed, fetched, and the container's side
- `reproduce` published rows and our own studies, run again
- `cli`       the verbs
"""

__version__ = "0.1.0"
