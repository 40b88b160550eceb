"""`binrecon export`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from binrecon.verbs.loading import loading
from binrecon.verbs.verb import Verb

if TYPE_CHECKING:
    from pathlib import Path

    from omegaconf import DictConfig


def _export(words: Sequence[str]) -> None:
    from binrecon.config.command_line import run_verb

    run_verb("export", words, _export_once)


def _export_once(config: "DictConfig", run_dir: "Path", overrides: Sequence[str]) -> None:
    with loading():
        from binrecon.config.compose import to_typed
        from binrecon.inference.export import export

    export(to_typed(config))


VERB = Verb(
    "write a run's counter as ONNX or for OpenVINO",
    _export,
    (
        "checkpoint=outputs/train/2026-11-23_12-00-00_000000",
        "checkpoint=outputs/train/2026-11-23_12-00-00_000000 format=openvino_int8 photos=400",
        "checkpoint=outputs/train/2026-11-23_12-00-00_000000 tta=none output=counters/bins.onnx",
    ),
)
