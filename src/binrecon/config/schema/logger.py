"""Where the numbers of each epoch go."""

from dataclasses import dataclass, field

from binrecon.config.options import MISSING, option


@dataclass
class LoggerConfig:
    """Where the numbers of each epoch go besides `metrics.json`."""

    name: str = MISSING
    """Which logger this is; set by the group option, not by hand."""


@dataclass
class CsvLoggerConfig(LoggerConfig):
    """Each epoch's numbers into metrics.csv of the run folder."""

    name: str = "csv"


@dataclass
class NoLoggerConfig(LoggerConfig):
    """No log of single epochs."""

    name: str = "none"


@dataclass
class WandbLoggerConfig(LoggerConfig):
    """Weights & Biases, online where an API key is at hand and else into the run folder; metrics.csv too."""

    name: str = "wandb"
    mode: str = option("auto", choices=("auto", "online", "offline"))
    """`online`, `offline` (no network), or `auto`: online where an API key is at hand."""
    project: str = "${oc.env:WANDB_PROJECT,binrecon}"
    """Project of the run."""
    entity: str | None = "${oc.env:WANDB_ENTITY,null}"
    """User or team that owns the project; null for the default of the API key."""
    group: str | None = None
    """What runs are compared within; null for the experiment, or else the model."""
    tags: list[str] = field(default_factory=list)
    """Tags besides those that follow from the configuration."""
    log_photos: bool = False
    """Whether photos of the most wrong bins are logged: they may be private."""
    log_manifest: bool = True
    """Whether the manifest is logged, as the input of the run."""
    log_checkpoint: bool = True
    """Whether the best checkpoint is logged, as the output of the run (ResNet-50: 95 MB)."""
    answer_timeout_s: float = option(20.0, above=0)
    """Longest wait for an answer of the server, at the start and before files are logged, in seconds."""
    finish_timeout_s: float = option(300.0, above=0)
    """Longest wait for uploads at the end, in seconds; what is left stays in the run folder."""


LOGGERS = {
    "csv": "binrecon.config.schema.logger:CsvLoggerConfig",
    "none": "binrecon.config.schema.logger:NoLoggerConfig",
    "wandb": "binrecon.config.schema.logger:WandbLoggerConfig",
}
"""Option of `logger=` to the logger's options."""
