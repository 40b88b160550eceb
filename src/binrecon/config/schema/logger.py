"""Logs of each epoch's numbers."""

from dataclasses import dataclass, field

from binrecon.config.options import MISSING, option


@dataclass
class LoggerConfig:
    """Log of each epoch's numbers besides `metrics.json`."""

    name: str = MISSING
    """Name of the logger; set by the group option, not by hand."""


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
    """Runs that are compared with each other; null for the experiment, or else the model."""
    tags: list[str] = field(default_factory=list)
    """Tags besides those that follow from the configuration."""
    log_photos: bool = False
    """Log photos of the most wrong bins; they may be private."""
    log_manifest: bool = True
    """Log the manifest, as the input of the run."""
    log_checkpoint: bool = True
    """Log the best checkpoint, as the output of the run (ResNet-50: 95 MB)."""
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
