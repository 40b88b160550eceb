"""Checks of what `compare` reads and groups by."""

from collections.abc import Iterator
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from binrecon.config.run_keys import SEED_KEY, expand_key, list_run_keys, short_words
from binrecon.config.spelling import did_you_mean


def check_comparison(config: DictConfig) -> Iterator[str]:
    """Check the runs that `compare` reads and the keys that it groups by."""
    runs = OmegaConf.select(config, "runs")
    if runs is None:
        return
    if not runs:
        yield "runs: must name run folders, or folders that hold some: binrecon compare outputs/train"
    for run in runs:
        if not Path(run).expanduser().is_dir():
            yield f"runs: '{run}' is not a folder; give that of a run, or one that holds runs"
    group_by = OmegaConf.select(config, "group_by")
    if group_by is not None and not group_by:
        yield "group_by: must hold a key, got []; leave it out to group by all that differ"
    allowed = (*short_words(), *list_run_keys())
    for word in group_by or ():
        if word not in allowed:
            hint = did_you_mean(word, allowed)
            yield f"group_by: '{word}' is no key of a run; use one such as model or optimizer.lr{hint}"
        elif expand_key(word) == SEED_KEY:
            yield "group_by: 'seed' leaves each run alone: the runs of a group are its seeds; leave it out"
