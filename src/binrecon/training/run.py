"""One training run, from a checked configuration to a folder with everything that came of it."""

import os
import signal
from collections.abc import Sequence

import pytorch_lightning as pl

from binrecon.checksums import is_there
from binrecon.config.schema import TrainConfig, WandbLoggerConfig
from binrecon.config.stored.overrides import storable
from binrecon.config.trainer_words import is_distributed
from binrecon.console import get_console
from binrecon.data.balance import expected_shares
from binrecon.data.datamodule import BinDataModule, check_share
from binrecon.errors import CalibrationError, OutputError
from binrecon.features.datamodule import FeatureDataModule
from binrecon.models import BinCounter
from binrecon.models.heads.build import init_bias_from_prior
from binrecon.report.summary import model_table
from binrecon.training.cached import why_live
from binrecon.training.calibrate import calibrate_run
from binrecon.training.callbacks import RunWatch
from binrecon.training.checkpoints.files import check_same_model, complete_checkpoint, write_frozen_part
from binrecon.training.checkpoints.mirror import CheckpointMirror
from binrecon.training.checkpoints.position import check_same_epoch, read_position
from binrecon.training.distributed.batch_norm import sync_batch_norm
from binrecon.training.distributed.launcher import LAUNCHER_VARIABLE
from binrecon.training.distributed.parent import end_with_parent
from binrecon.training.distributed.place import ALONE, Place, check_place, find_place, place_of_run
from binrecon.training.distributed.processes import start_processes
from binrecon.training.distributed.ranks import Ranks, joined
from binrecon.training.hardware import choose_device
from binrecon.training.interruption import requeueing, stopping_as_asked
from binrecon.training.logs.run_log import RunLog
from binrecon.training.machine import check_decoding, check_machine
from binrecon.training.memory import keep_freed_memory
from binrecon.training.module import CountingModule
from binrecon.training.prepare import (
    build_data,
    build_module,
    check_maps_in_training,
    kept_facts,
    look_at_bins,
    note_weights,
    prepare_counter,
    prepare_manifest,
    train_counts,
)
from binrecon.training.results import read_best, report_results
from binrecon.training.resumption import check_same_words
from binrecon.training.run_folder import RunFolder, collect_facts
from binrecon.training.trainer import build_callbacks, build_trainer, describe_devices, quieten_lightning


def train(
    config: TrainConfig,
    folder: RunFolder,
    overrides: Sequence[str],
    watch: RunWatch | None = None,
    worker: str = "binrecon.training.worker",
    place: Place = ALONE,
) -> float | None:
    """Train a counter, test its best checkpoint, and fill the run folder.

    Args:
        config: Checked by `validate`.
        folder: Where everything goes. If it holds a checkpoint, the run goes on from there.
        overrides: The words that made the configuration, to be kept with the run.
        watch: Looks at every epoch, and may end the run; for a run in this process.
        worker: Module that one of several processes runs; it calls `fit`, with a watch of its own.
        place: Of this process; unless others were started with it, several devices start some.

    Returns:
        The best value of `config.monitor`; None if a watch ended the run, which is not tested then, and in
        every process but the first.

    Raises:
        BinreconError: If the bins, the weights, the checkpoint, the folder or the machine do not allow it.
    """
    place = place_of_run(place, config.trainer)
    check_place(config.trainer, place)
    check_machine(config)
    with requeueing(place):
        if place.size > 1 or (place.starter == "torchrun" and is_distributed(config.trainer)):
            _train_together(config, folder, overrides, place)
            return read_best(folder, config.monitor) if place.is_first else None
        counter = _prepare(config, folder, overrides, place)
        if is_distributed(config.trainer):
            start_processes(config, folder, worker)
        else:
            fit(config, folder, counter, watch)
    return None if "ended_early" in folder.read_facts() else read_best(folder, config.monitor)


def _train_together(config: TrainConfig, folder: RunFolder, overrides: Sequence[str], place: Place) -> None:
    """Train as one of several processes that somebody else started."""
    with joined(config, place) as ranks:
        ranks.check_agreement(config)
        ranks.first_does(lambda: _prepare(config, folder, overrides, place))
        if place.speaks:
            folder.begin()  # on a machine that does not see the first one's disk
        ranks.share_files(folder.needed_to_train)
        fit(config, folder, place=place, ranks=ranks)


def _prepare(config: TrainConfig, folder: RunFolder, overrides: Sequence[str], place: Place) -> BinCounter:
    """Write into the run folder what training needs, and show what is trained on what."""
    console = get_console()
    mirror = config.trainer.checkpoint_mirror
    stored = storable(overrides, config)
    goes_on = mirror is not None and CheckpointMirror(mirror).pull(folder, stored)
    _check_folder(config, folder, goes_on or config.resume is not None or folder.is_left_by(place.job))
    facts = collect_facts(overrides, stored, config.seed)
    counter = prepare_counter(config, folder)  # a wrong word ends the run now, not after a look at all bins
    manifest, splits = look_at_bins(config)
    read_position(folder.last_checkpoint).check_bins(manifest.content_hash())
    folder.write_config(config)
    folder.update_facts(**facts, job=place.job)
    note_weights(folder, counter)
    console.print(model_table(counter))
    prepare_manifest(config, folder, manifest, splits)
    check_maps_in_training(config, manifest, counter)
    for split in dict.fromkeys(("val", manifest.judged_split)):  # now, not when the training has ended
        bins = sum(manifest.count_classes(split).values())
        check_share(split, bins, config.trainer.devices * config.trainer.nodes)
    if (reason := why_live(config)) is not None:
        check_decoding(config, manifest)
        console.print(f"features: live ({reason})")
    return counter


def fit(
    config: TrainConfig,
    folder: RunFolder,
    counter: BinCounter | None = None,
    watch: RunWatch | None = None,
    place: Place = ALONE,
    ranks: Ranks | None = None,
) -> None:
    """Train and test in this process, which may be one of several; the first of them reports the results.

    Args:
        config: Checked by `validate`.
        folder: The run folder, with its manifest.
        counter: The model, if it is at hand already.
        watch: Looks at every epoch, and may end the run.
        place: Of this process.
        ranks: All processes, where there are several.
    """
    quieten_lightning()
    if config.trainer.accelerator == "cpu":
        keep_freed_memory()
    counter = counter or prepare_counter(config, folder)
    with _build_log(config, folder, place) as log, stopping_as_asked(folder.last_checkpoint, place):
        _fit(config, folder, counter, watch, log, place, ranks)


def fit_in_worker(folder: RunFolder, config: TrainConfig, watch: RunWatch | None = None) -> None:
    """Train and test in one of the processes that `train` started.

    Args:
        folder: The run folder, prepared.
        config: Of the run.
        watch: Looks at every epoch, and may end the run.
    """
    end_with_parent(int(os.environ[LAUNCHER_VARIABLE]), signal.SIGKILL)
    place = find_place(os.environ)
    with joined(config, place) as ranks:
        fit(config, folder, watch=watch, place=place, ranks=ranks)


def _fit(
    config: TrainConfig,
    folder: RunFolder,
    counter: BinCounter,
    watch: RunWatch | None,
    log: RunLog,
    place: Place,
    ranks: Ranks | None,
) -> None:
    manifest = folder.read_manifest()
    if config.head.init_bias_from_prior and not folder.last_checkpoint.exists():
        shares = expected_shares(config.data, train_counts(config, manifest))
        init_bias_from_prior(config.head, counter.head, shares)
    data = build_data(config, folder, manifest, counter)
    if ranks is not None and config.trainer.syncs_batchnorm:
        sync_batch_norm(counter, choose_device(config.trainer).type)
    module = build_module(config, manifest, counter)
    callbacks = build_callbacks(config, folder, log, place, ranks) + ([watch] if watch is not None else [])
    trainer = build_trainer(config, folder, callbacks, place)
    last = folder.last_checkpoint
    if trainer.is_global_zero:
        write_frozen_part(folder.checkpoints, counter)
    trainer.fit(module, data, ckpt_path=last if last.exists() else None, weights_only=True)
    if watch is not None and watch.has_ended_run:
        if trainer.is_global_zero:
            ended = f"after epoch {trainer.current_epoch}"
            folder.update_facts(ended_early=ended, seconds=folder.seconds_since_start())
        return
    if ranks is not None:
        ranks.share_files([folder.best_checkpoint])
    _judge(config, folder, trainer, module, data)
    if trainer.is_global_zero:
        folder.update_facts(epochs=trainer.current_epoch, device=describe_devices(trainer))
        if isinstance(data, FeatureDataModule):
            folder.update_facts(features={"store": data.store.folder.name, "computed": data.computed})
        folder.update_facts(seconds=folder.seconds_since_start())
        log.log_results(report_results(config, folder, manifest))


def _judge(
    config: TrainConfig,
    folder: RunFolder,
    trainer: pl.Trainer,
    module: CountingModule,
    data: BinDataModule,
) -> None:
    """Test the best checkpoint, and calibrate it: every process predicts, the first one does the rest."""
    best, manifest = folder.best_checkpoint, data.manifest
    trainer.test(module, data, ckpt_path=best, weights_only=True, verbose=False)
    if manifest.judged_split != "val":  # else the validation bins were predicted just now
        trainer.predict(module, datamodule=data, return_predictions=False)  # with the weights just tested
    if trainer.is_global_zero:
        complete_checkpoint(best)
        try:
            calibrate_run(config, folder, manifest, "temperature")
        except CalibrationError as error:  # it is a run all the same
            get_console().print(f"not calibrated: {error}", markup=False, highlight=False)


def _check_folder(config: TrainConfig, folder: RunFolder, goes_on: bool) -> None:
    """Refuse to write over a run or to go on as another one, and say where a resumed one begins.

    Nothing is written before, so that what is refused leaves the run as it was, to be resumed by other words.
    A job that torchrun or Slurm starts again goes on with its own run, as does one whose mirror has begun it.
    """
    if folder.facts.exists() and not goes_on:
        raise OutputError(
            f"the folder '{folder.path}' already holds a run; go on with it by resume={folder.path}, "
            "or choose another folder"
        )
    if is_there(folder.last_checkpoint):
        check_same_model(folder.last_checkpoint, kept_facts(config))
        check_same_words(folder.config, config)
        check_same_epoch(folder.last_checkpoint, config)
    elif goes_on:
        get_console().print(f"{folder.path} holds no checkpoint yet: the run starts from its first epoch")


def _build_log(config: TrainConfig, folder: RunFolder, place: Place) -> RunLog:
    """Open what follows the run: in the first process, where one is asked for."""
    if not (place.is_first and isinstance(config.logger, WandbLoggerConfig)):
        return RunLog()
    from binrecon.training.logs.wandb_log import WandbLog  # W&B takes a second to load

    return WandbLog(config, folder)
