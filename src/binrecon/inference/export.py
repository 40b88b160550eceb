"""The verb `export`: a run's counter as a file for other programs, compared with torch before it is kept."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from binrecon import __version__
from binrecon.config.export import ONNX, OPENVINO_INT8, SUFFIXES, ExportConfig
from binrecon.console import get_console, track
from binrecon.errors import BinreconError, ConfigError, ExportError, OutputError
from binrecon.features.engine import CALIBRATION_PHOTOS
from binrecon.inference.counter import Counter
from binrecon.inference.formats import (
    INPUT,
    OUTPUTS,
    Pixels,
    check_packages,
    load_runner,
    to_text,
    write_onnx,
    write_openvino,
)
from binrecon.inference.graph import CounterGraph
from binrecon.inference.parity import Parity, compare_probabilities
from binrecon.inference.validation import ValidationBins
from binrecon.whole_file import write_json

_BATCH = 8


def export(config: ExportConfig) -> None:
    """Write a run's counter in another format, and report its difference from torch.

    Args:
        config: Checked by `validate`.

    Raises:
        ConfigError: If a package is missing, or the counter's TTA views do not fit in a graph.
        CheckpointError: If the folder is not that of a finished run.
        ExportError: If the file differs too much from torch; it is removed then.
        OutputError: If it cannot be written.
    """
    check_packages(config.format)
    counter = load_exact(config)
    bins = ValidationBins(counter, config.source_root)
    place = choose_place(config, counter)
    try:
        size, parity = _write_compared(config, counter, bins, place)
    except OSError as error:
        if isinstance(error, BinreconError):
            raise
        raise OutputError(
            f"'{place}' cannot be written ({error.strerror}); choose another output, or make room"
        ) from error
    _show(config, place, size, parity)


def _write_compared(
    config: ExportConfig, counter: Counter, bins: ValidationBins, place: Path
) -> tuple[int, Parity]:
    """Write a file, compare it, and only then rename it into place; return its size and the comparison."""
    facts = describe(counter)
    bins.read(0, min(config.photos, len(bins)))  # other photos are refused before anything is written
    with (
        _making_folder(place.parent),
        tempfile.TemporaryDirectory(dir=place.parent, prefix=".export-") as folder,
    ):
        draft = Path(folder) / place.name
        _write(config.format, counter, bins, to_text(facts), draft)
        parity = _compare(config, counter, bins, draft)
        size = sum(path.stat().st_size for path in draft.parent.iterdir())
        _keep(draft, place)
    report = place.with_name(f"{place.name}.parity.json")
    write_json(report, {"format": config.format, **facts, "parity": asdict(parity)})
    return size, parity


@contextmanager
def _making_folder(folder: Path) -> Iterator[None]:
    """Create a folder, and remove it again if it stays empty."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if is_new:
            with suppress(OSError):
                folder.rmdir()  # only if nothing was written


def load_exact(config: ExportConfig) -> Counter:
    """Load the counter as it is exported: on the CPU, in float32, with TTA views that fit in a graph.

    Raises:
        ConfigError: If its TTA views are drawn for each photo.
    """
    counter = Counter.load(config.checkpoint, "cpu", tta=config.tta)  # type: ignore[arg-type]  # checked by validate
    if counter.sight.tta == "side_on":
        raise ConfigError(
            [
                "tta: the run averages over data.tta=side_on, which draws other looks at each photo, and no "
                "graph can; add tta=flip or tta=none"
            ]
        )
    trainer = replace(counter.config.trainer, precision="32-true")
    return replace(counter, config=replace(counter.config, trainer=trainer))


def describe(counter: Counter) -> dict[str, Any]:
    """Return the metadata of a file, as plain values."""
    sight, calibration, run = counter.sight, counter.calibration, counter.run
    git = run.read_facts().get("git")
    return {
        "binrecon": __version__,
        "run": run.path.resolve().name,
        "commit": None if git is None else git["commit"] + ("+" if git["is_dirty"] else ""),
        "input": f"{INPUT}: uint8, RGB, shape (batch, 3, {sight.image_size}, {sight.image_size})",
        "outputs": [f"{name}: float32, shape (batch, {len(counter.model.counts)})" for name in OUTPUTS],
        "counts": list(counter.model.counts),
        "above_range": counter.config.data.above_range,
        "image_size": sight.image_size,
        "resize": sight.resize,
        "tta": sight.tta,
        "model": asdict(counter.config.model) | {"head": counter.config.head.name},
        "calibration": None
        if calibration is None
        else {key: value for key, value in asdict(calibration).items() if key != "conformal"},
    }


def choose_place(config: ExportConfig, counter: Counter) -> Path:
    """Return the file to write."""
    if config.output is not None:
        return Path(config.output).expanduser()
    stem = "counter_int8" if config.format == OPENVINO_INT8 else "counter"
    return counter.run.path / "export" / f"{stem}{SUFFIXES[config.format]}"


def _write(
    format_name: str, counter: Counter, bins: ValidationBins, facts: dict[str, str], path: Path
) -> None:
    graph = CounterGraph(counter.model, counter.sight.tta == "flip", counter.calibration)
    size = counter.sight.image_size
    if format_name == ONNX:
        write_onnx(graph, size, facts, path)
        return

    def ranges() -> Iterator[Pixels]:
        """Yield the last bins: different from those compared, if there are enough."""
        first = max(0, len(bins) - CALIBRATION_PHOTOS)
        yield from (bins.read_pixels(start, start + _BATCH) for start in range(first, len(bins), _BATCH))

    write_openvino(graph, size, facts, path, ranges if format_name == OPENVINO_INT8 else None)


def _compare(config: ExportConfig, counter: Counter, bins: ValidationBins, path: Path) -> Parity:
    """Compare a file with torch on the first validation bins, in batches of one photo and of several.

    Raises:
        ExportError: If it is a format without rounding, and too far from torch.
    """
    photos = min(config.photos, len(bins))
    run = load_runner(config.format, path)
    batches = list(pairwise([0, *range(1, photos, _BATCH), photos]))
    ours, theirs = [], []
    for start, stop in track(batches, "comparing with torch", len(batches), "batches"):
        ours.append(run(bins.read_pixels(start, stop)))
        theirs.append(counter.predict(bins.read(start, stop)).filter(regex=r"^p_\d+$").to_numpy(np.float64))
    exported = np.concatenate(ours).astype(np.float64)
    parity = compare_probabilities(np.concatenate(theirs), exported, bins.classes[:photos])
    if config.format != OPENVINO_INT8 and not parity.largest_difference <= config.tolerance:
        raise ExportError(
            f"format={config.format}: on {photos} validation photos a probability differs by "
            f"{parity.largest_difference:.2g} from torch's, and tolerance={config.tolerance:g}; nothing was "
            "kept. Try another format, or a larger tolerance if that is near enough for you"
        )
    return parity


def _keep(draft: Path, place: Path) -> None:
    """Move a file into place, after its weights: if it is there, all of it is."""
    weights = draft.with_suffix(".bin")
    if weights.exists():
        weights.replace(place.with_suffix(".bin"))
    draft.replace(place)


def _show(config: ExportConfig, place: Path, size: int, parity: Parity) -> None:
    table = Table(title=f"{config.format} beside torch, {parity.photos} validation photos", title_style="")
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_row("largest difference of a probability", f"{parity.largest_difference:.2g}")
    table.add_row("mean difference", f"{parity.mean_difference:.2g}")
    table.add_row("same predicted count", f"{parity.same_counts:.1%}")
    table.add_row("accuracy", f"{parity.accuracy:.1%}")
    table.add_row("accuracy of torch", f"{parity.torch_accuracy:.1%}")
    console = get_console()
    console.print(table)
    console.print(f"written: {place} ({size / 1e6:.1f} MB)", markup=False, highlight=False)
