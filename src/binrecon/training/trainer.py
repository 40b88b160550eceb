"""Lightning's trainer: with which callbacks, on which devices, by which strategy."""

import logging
import warnings

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.strategies import ModelParallelStrategy, Strategy

from binrecon.config.metric_names import monitor_mode
from binrecon.config.schema import TrainConfig
from binrecon.config.trainer_words import FSDP, is_distributed
from binrecon.training.averaging import WeightAverage
from binrecon.training.cached import count_parts, why_live
from binrecon.training.callbacks import ConsoleProgress, EpochHistory, PredictionWriter
from binrecon.training.checkpoints.lightning_io import AtomicCheckpointIO, MovableCheckpoint
from binrecon.training.checkpoints.mirror import CheckpointMirror, MirrorCheckpoints
from binrecon.training.checkpoints.position import settings_of_epoch
from binrecon.training.checkpoints.within_epoch import CheckpointWithinEpoch
from binrecon.training.distributed.environment import choose_environment
from binrecon.training.distributed.place import Place
from binrecon.training.distributed.ranks import Ranks
from binrecon.training.early_stopping import StopEarly
from binrecon.training.interruption import PromptStop
from binrecon.training.legs import LegClock
from binrecon.training.logs.run_log import RunLog
from binrecon.training.run_folder import RunFolder


def build_callbacks(
    config: TrainConfig, folder: RunFolder, log: RunLog, place: Place, ranks: Ranks | None
) -> list[Callback]:
    """Build what happens around training."""
    mode = monitor_mode(config.monitor)
    history = EpochHistory(folder.history if config.logger.name != "none" else None, log.log_epoch)
    callbacks: list[Callback] = [
        ConsoleProgress(),
        history,
        LegClock(folder.read_facts()["legs"]),
        PredictionWriter(folder.predictions, folder.val_predictions, config.data.min_count),
        MovableCheckpoint(
            folder.checkpoints,
            filename=folder.best_checkpoint.stem,
            monitor=config.monitor,
            mode=mode,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
        MovableCheckpoint(  # of every epoch: `save_last=True` above would write it only beside a new best one
            folder.checkpoints,
            filename=folder.last_checkpoint.stem,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
    ]
    if why_live(config) is not None:  # an epoch over kept features takes seconds
        callbacks.append(
            CheckpointWithinEpoch(
                folder.last_checkpoint,
                config.trainer.checkpoint_minutes,
                settings_of_epoch(config),
                place,
                ranks,
            )
        )
    elif ranks is not None:
        callbacks.append(PromptStop())
    if config.trainer.checkpoint_mirror is not None:
        callbacks.append(MirrorCheckpoints(CheckpointMirror(config.trainer.checkpoint_mirror), folder))
    if config.trainer.ema_decay is not None:
        callbacks.append(WeightAverage(config.trainer.ema_decay))
    patience = config.callbacks.early_stopping_patience
    if patience is not None:
        callbacks.append(StopEarly(history, config.monitor, mode, patience))
    return callbacks


def build_trainer(
    config: TrainConfig, folder: RunFolder, callbacks: list[Callback], place: Place, max_epochs: int
) -> pl.Trainer:
    """Build the trainer of this process, which may be one of several, for so many epochs in all."""
    is_live = why_live(config) is not None  # else the module takes steps on its own
    return pl.Trainer(
        accelerator=config.trainer.accelerator,
        devices=config.trainer.devices,
        num_nodes=config.trainer.nodes,
        accumulate_grad_batches=count_parts(config),
        gradient_clip_val=config.trainer.gradient_clip_norm if is_live else None,  # else by the module
        strategy=_choose_strategy(config, place),
        precision=config.trainer.precision,  # type: ignore[arg-type]  # one of three words, checked by validate
        max_epochs=max_epochs,
        deterministic=config.trainer.is_deterministic,
        default_root_dir=folder.path,
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO(), choose_environment(place)],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def _choose_strategy(config: TrainConfig, place: Place) -> str | Strategy:
    if not is_distributed(config.trainer):
        return "auto"
    if config.trainer.name == FSDP:
        return ModelParallelStrategy(place.size, 1, save_distributed_checkpoint=False)
    unfreezes = config.regime.unfreezes  # then some parameters have no gradient yet
    return "ddp_find_unused_parameters_true" if unfreezes else "ddp"


def describe_devices(trainer: pl.Trainer) -> str:
    """Say how many devices of which kind there are."""
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return f"{trainer.world_size} x {name}"


def quieten_lightning() -> None:
    """Leave the console to what is worth reading."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    for advice in (
        r".*does not have many workers.*",
        r".*Checkpoint directory.*exists and is not empty.*",
        r".*in eval mode at the start of training.*",  # frozen is meant
        r".*your dataloader is not resumable.*",  # our samplers begin where training stands
        r".*sync_dist=True.*",  # metrics add up over processes by themselves
        r".*WeightAveraging callback with a model that overrides.*",  # which shards for fsdp alone
        r".*isinstance\(treespec, LeafSpec\).*",  # Lightning 2.6 on torch 2.13
    ):
        warnings.filterwarnings("ignore", advice)
