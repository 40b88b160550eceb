"""Checks that files and folders exist."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from omegaconf import DictConfig, OmegaConf

from binrecon.config.schema import WEIGHT_WORDS, SourceConfig
from binrecon.config.spelling import did_you_mean
from binrecon.config.subset_words import parse_subset


def check_paths(config: DictConfig) -> Iterator[str]:
    """Check that files and folders exist."""
    source = OmegaConf.select(config, "source")
    is_given = source is not None and cast(type[SourceConfig], OmegaConf.get_type(source)).is_given
    if is_given and not Path(source.root).is_dir():
        yield (
            f"source.root: '{source.root}' is not a folder; "
            "give the folder that holds bin-images/ and metadata/ (source.root=PATH), "
            "or render bins with source=synthetic"
        )
    weights = OmegaConf.select(config, "model.weights")
    if weights is not None and weights not in WEIGHT_WORDS and not Path(weights).is_file():
        yield (
            f"model.weights: '{weights}' is neither {' nor '.join(WEIGHT_WORDS)} nor an existing file"
            f"{did_you_mean(weights, WEIGHT_WORDS)}"
        )
    yield from _check_ids(config)
    labels = OmegaConf.select(config, "data.labels")
    needs_labels = labels is not None and OmegaConf.select(config, "data.counts_from") != "lists"
    if needs_labels and not Path(labels).expanduser().is_file():
        yield f"data.labels: '{labels}' is not a file; give a labels.csv, as `reconcile --apply` writes it"
    resume = OmegaConf.select(config, "resume")
    if resume is not None and not Path(resume).exists():
        yield f"resume: '{resume}' does not exist; give the folder of a run"
    output_root = OmegaConf.select(config, "output_root")
    if output_root is not None and (reason := _why_not_writable(Path(output_root))):
        yield f"output_root: '{output_root}' cannot be written ({reason}); give a folder you may write to"


def _check_ids(config: DictConfig) -> Iterator[str]:
    """Check the file of a subset `ids:FILE`."""
    for key in ("subset", "source.subset"):
        words = OmegaConf.select(config, key)
        try:
            subset = None if words is None else parse_subset(words)
        except ValueError:  # `check_bucket` reports it
            continue
        if subset is not None and subset.word == "ids" and not Path(subset.argument).expanduser().is_file():
            yield f"{key}: '{subset.argument}' is not a file; give one with an id on each line"


def _why_not_writable(folder: Path) -> str:
    """Return why a folder cannot be made or written, or nothing; makes nothing."""
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        return f"{existing} is a file"
    return "" if os.access(existing, os.W_OK) else f"no permission to write in {existing}"
