"""The start of a run: everything that can refuse it is checked before anything is written."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from binrecon.checksums import CHECKSUMS, is_there
from binrecon.config.schema import TrainConfig
from binrecon.config.stored.overrides import storable
from binrecon.console import get_console
from binrecon.errors import CheckpointError, OutputError
from binrecon.manifest import Manifest, SplitRule, write_manifest
from binrecon.manifest.same_bins import NEW_RUN, find_difference
from binrecon.models import BinCounter, hash_state
from binrecon.report.summary import model_table
from binrecon.training.cached import open_store, why_live
from binrecon.training.checkpoints.files import check_same_model
from binrecon.training.checkpoints.mirror import CheckpointMirror
from binrecon.training.checkpoints.position import check_same_epoch
from binrecon.training.distributed.place import Place
from binrecon.training.ended import Ended, find_end
from binrecon.training.legs import begin_leg, total_seconds
from binrecon.training.machine import check_decoding
from binrecon.training.prepare import (
    bins_facts,
    check_bins,
    check_maps_in_training,
    kept_facts,
    look_at_bins,
    prepare_counter,
    show_bins,
)
from binrecon.training.resumption import check_same_length, check_same_words, weights_of
from binrecon.training.run_folder import RunFolder, collect_facts
from binrecon.whole_file import remove, write_whole


@dataclass(frozen=True)
class Start:
    """A run that may begin or be resumed; nothing of it was written yet.

    Attributes:
        config: Of the run.
        folder: Of the run.
        earlier: The run so far: `folder`, or a copy of what a mirror holds.
        counter: The model, with the weights of the last checkpoint where there is one.
        manifest: The bins: those the run began with, once a checkpoint was written.
        splits: The rule that split them.
        facts: What `run.json` will say.
        end: The end of its training; None if epochs are left.
    """

    config: TrainConfig
    folder: RunFolder
    earlier: RunFolder
    counter: BinCounter
    manifest: Manifest
    splits: SplitRule
    facts: Mapping[str, Any]
    end: Ended | None

    @property
    def is_done(self) -> bool:
        """Return whether nothing is left to do: the training has ended and its results are there."""
        return self.end is not None and self.earlier.has_ended

    def write(self) -> None:
        """Write what training needs into the run folder, `run.json` last.

        Results of fewer epochs are removed, since the checkpoints they are of will not stay.
        """
        if self.earlier is not self.folder:
            _copy(self.earlier, self.folder)
        folder = self.folder
        folder.begin()
        remove(folder.metrics)
        if not is_there(folder.last_checkpoint):
            for stale in (folder.best_checkpoint, folder.frozen_part):  # of a run without a whole epoch
                remove(stale)
            write_manifest(self.manifest, folder.manifest)
        folder.write_config(self.config)
        folder.write_facts(self.facts)

    def show(self) -> None:
        """Show what is trained on what."""
        console = get_console()
        console.print(model_table(self.counter))
        show_bins(self.manifest, self.splits)
        if (reason := why_live(self.config)) is not None:
            console.print(f"features: live ({reason})")


@contextmanager
def checking_start(
    config: TrainConfig, folder: RunFolder, overrides: Sequence[str], place: Place
) -> Iterator[Start]:
    """Check a run that begins or is resumed, and give what it starts from; the run folder is only read.

    Args:
        config: Checked by `validate`.
        folder: Of the run.
        overrides: The overrides that made the configuration.
        place: Of this process.

    Raises:
        BinreconError: If the bins, the weights, the checkpoint, the folder or the mirror do not allow it.
    """
    with tempfile.TemporaryDirectory(prefix="binrecon-") as scratch:
        earlier, mirror = folder, config.trainer.checkpoint_mirror
        if mirror is not None and not folder.facts.exists():
            copy = RunFolder(Path(scratch))
            if CheckpointMirror(mirror).pull(copy, storable(overrides, config)):
                earlier = copy
        may_resume = earlier is not folder or config.resume is not None or folder.is_left_by(place.job)
        with _naming_mirror(scratch, mirror):
            _check_folder(config, folder, earlier, may_resume)
            start = _check(config, folder, earlier, overrides, place)
        yield start


@contextmanager
def _naming_mirror(scratch: str, mirror: str | None) -> Iterator[None]:
    """Name the mirror in an error, not the folder that its files were copied to."""
    try:
        yield
    except CheckpointError as error:
        if scratch not in str(error):
            raise
        raise CheckpointError(str(error).replace(scratch, str(mirror).rstrip("/"))) from error


def _check_folder(config: TrainConfig, folder: RunFolder, earlier: RunFolder, may_resume: bool) -> None:
    """Refuse to write over a run, or to resume it as another one.

    A job that torchrun or Slurm starts again resumes its own run, as does one whose mirror has begun it.
    """
    if folder.facts.exists() and not may_resume:
        raise OutputError(
            f"the folder '{folder.path}' already holds a run; go on with it by resume={folder.path}, "
            "or choose another folder"
        )
    if is_there(earlier.last_checkpoint):
        check_same_model(earlier.last_checkpoint, kept_facts(config))
        check_same_words(earlier.config, config)
        check_same_length(earlier.config, config)
        check_same_epoch(earlier.last_checkpoint, config)
    elif earlier.has_ended:
        raise CheckpointError(
            f"the run in '{folder.path}' has ended, but its {earlier.last_checkpoint.name} is gone, so it "
            "cannot be resumed; put back a copy of it, or start anew in another folder"
        )
    elif may_resume:
        get_console().print(f"{folder.path} holds no checkpoint yet: the run starts from its first epoch")


def _check(
    config: TrainConfig, folder: RunFolder, earlier: RunFolder, overrides: Sequence[str], place: Place
) -> Start:
    stored = storable(overrides, config)
    of_now = collect_facts(overrides, stored, config.seed)  # first, since the time begins with it
    end = find_end(earlier.last_checkpoint, config)
    counter = prepare_counter(config, earlier)  # a wrong key ends the run now, not after a look at all bins
    manifest, splits = look_at_bins(config)
    known: Mapping[str, Any] = {}
    if is_there(earlier.last_checkpoint):
        manifest = _check_same_bins(earlier, manifest)
        config = replace(config, model=replace(config.model, weights=weights_of(earlier.config, config)))
        known = earlier.read_facts()
    check_bins(config, manifest, splits)
    check_maps_in_training(config, manifest, counter)
    if why_live(config) is not None:
        check_decoding(config, manifest)
    weights_hash = str(known.get("weights_hash") or hash_state(counter.backbone))
    if why_live(config) is None:
        open_store(config, counter.backbone, weights_hash)
    kept = known or {key: value for key, value in earlier.read_facts().items() if key == "wandb"}
    facts = {
        **kept,
        **of_now,
        **({} if known else bins_facts(manifest, splits)),
        "job": place.job,
        "weights_hash": weights_hash,
        "ended": None,
    }
    facts |= _add_leg(of_now["started"], known, earlier, config)
    return Start(config, folder, earlier, counter, manifest, splits, facts, end)


def _add_leg(
    started: str, known: Mapping[str, Any], earlier: RunFolder, config: TrainConfig
) -> dict[str, Any]:
    """Return what `run.json` says of the time: the run is as old as its first leg."""
    legs = begin_leg(known.get("legs", ()), started, earlier.last_checkpoint, config)
    return {"started": legs[0]["started"], "legs": legs, "seconds": total_seconds(legs)}


def _check_same_bins(run: RunFolder, here: Manifest) -> Manifest:
    """Refuse other bins than those of a run, and return the run's own manifest.

    Raises:
        CheckpointError: With how many bins differ, and an example.
        ManifestError: If the run's manifest is damaged.
    """
    if not is_there(run.manifest):
        raise CheckpointError(
            f"the run in '{run.path}' has lost its {run.manifest.name}, so nothing says which bins it was "
            "trained on; put back a copy of it, or start anew in another folder"
        )
    earlier = run.read_manifest()
    difference = find_difference(earlier, here)
    if difference is not None:
        raise CheckpointError(
            f"the bins are not those of the run in '{run.path}': {difference.bins} differ; for "
            f"instance, {difference.example}. Resume it on "
            f"its own bins (source.root, data.labels), wherever they are now; {NEW_RUN}"
        )
    return earlier


def _copy(copy: RunFolder, folder: RunFolder) -> None:
    folder.begin()
    for path in copy.path.rglob("*"):
        if path.is_file() and path.name != CHECKSUMS:
            write_whole(folder.path / path.relative_to(copy.path), path.read_bytes())
