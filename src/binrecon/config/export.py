"""The keys of `export`, and what can be wrong with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from binrecon.config.options import option
from binrecon.config.schema import MISSING
from binrecon.config.spelling import did_you_mean

ONNX = "onnx"
OPENVINO = "openvino"
OPENVINO_INT8 = "openvino_int8"

SUFFIXES = {ONNX: ".onnx", OPENVINO: ".xml", OPENVINO_INT8: ".xml"}
"""Values of `format`, and the suffix of its file."""

_TTA_OF_GRAPHS = ("none", "flip")


@dataclass
class ExportConfig:
    """Everything that `export` needs."""

    checkpoint: str = option(is_path=True)
    """Folder of the run whose counter is written."""
    format: str = MISSING
    """`onnx`, `openvino` or `openvino_int8` (smaller and faster, and a little less exact)."""
    output: str | None = option(is_path=True)
    """File to write, `.onnx`, or `.xml` with a `.bin` beside it; null is in `export/` of the run's folder."""
    tta: str | None = MISSING
    """Views that are averaged: `flip` (a photo and its mirror image) or `none`; null is as in the run."""
    photos: int = option(at_least=1)
    """Validation photos on which what was written is compared with torch."""
    tolerance: float = MISSING
    """Largest difference of a probability from torch's above which `onnx` and `openvino` are refused."""
    source_root: str | None = option(is_path=True)
    """Folder of the bins, if they are no longer where the run found them."""


def check_export(config: DictConfig) -> Iterator[str]:
    """Yield what is wrong with a configuration of `export`; nothing for those of other verbs."""
    if OmegaConf.get_type(config) is not ExportConfig:
        return
    if not (Path(config.checkpoint).expanduser() / "config.yaml").is_file():
        yield (
            f"checkpoint: '{config.checkpoint}' is not the folder of a run (it has no config.yaml); "
            "give the path that a run printed at its end, as outputs/train/DATE_TIME"
        )
    if config.format not in SUFFIXES:
        yield (
            f"format: '{config.format}' is none of {', '.join(SUFFIXES)}"
            f"{did_you_mean(config.format, SUFFIXES)}"
        )
    elif config.output is not None and Path(config.output).suffix != (suffix := SUFFIXES[config.format]):
        yield f"output: '{config.output}' must end in {suffix} for format={config.format}"
    if config.tta == "side_on":
        yield "tta: side_on draws other looks at each photo, which no graph can; use flip or none"
    elif config.tta not in (None, *_TTA_OF_GRAPHS):
        yield f"tta: '{config.tta}' is none of {', '.join(_TTA_OF_GRAPHS)}"
    if not 0 < config.tolerance < float("inf"):
        yield f"tolerance: must be above 0, got {config.tolerance}"
    if config.source_root is not None and not Path(config.source_root).expanduser().is_dir():
        yield f"source_root: '{config.source_root}' is not a folder; give the one that holds bin-images/"
