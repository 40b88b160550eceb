"""One training run, from a checked configuration to a folder with everything that came of it."""

import logging
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint
from torch import Tensor

from binrecon.config.metric_names import monitor_mode
from binrecon.config.schema import TrainConfig, WandbLoggerConfig
from binrecon.console import get_console
from binrecon.data.balance import build_class_weights, expected_shares
from binrecon.data.datamodule import BinDataModule
from binrecon.errors import CalibrationError, ConfigError, OutputError, TrainingError
from binrecon.features import FeatureDataModule
from binrecon.manifest import CountRange, Manifest, read_manifest
from binrecon.models import BinCounter
from binrecon.models.heads import start_at_shares
from binrecon.report.summary import model_table
from binrecon.training.averaging import WeightAverage
from binrecon.training.cached import why_live
from binrecon.training.calibrate import calibrate_run
from binrecon.training.callbacks import ConsoleProgress, EpochHistory, PredictionWriter, RunWatch
from binrecon.training.checkpoints import (
    AtomicCheckpointIO,
    check_same_model,
    complete_checkpoint,
    write_frozen_part,
)
from binrecon.training.feature_module import FeatureCountingModule
from binrecon.training.interruption import PromptStop, run_to_its_end, stopping_as_asked
from binrecon.training.memory import keep_freed_memory
from binrecon.training.module import CountingModule
from binrecon.training.phases import lr_factors, plan_phases
from binrecon.training.prepare import build_data, kept_facts, prepare_counter, prepare_manifest
from binrecon.training.results import read_best, report_results
from binrecon.training.run_folder import RunFolder, collect_facts
from binrecon.training.run_log import RunLog


def train(
    config: TrainConfig,
    folder: RunFolder,
    overrides: Sequence[str],
    watch: RunWatch | None = None,
    worker: str = "binrecon.training.worker",
) -> float | None:
    """Train a counter, test its best checkpoint, and fill the run folder.

    Args:
        config: Checked by `validate`.
        folder: Where everything goes. If it holds a checkpoint, the run goes on from there.
        overrides: The words that made the configuration, to be kept with the run.
        watch: Looks at every epoch, and may end the run; for a run in this process.
        worker: Module that one of several processes runs; it calls `fit`, with a watch of its own.

    Returns:
        The best value of `config.monitor`; None if a watch ended the run, which is not tested then.

    Raises:
        BinreconError: If the bins, the weights, the checkpoint, the folder or the machine do not allow it.
    """
    console = get_console()
    check_machine(config)
    _check_folder(config, folder)
    folder.write_config(config)
    folder.update_facts(**collect_facts(overrides, config.seed))
    counter = prepare_counter(config, folder)
    console.print(model_table(counter))
    prepare_manifest(config, folder)
    if (reason := why_live(config)) is not None:
        console.print(f"features: live ({reason})")
    if config.trainer.devices == 1:
        fit(config, folder, counter, watch)
    else:
        _start_processes(config, folder, worker)
    return None if "ended_early" in folder.read_facts() else read_best(folder, config.monitor)


def fit(
    config: TrainConfig,
    folder: RunFolder,
    counter: BinCounter | None = None,
    watch: RunWatch | None = None,
) -> None:
    """Train and test in this process, which may be one of several; the first of them reports the results.

    Args:
        config: Checked by `validate`.
        folder: The run folder, with its manifest.
        counter: The model, if it is at hand already.
        watch: Looks at every epoch, and may end the run.
    """
    _quieten_lightning()
    if config.trainer.accelerator == "cpu":
        keep_freed_memory()
    counter = counter or prepare_counter(config, folder)
    with _build_log(config, folder) as log, stopping_as_asked():
        _fit(config, folder, counter, watch, log)


def _fit(
    config: TrainConfig, folder: RunFolder, counter: BinCounter, watch: RunWatch | None, log: RunLog
) -> None:
    manifest = read_manifest(folder.manifest)
    if config.head.starts_at_prior and not folder.last_checkpoint.exists():
        start_at_shares(counter.head, expected_shares(config.data, _train_counts(config, manifest)))
    module, data = _build_module(config, manifest, counter), build_data(config, folder, manifest, counter)
    callbacks = _build_callbacks(config, folder, log) + ([watch] if watch is not None else [])
    trainer = _build_trainer(config, folder, callbacks)
    last = folder.last_checkpoint
    if trainer.is_global_zero:
        write_frozen_part(folder.checkpoints, counter)
    trainer.fit(module, data, ckpt_path=last if last.exists() else None, weights_only=True)
    if watch is not None and watch.has_ended_run:
        if trainer.is_global_zero:
            ended = f"after epoch {trainer.current_epoch}"
            folder.update_facts(ended_early=ended, seconds=folder.seconds_since_start())
        return
    _judge(config, folder, trainer, module, data)
    if trainer.is_global_zero:
        folder.update_facts(epochs=trainer.current_epoch, device=_describe_device(trainer))
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


def _check_folder(config: TrainConfig, folder: RunFolder) -> None:
    """Refuse to write over a run or to go on as another one, and say where a resumed one begins.

    Nothing is written before, so that what is refused leaves the run as it was, to be resumed by other words.
    """
    if config.resume is None and folder.facts.exists():
        raise OutputError(
            f"the folder '{folder.path}' already holds a run; go on with it by resume={folder.path}, "
            "or choose another folder"
        )
    if folder.last_checkpoint.exists():
        check_same_model(folder.last_checkpoint, kept_facts(config))
    elif config.resume is not None:
        get_console().print(f"{folder.path} holds no checkpoint yet: the run starts from its first epoch")


def check_machine(config: TrainConfig) -> None:
    """Make sure that the devices and the log can be had that a run asks for.

    Raises:
        ConfigError: If not.
    """
    _check_devices(config)
    _check_logger(config)


def _check_devices(config: TrainConfig) -> None:
    if config.trainer.accelerator != "gpu":
        return
    found = torch.cuda.device_count()
    if found < config.trainer.devices:
        raise ConfigError(
            [
                f"trainer.devices: trainer={config.trainer.name} wants {config.trainer.devices} GPUs, "
                f"this machine has {found}; use trainer=cpu, or lower trainer.devices"
            ]
        )


def _check_logger(config: TrainConfig) -> None:
    if isinstance(config.logger, WandbLoggerConfig):
        from binrecon.training.wandb_log import require_key  # W&B takes a second to load

        require_key(config.logger.mode)


def _build_module(config: TrainConfig, manifest: Manifest, counter: BinCounter) -> CountingModule:
    """Build what Lightning trains."""
    data, stages = config.data, counter.backbone.stages.names
    train_counts = _train_counts(config, manifest)
    settings: dict[str, Any] = {
        "counter": counter,
        "optimizer": config.optimizer,
        "loss": config.loss,
        "seed": config.seed,
        "steps_per_epoch": -(-len(train_counts) // data.batch_size),
        "class_weights": build_class_weights(data, train_counts),
        "phases": plan_phases(config, stages),
        "lr_factors": lr_factors(config.regime, stages),
        "facts": {
            **kept_facts(config),
            "optimizer": asdict(config.optimizer),
            "loss": asdict(config.loss),
            "monitor": config.monitor,
        },
    }
    if why_live(config) is not None:
        return CountingModule(**settings)
    share = data.batch_size // config.trainer.devices
    return FeatureCountingModule(share, config.trainer.gradient_clip_norm, **settings)


def _train_counts(config: TrainConfig, manifest: Manifest) -> Tensor:
    """Return the recorded counts of the training bins, limited to the range of classes, int64, shape (N,)."""
    recorded = manifest.select_rows("train", ["recorded_count"])["recorded_count"].to_pylist()
    return torch.tensor(CountRange.of(config.data).label_counts(recorded), dtype=torch.int64)


def _build_log(config: TrainConfig, folder: RunFolder) -> RunLog:
    """Open what follows the run: in the first process, where one is asked for."""
    is_first = config.trainer.devices == 1 or os.environ["RANK"] == "0"  # torchrun sets it
    if not (is_first and isinstance(config.logger, WandbLoggerConfig)):
        return RunLog()
    from binrecon.training.wandb_log import WandbLog  # W&B takes a second to load

    return WandbLog(config, folder)


def _build_callbacks(config: TrainConfig, folder: RunFolder, log: RunLog) -> list[Callback]:
    callbacks: list[Callback] = [
        ConsoleProgress(),
        EpochHistory(folder.history if config.logger.name != "none" else None, log.log_epoch),
        PredictionWriter(folder.predictions, folder.val_predictions, config.data.min_count),
        ModelCheckpoint(
            folder.checkpoints,
            filename=folder.best_checkpoint.stem,
            monitor=config.monitor,
            mode=monitor_mode(config.monitor),
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
        ModelCheckpoint(  # of every epoch: `save_last=True` above would write it only beside a new best one
            folder.checkpoints,
            filename=folder.last_checkpoint.stem,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
    ]
    if config.trainer.devices > 1:
        callbacks.append(PromptStop())
    if config.trainer.ema_decay is not None:
        callbacks.append(WeightAverage(config.trainer.ema_decay))
    patience = config.callbacks.early_stopping_patience
    if patience is not None:
        mode = monitor_mode(config.monitor)
        callbacks.append(
            EarlyStopping(config.monitor, patience=patience, mode=mode, check_on_train_epoch_end=True)
        )
    return callbacks


def _build_trainer(config: TrainConfig, folder: RunFolder, callbacks: list[Callback]) -> pl.Trainer:
    is_live = why_live(config) is not None  # else the module takes steps on its own
    return pl.Trainer(
        accelerator=config.trainer.accelerator,
        devices=config.trainer.devices,
        accumulate_grad_batches=config.trainer.accumulate if is_live else 1,  # a batch of features is small
        gradient_clip_val=config.trainer.gradient_clip_norm if is_live else None,  # else by the module
        strategy=_choose_strategy(config),
        precision=config.trainer.precision,  # type: ignore[arg-type]  # one of three words, checked by validate
        max_epochs=config.trainer.max_epochs,
        deterministic=config.trainer.is_deterministic,
        default_root_dir=folder.path,
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO()],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def _choose_strategy(config: TrainConfig) -> str:
    if config.trainer.devices == 1:
        return "auto"
    unfreezes = config.regime.name in ("gradual", "phased")  # then some parameters have no gradient yet
    return "ddp_find_unused_parameters_true" if unfreezes else "ddp"


def _start_processes(config: TrainConfig, folder: RunFolder, worker: str) -> None:
    """Run `fit` in one process per device under torchrun, all from the configuration in the run folder."""
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone",
        f"--nproc-per-node={config.trainer.devices}", "-m", worker, str(folder.path),
    ]  # fmt: skip
    status = run_to_its_end(command)
    if status != 0:
        raise TrainingError(
            f"one of {config.trainer.devices} training processes failed with status {status}; "
            f"its error stands above. Once it is mended, go on with resume={folder.path}"
        )


def _describe_device(trainer: pl.Trainer) -> str:
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return f"{trainer.world_size} x {name}"


def _quieten_lightning() -> None:
    """Leave the console to what is worth reading."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    for advice in (
        r".*does not have many workers.*",
        r".*Checkpoint directory.*exists and is not empty.*",
        r".*in eval mode at the start of training.*",  # frozen is meant
        r".*sync_dist=True.*",  # metrics add up over processes by themselves
        r".*isinstance\(treespec, LeafSpec\).*",  # Lightning 2.6 on torch 2.13
    ):
        warnings.filterwarnings("ignore", advice)
