"""Settings of a run for W&B: names to group by, and the configuration without secrets.

Nothing here needs W&B.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any, cast

from binrecon.config.compose import RECIPE_SUFFIX
from binrecon.config.schema import TrainConfig, WandbLoggerConfig
from binrecon.masking import hide_secrets, hide_text

_FACTS = ("command", "git", "manifest_hash", "weights_hash", "packages", "python", "platform")
_LONGEST_TAG = 64  # W&B's limit


@dataclass(frozen=True)
class RunNames:
    """The names by which W&B groups a run.

    Attributes:
        group: What it is compared within.
        job_type: Its optimizer.
        name: For people; others may have the same.
        tags: Everything that was chosen by a word.
    """

    group: str
    job_type: str
    name: str
    tags: tuple[str, ...]


def name_run(config: TrainConfig, facts: Mapping[str, Any]) -> RunNames:
    """Derive the names of a run.

    Args:
        config: Of the run, with `logger=wandb`.
        facts: Its `run.json`.
    """
    logger = cast(WandbLoggerConfig, config.logger)
    model, experiment = name_model(config.model.backbone), find_experiment(facts["overrides"])
    optimizer = config.optimizer.name
    kinds = [config.head.name, config.loss.name, config.source.name]
    words = [model, optimizer, *kinds, experiment, config.regime.name]
    tags = dict.fromkeys(
        hide_text(word)[:_LONGEST_TAG] for word in [*words, *logger.tags] if word is not None
    )
    return RunNames(
        group=hide_text(logger.group or experiment or model),
        job_type=optimizer,
        name=f"{model}-{optimizer}-seed{config.seed}",
        tags=tuple(tags),
    )


def name_model(backbone: str) -> str:
    """Return the short name of a timm model.

    >>> name_model("resnet50.tv_in1k"), name_model("tf_efficientnet_lite0.in1k")
    ('resnet50', 'efficientnet_lite0')
    """
    return backbone.partition(".")[0].removeprefix("tf_")


def find_experiment(overrides: list[str]) -> str | None:
    """Find the recipe that the words of a command line chose; of a path its end, by which it is known.

    >>> find_experiment(["experiment=quickstart", "seed=1"])
    'quickstart'
    >>> find_experiment(["experiment=/home/me/outputs/sweeps/head-resnet50-adam/best.yaml"])
    'head-resnet50-adam/best'
    """
    chosen = [word.partition("=")[2] for word in overrides if word.startswith("experiment=")]
    if not chosen or chosen[-1] in ("", "null"):
        return None
    path = PurePath(chosen[-1].strip("'\""))
    return "/".join(path.with_suffix("").parts[-2:]) if path.suffix == RECIPE_SUFFIX else chosen[-1]


def describe_run(config: TrainConfig, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration and what makes the run repeatable, without secrets.

    Nested as the configuration is: W&B shows and groups by `optimizer.name`, and advises against keys that
    have dots themselves (https://docs.wandb.ai/guides/track/config).

    Args:
        config: Of the run.
        facts: Its `run.json`.
    """
    kept = {name: facts[name] for name in _FACTS if name in facts}
    described = {**asdict(config), **kept, "experiment": find_experiment(facts["overrides"])}
    del described["logger"]
    return dict(hide_secrets(described))
