"""Everything about a configuration that can be wrong and be seen without loading torch, found in one pass.

Hydra has already refused unknown options, unknown keys and wrong types; see `problems.py`. Left are keys
smuggled in with `+`, values still to be given, values out of range, words that are none, keys that contradict
each other, and paths that lead nowhere.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from binrecon.config.apply import check_apply
from binrecon.config.augment_words import AUGMENT_WORDS, TTA_WORDS
from binrecon.config.balance_words import BALANCE_WORDS
from binrecon.config.calibration_words import METHOD_WORDS
from binrecon.config.cloud_rules import find_launch_problems
from binrecon.config.compose import GROUPS_OF_KINDS, SCHEMAS
from binrecon.config.engine_words import DTYPE_WORDS, ENGINE_WORDS, PRECISION_WORDS
from binrecon.config.evaluation import check_evaluate
from binrecon.config.export import check_export
from binrecon.config.loss_words import LOSSES_OF_HEADS
from binrecon.config.metric_names import RANKING_METRICS, monitor_names
from binrecon.config.pooling_words import POOLING_WORDS
from binrecon.config.problems import unknown_keys
from binrecon.config.reconcile import check_reconcile
from binrecon.config.regime_words import FROZEN
from binrecon.config.run_keys import SEED_KEY, expand_key, list_run_keys, short_words
from binrecon.config.schema import WEIGHT_WORDS
from binrecon.config.spelling import did_you_mean
from binrecon.config.split_words import GROUPED, SPLIT_WORDS
from binrecon.config.subset_words import FETCHED, parse_subset
from binrecon.config.sweep_words import PRUNER_WORDS, SAMPLER_WORDS
from binrecon.config.trainer_words import check_shares, check_words
from binrecon.errors import ConfigError

_AT_LEAST = {
    "data.min_count": 0,
    "data.image_size": 32,
    "data.batch_size": 1,
    "data.workers": 0,
    "head.hidden_width": 1,
    "optimizer.weight_decay": 0,
    "optimizer.min_lr": 0,
    "optimizer.step_epochs": 1,
    "optimizer.first_cycle_epochs": 1,
    "optimizer.cycle_mult": 1,
    "regime.head_epochs": 0,
    "regime.stage_epochs": 1,
    "optimizer.warmup_epochs": 0,
    "trainer.accumulate": 1,
    "trainer.devices": 0,
    "trainer.nodes": 0,
    "trainer.max_epochs": 1,
    "callbacks.early_stopping_patience": 1,
    "source.bin_count": 1,
    "source.seed": 0,
    "seed": 0,
    "data.split_seed": 0,
    "source.sample_seed": 0,
    "source.connections": 1,
    "source.attempts": 1,
    "source.backoff_s": 0,
    "unused_days": 0,
    "seeds": 1,
    "sweep.trials": 1,
    "sweep.at_once": 1,
    "sweep.seed": 0,
    "sweep.final_seeds": 0,
    "photos": 1,
    "columns": 1,
    "resamples": 100,
}
_ABOVE_ZERO = (
    "source.stall_timeout_s",
    "sweep.minutes",
    "estimate_s",
    "logger.answer_timeout_s",
    "logger.finish_timeout_s",
    "optimizer.lr",
    "trainer.gradient_clip_norm",
    "trainer.join_timeout_s",
    "trainer.silence_timeout_s",
    "optimizer.step_factor",
    "data.val_fraction",
    "data.test_fraction",
    "data.train_share",
)
_BELOW_ONE = (
    "optimizer.momentum",
    "trainer.ema_decay",
    "optimizer.beta1",
    "optimizer.beta2",
    "head.dropout",
    "loss.label_smoothing",
)
_UP_TO_ONE = ("loss.soft_weight", "sweep.max_failed_share", "data.train_share")
_WORDS = {
    "data.above_range": ("drop", "clip"),
    "features.name": ("auto", "live", "cached"),
    "features.engine": ENGINE_WORDS,
    "features.precision": PRECISION_WORDS,
    "features.dtype": DTYPE_WORDS,
    "method": METHOD_WORDS,
    "action": ("ls", "verify", "prune"),
    "data.split": SPLIT_WORDS,
    "data.counts_from": ("records", "lists"),
    "source.parts": ("both", "photos", "records"),
    "data.resize": ("squash", "pad"),
    "model.pooling": POOLING_WORDS,
    "data.balance": BALANCE_WORDS,
    "data.augment": AUGMENT_WORDS,
    "data.tta": TTA_WORDS,
    "optimizer.schedule": ("constant", "cosine"),
    "trainer.accelerator": ("auto", "cpu", "gpu"),
    "trainer.precision": ("32-true", "bf16-mixed", "16-mixed"),
    "sweep.sampler": SAMPLER_WORDS,
    "sweep.pruner": PRUNER_WORDS,
    "logger.mode": ("auto", "online", "offline"),
    "metric": RANKING_METRICS,
}


def validate(config: DictConfig) -> None:
    """Check a composed configuration of any verb.

    Args:
        config: As composed from `configs/train.yaml` or `configs/show.yaml`, not yet resolved.

    Raises:
        ConfigError: With every problem, one line each.
    """
    problems = [*unknown_keys(config), *_unresolved(config)] or [*_missing(config)]
    if not problems:
        checks = (
            _ranges,
            _words,
            _names,
            _bucket,
            _contradictions,
            _head_and_loss,
            _regime,
            _counts,
            _monitor,
            _wandb,
            _comparison,
            _sweep,
            check_evaluate,
            check_reconcile,
            check_apply,
            find_launch_problems,
            _paths,
            check_export,
        )
        problems = [problem for check in checks for problem in check(config)]
    if problems:
        raise ConfigError(problems)


def _get(config: DictConfig, key: str) -> Any:  # noqa: ANN401  # a value of any type, None where the key is not
    return OmegaConf.select(config, key)


def _missing(config: DictConfig) -> Iterator[str]:
    for key in sorted(OmegaConf.missing_keys(config)):
        yield f"{key}: must be given; add {key}=VALUE"


def _unresolved(config: DictConfig) -> Iterator[str]:
    try:
        OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        reason = str(error).splitlines()[0].removeprefix("KeyError raised while resolving interpolation: ")
        yield f"{error.full_key}: {reason.strip(chr(34))}"


def _ranges(config: DictConfig) -> Iterator[str]:
    def check(key: str, allowed: Callable[[float], bool], text: str) -> Iterator[str]:
        value = _get(config, key)
        if value is not None and not allowed(value):
            yield f"{key}: must be {text}, got {value}"

    for key, least in _AT_LEAST.items():
        yield from check(key, lambda value, least=least: value >= least, f"at least {least}")  # type: ignore[misc]  # the default binds the loop's value
    for key in _ABOVE_ZERO:
        yield from check(key, lambda value: 0 < value < float("inf"), "above 0")
    for key in _BELOW_ONE:
        yield from check(key, lambda value: 0 <= value < 1, "at least 0 and below 1")
    for key in _UP_TO_ONE:
        yield from check(key, lambda value: 0 <= value <= 1, "at least 0 and at most 1")


def _words(config: DictConfig) -> Iterator[str]:
    for key, allowed in _WORDS.items():
        value = _get(config, key)
        if value is not None and value not in allowed:
            yield f"{key}: '{value}' is none of {', '.join(allowed)}{did_you_mean(value, allowed)}"


def _names(config: DictConfig) -> Iterator[str]:
    """`optimizer.name=sgd` beside another optimizer's keys would train something else than it says."""
    for group in GROUPS_OF_KINDS:
        if (node := _get(config, group)) is None:
            continue
        name = next(path.split("/")[1] for path, kind in SCHEMAS.items() if kind is OmegaConf.get_type(node))
        if node.name != name:
            yield f"{group}.name: is '{name}' here, got '{node.name}'; choose with {group}={node.name}"


def _bucket(config: DictConfig) -> Iterator[str]:
    """Check what an S3 source is asked for."""
    source, subset = _get(config, "source"), _get(config, "subset")
    if source is None:
        return
    if source.name != "abid":
        if subset is not None:
            yield f"source: fetch brings bins from S3, not from source={source.name}; use source=abid"
        return
    key, words = ("source.subset", source.subset) if subset is None else ("subset", subset)
    try:
        parsed = parse_subset(words)
    except ValueError as error:
        yield f"{key}: {error}"
    else:
        if parsed.word == FETCHED and subset is not None:
            yield f"subset: '{FETCHED}' is there already; say what to fetch, for instance sample:500"
        if parsed.word == "ids" and not Path(parsed.argument).expanduser().is_file():
            yield f"{key}: '{parsed.argument}' is not a file; give one with an id on each line"
    if source.endpoint_url is not None and not re.fullmatch(r"https?://[^/?#\s]+/?", source.endpoint_url):
        yield (
            f"source.endpoint_url: '{source.endpoint_url}' is no address of a server; "
            "give for instance http://127.0.0.1:8333, or null for Amazon's"
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", source.bucket):
        yield f"source.bucket: '{source.bucket}' is no name of a bucket: 3 to 63 of a-z, 0-9, '.' and '-'"
    if source.prefix != source.prefix.strip("/") or ".." in source.prefix:
        yield f"source.prefix: '{source.prefix}' must not begin or end with '/', nor hold '..'"


def _counts(config: DictConfig) -> Iterator[str]:
    """Check that recorded counts can come from where they are asked for."""
    data, parts = _get(config, "data"), _get(config, "source.parts")
    if data is None:
        return
    if data.counts_from == "lists" and data.split in (GROUPED, "udacity"):
        yield (
            f"data.counts_from: lists give no products, and without them data.split={data.split} cannot tell "
            "which photos show one bin; use counts_from=records, or split=unc, stanford_all or stanford_150k"
        )
    if data.labels is not None and data.counts_from == "lists":
        yield (
            "data.labels: stand in place of records, which data.counts_from=lists does not read; "
            "drop one of them"
        )
    elif data.labels is not None and not Path(data.labels).expanduser().is_file():
        yield (
            f"data.labels: '{data.labels}' is not a file; give a labels.csv, as `reconcile --apply` writes it"
        )
    if parts == "records" or (parts == "photos" and data.counts_from == "records"):
        needed = "both" if data.counts_from == "records" else "both or photos"
        yield f"source.parts: training with data.counts_from={data.counts_from} needs {needed}, got {parts}"


def _contradictions(config: DictConfig) -> Iterator[str]:
    data, trainer = _get(config, "data"), _get(config, "trainer")
    if data is None:
        return
    if config.features.name == "cached" and config.regime.name != FROZEN:
        yield f"features: cached needs regime=frozen; regime={config.regime.name} changes them, use auto"
    for key, word in (("augment", data.augment), ("tta", data.tta)):
        if config.features.name == "cached" and word == "side_on":
            yield f"features: cached has no views for data.{key}=side_on, which are endless; use auto"
    if config.features.name == "cached" and trainer.ema_decay is not None:
        yield "features: cached keeps no mean of every step's weights; use auto, or trainer.ema_decay=null"
    if data.max_count <= data.min_count:
        yield f"data.max_count: must be above data.min_count={data.min_count}, got {data.max_count}"
    if data.val_fraction + data.test_fraction >= 1:
        total = data.val_fraction + data.test_fraction
        yield f"data.val_fraction + data.test_fraction: must be below 1 to leave training bins, got {total:g}"
    yield from check_shares(config)
    yield from check_words(config)


def _head_and_loss(config: DictConfig) -> Iterator[str]:
    """Check that the loss is one of the head's distribution."""
    head, loss = _get(config, "head.name"), _get(config, "loss.name")
    allowed = LOSSES_OF_HEADS.get(head, ())  # none for a wrong name, which `_names` has found
    if allowed and loss not in allowed:
        yield f"loss: {loss} does not go with head={head}; use loss={' or loss='.join(allowed)}"


def _regime(config: DictConfig) -> Iterator[str]:
    """Check the plan of what is trained; whether the backbone has such stages is seen when it is built."""
    if (regime := _get(config, "regime")) is None:
        return
    for group in _get(config, "regime.lr_groups") or ():
        if not 0 < group.factor < float("inf"):
            yield f"regime.lr_groups: the factor of '{group.first_stage}' must be above 0, got {group.factor}"
    if regime.name != "phased":
        return
    for number, phase in enumerate(regime.phases, start=1):
        if phase.epochs < 1:
            yield f"regime.phases: phase {number} must have at least 1 epoch, got {phase.epochs}"
        if phase.image_size is not None and phase.image_size < _AT_LEAST["data.image_size"]:
            yield f"regime.phases: phase {number} has an image_size below 32, {phase.image_size}"
        if phase.lr is not None and not 0 < phase.lr < float("inf"):
            yield f"regime.phases: the lr of phase {number} must be above 0, got {phase.lr}"
    if (total := sum(phase.epochs for phase in regime.phases)) != config.trainer.max_epochs:
        yield (
            f"regime.phases: their epochs add up to {total}, not to trainer.max_epochs="
            f"{config.trainer.max_epochs}; change one of them"
        )


def _monitor(config: DictConfig) -> Iterator[str]:
    monitor = _get(config, "monitor")
    if monitor is not None and monitor not in monitor_names():
        allowed, hint = ", ".join(monitor_names()), did_you_mean(monitor, monitor_names())
        yield f"monitor: '{monitor}' is not logged; logged are {allowed}{hint}"


def _sweep(config: DictConfig) -> Iterator[str]:
    """Check what a search is to do; its space is checked where it meets the words of `train`."""
    if (sweep := _get(config, "sweep")) is None:
        return
    if sweep.trials is None and sweep.minutes is None:
        yield "sweep.trials: null here and in sweep.minutes, so that it would never end; give one of them"
    if not sweep.objectives:
        yield f"sweep.objectives: empty; give some of {', '.join(monitor_names())}"
    for objective in sweep.objectives:
        if objective not in monitor_names():
            allowed, hint = ", ".join(monitor_names()), did_you_mean(objective, monitor_names())
            yield f"sweep.objectives: '{objective}' is not logged; logged are {allowed}{hint}"
    if sweep.sampler == "cmaes" and len(sweep.objectives) > 1:
        yield "sweep.sampler: cmaes follows one objective alone; use tpe, random, gp or grid for several"
    if len(set(sweep.objectives)) < len(sweep.objectives):
        yield f"sweep.objectives: names one of {', '.join(sweep.objectives)} twice"
    if sweep.study is not None and not re.fullmatch(r"[\w.,=+-]{1,100}", sweep.study):
        yield f"sweep.study: '{sweep.study}' is no name; use up to 100 letters, digits and . , = + - _"


def _wandb(config: DictConfig) -> Iterator[str]:
    """Check what W&B would refuse."""
    logger = _get(config, "logger")
    if logger is None or logger.name != "wandb":
        return
    if not 0 < len(logger.project) <= 128 or set(logger.project) & set("/\\#?%:"):
        yield f"logger.project: '{logger.project}' must have 1 to 128 characters and none of / \\ # ? % :"
    if logger.group is not None and not 0 < len(logger.group) <= 128:
        yield f"logger.group: must have 1 to 128 characters, got {len(logger.group)}; or give null"
    for tag in logger.tags:
        if not 0 < len(tag) <= 64:
            yield f"logger.tags: '{tag}' must have 1 to 64 characters, got {len(tag)}"


def _comparison(config: DictConfig) -> Iterator[str]:
    """Check what `compare` is asked to read and to group by."""
    runs = _get(config, "runs")
    if runs is None:
        return
    if not runs:
        yield "runs: must name run folders, or folders that hold some: binrecon compare outputs/train"
    for run in runs:
        if not Path(run).expanduser().is_dir():
            yield f"runs: '{run}' is not a folder; give that of a run, or one that holds runs"
    group_by = _get(config, "group_by")
    if group_by is not None and not group_by:
        yield "group_by: must hold a key, got []; leave it out to group by all that differ"
    allowed = (*short_words(), *list_run_keys())
    for word in group_by or ():
        if word not in allowed:
            hint = did_you_mean(word, allowed)
            yield f"group_by: '{word}' is no key of a run; use one such as model or optimizer.lr{hint}"
        elif expand_key(word) == SEED_KEY:
            yield "group_by: 'seed' leaves each run alone: the runs of a group are its seeds; leave it out"


def _paths(config: DictConfig) -> Iterator[str]:
    source = _get(config, "source")
    if source is not None and source.name == "local" and not Path(source.root).is_dir():
        yield (
            f"source.root: '{source.root}' is not a folder; "
            "give the folder that holds bin-images/ and metadata/ (source.root=PATH), "
            "or render bins with source=synthetic"
        )
    weights = _get(config, "model.weights")
    if weights is not None and weights not in WEIGHT_WORDS and not Path(weights).is_file():
        yield (
            f"model.weights: '{weights}' is neither {' nor '.join(WEIGHT_WORDS)} nor an existing file"
            f"{did_you_mean(weights, WEIGHT_WORDS)}"
        )
    resume = _get(config, "resume")
    if resume is not None and not Path(resume).exists():
        yield f"resume: '{resume}' does not exist; give the folder of a run"
    output_root = _get(config, "output_root")
    if output_root is not None and (reason := _why_not_writable(Path(output_root))):
        yield f"output_root: '{output_root}' cannot be written ({reason}); give a folder you may write to"


def _why_not_writable(folder: Path) -> str:
    """Return why a folder cannot be made or written, or nothing; makes nothing."""
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        return f"{existing} is a file"
    return "" if os.access(existing, os.W_OK) else f"no permission to write in {existing}"
