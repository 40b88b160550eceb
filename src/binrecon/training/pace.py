"""Estimate of a run's speed on this machine: some seconds of its real steps, on its real photos."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from binrecon.config.schema import Phase, TrainConfig
from binrecon.data.batch import BinBatch
from binrecon.data.datamodule import BinDataModule
from binrecon.data.transforms import VIEW_COUNT
from binrecon.data.workers import begin_worker
from binrecon.features import RowKey, choose_engine
from binrecon.features.engine import CALIBRATION_PHOTOS, build_engine
from binrecon.features.extract import PhotoBlocks
from binrecon.features.row_table import RowTable
from binrecon.features.rows import BLOCK_ROWS, Block
from binrecon.manifest import Manifest
from binrecon.models import BinCounter, build_counter
from binrecon.optim.build import build_optimizer, group_parameters
from binrecon.sources.build import build_source
from binrecon.training.cached import why_live
from binrecon.training.hardware import autocast, choose_device
from binrecon.training.memory import keep_freed_memory
from binrecon.training.module import CountingModule
from binrecon.training.phases import plan_phases
from binrecon.training.prepare import counter_facts

_WARM_UP = 2
"""Batches that are not timed: the first ones choose kernels, and take memory from the system."""

_CPU_BATCH = 32
"""Largest batch that is timed on a CPU, where one of 128 takes half a minute and is no faster."""


@dataclass(frozen=True)
class Pace:
    """The timing of a run; photos are counted as often as they are read.

    Attributes:
        phases: Each phase with the training photos a second; empty where features are kept.
        evaluation: Photos a second in validation and test; NaN where features are kept.
        extraction: Views a second through a frozen backbone; None where it sees photos in every epoch.
        device: What computed.
    """

    phases: tuple[tuple[Phase, float], ...]
    evaluation: float
    extraction: float | None
    device: str


def time_run(config: TrainConfig, manifest: Manifest, seconds: float) -> Pace:
    """Time what a run spends its time on; weights are random, since speed does not depend on them.

    Args:
        config: Of the run; of several devices one is timed.
        manifest: The bins at hand.
        seconds: For all measurements together.
    """
    counter = build_counter(**counter_facts(config), weights="random", seed=config.seed)
    device = choose_device(config.trainer)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    if device.type == "cpu":
        keep_freed_memory()
        config = replace(
            config, data=replace(config.data, batch_size=min(config.data.batch_size, _CPU_BATCH))
        )
    if why_live(config) is None:
        return Pace((), float("nan"), _time_extraction(config, manifest, counter, seconds), name)
    phases = plan_phases(config, counter.backbone.stages.names)
    kinds = {(phase.image_size, phase.first_stage): phase for phase in phases}
    share = seconds / (len(kinds) + 1)
    with _determinism(config.trainer.is_deterministic):
        rates = {kind: _time_phase(config, manifest, counter, kinds[kind], share) for kind in kinds}
        evaluation = _time_evaluation(config, manifest, counter, share)
    timed = tuple((phase, rates[phase.image_size, phase.first_stage]) for phase in phases)
    return Pace(timed, evaluation, None, name)


@contextlib.contextmanager
def _determinism(is_wanted: bool) -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(is_wanted)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _time_phase(
    config: TrainConfig, manifest: Manifest, counter: BinCounter, phase: Phase, seconds: float
) -> float:
    module = _build_module(config, counter, phase)
    optimizer = build_optimizer(
        module.optimizer_config, group_parameters(counter.backbone, counter.head, module.lr_factors)
    )
    data = _open_data(config, manifest, [phase.image_size])
    done = 0

    def step(batch: BinBatch) -> int:
        nonlocal done
        with autocast(config.trainer):
            loss = module.training_step(batch, done)
        loss.backward()  # type: ignore[no-untyped-call]  # torch publishes no types for it
        done += 1
        if done % config.trainer.accumulate == 0:
            optimizer.step()
            optimizer.zero_grad()
        return len(batch.photos)

    return _time_batches(data, data.train_dataloader(), config, step, seconds)


def _build_module(config: TrainConfig, counter: BinCounter, phase: Phase) -> CountingModule:
    """Build what trains a phase; its steps are so small that nothing diverges however long it is timed."""
    module = CountingModule(
        counter=counter,
        optimizer=replace(config.optimizer, lr=1e-9),
        schedule=config.schedule,
        loss=config.loss,
        seed=config.seed,
        steps_per_epoch=1,
        phases=(replace(phase, first_epoch=0, begins_anew=False),),
        lr_factors=config.regime.lr_factors(counter.backbone.stages.names),
        facts={},
    )
    return module.to(choose_device(config.trainer)).train()


def _time_evaluation(config: TrainConfig, manifest: Manifest, counter: BinCounter, seconds: float) -> float:
    counter.to(choose_device(config.trainer)).eval()
    data = _open_data(config, manifest)

    def look(batch: BinBatch) -> int:
        with torch.inference_mode(), autocast(config.trainer):
            counter(batch.photos)
        return len(batch.photos)

    return _time_batches(data, data.val_dataloader(), config, look, seconds)


def _open_data(config: TrainConfig, manifest: Manifest, image_sizes: Sequence[int] = ()) -> BinDataModule:
    source, parts = build_source(config.source), config.trainer.accumulate
    return BinDataModule(source, manifest, config.data, config.seed, parts=parts, image_sizes=image_sizes)


def _time_batches(
    data: BinDataModule,
    loader: Iterable[object],
    config: TrainConfig,
    work: Callable[[BinBatch], int],
    seconds: float,
) -> float:
    device = choose_device(config.trainer)

    def do(batch: object) -> int:
        return work(cast(BinBatch, data.transfer_batch_to_device(cast(BinBatch, batch), device, 0)))

    return _time(loader, do, device, seconds)


def _time(
    pieces: Iterable[object], work: Callable[[object], int], device: torch.device, seconds: float
) -> float:
    """Work through pieces, again and again, for so long; return how many photos a second."""
    photos, started = 0, None
    for number, piece in enumerate(_repeat(pieces)):
        if number == _WARM_UP:
            _wait(device)
            started = time.perf_counter()
        count = work(piece)
        if started is not None:
            photos += count
            if time.perf_counter() - started >= seconds:
                break
    _wait(device)
    return photos / (time.perf_counter() - cast(float, started))


def _repeat(pieces: Iterable[object]) -> Iterator[object]:
    while True:
        yield from pieces


def _wait(device: torch.device) -> None:
    """Wait until what was asked of a GPU is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _time_extraction(config: TrainConfig, manifest: Manifest, counter: BinCounter, seconds: float) -> float:
    device, wish, size = choose_device(config.trainer), config.features, config.data.image_size
    photos, blocks = _open_blocks(config, manifest)
    workers = config.data.workers
    loader = DataLoader(
        photos, sampler=blocks, batch_size=None, num_workers=workers, worker_init_fn=begin_worker
    )
    with tempfile.TemporaryDirectory() as folder:
        engine = build_engine(
            choose_engine(wish.engine, wish.precision, device.type),
            counter.backbone,
            device,
            size,
            Path(folder),
            lambda: (photos[block][1] for block in blocks[: -(-CALIBRATION_PHOTOS // BLOCK_ROWS)]),
        )

        def extract(piece: object) -> int:
            _, pixels = cast(tuple[Block, Tensor], piece)
            return len(engine(pixels))

        return _time(loader, extract, device, seconds)


def _open_blocks(config: TrainConfig, manifest: Manifest) -> tuple[PhotoBlocks, list[Block]]:
    """Return the views of the training photos, in the blocks in which they would be computed."""
    rows = manifest.rows_of("train")
    views = range(VIEW_COUNT if config.data.horizontal_flip else 1)
    found = zip(rows.photo_hashes, rows.bin_ids, strict=True)
    bins = {RowKey(photo, view): bin_id for photo, bin_id in found for view in views}
    table = RowTable.of(bins)
    source = build_source(config.source)
    return PhotoBlocks(source, bins, table, config.data.image_size, config.data.resize), table.blocks
