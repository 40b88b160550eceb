"""The bins that a run was evaluated on; only runs with the same ones are compared."""

from typing import NamedTuple

from binrecon.config.schema import DataConfig
from binrecon.manifest.thinning import undo_thinning
from binrecon.training.run_folder import RunFolder


class JudgedBins(NamedTuple):
    """Bins, split and range of counts, which must be the same for two runs to be comparable.

    Attributes:
        manifest: Hash of the run's manifest, which holds every bin with its split; of a run on part of the
            training bins, that of a run on all of them.
        split: Value of `data.split`.
        judged_split: `test`, or `val` where a published split keeps no test bins.
        counts: Range of counts and what happened above it, for instance `0 to 5, drop`.
    """

    manifest: str
    split: str
    judged_split: str
    counts: str

    def describe(self) -> str:
        """Name it in a table, for instance `grouped test, 0 to 5, drop, manifest 1a2b3c4d`."""
        return f"{self.split} {self.judged_split}, {self.counts}, manifest {self.manifest[:8]}"


def read_judged_bins(folder: RunFolder, data: DataConfig, judged_split: str) -> JudgedBins:
    """Read the bins that a finished run was evaluated on.

    Raises:
        ManifestError: If the manifest of a run on a fraction of the training bins is gone or damaged.
        DamagedRunError: If the run does not state them.
    """
    manifest_hash = str(folder.read_fact("manifest_hash"))
    if data.train_share < 1:
        manifest_hash = undo_thinning(folder.read_manifest()).content_hash()
    counts = f"{data.min_count} to {data.max_count}, {data.above_range}"
    return JudgedBins(manifest_hash, data.split, judged_split, counts)
