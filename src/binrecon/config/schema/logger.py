"""Where the numbers of each epoch go."""

from dataclasses import dataclass

from binrecon.config.schema.missing import MISSING


@dataclass
class LoggerConfig:
    """Where the numbers of each epoch go besides `metrics.json`."""

    name: str = MISSING
    """Which logger this is; set by the group option, not by hand."""


@dataclass
class CsvLoggerConfig(LoggerConfig):
    """Each epoch's numbers in a CSV file of the run folder."""

    name: str = "csv"


@dataclass
class NoLoggerConfig(LoggerConfig):
    """No log of single epochs."""

    name: str = "none"


@dataclass
class WandbLoggerConfig(LoggerConfig):
    """Weights & Biases, besides the CSV file."""

    name: str = "wandb"
    mode: str = MISSING
    """`online`, `offline` (no network), or `auto`: online where an API key is at hand."""
    project: str = MISSING
    """Project of the run."""
    entity: str | None = MISSING
    """User or team that owns the project; null for the default of the API key."""
    group: str | None = MISSING
    """What runs are compared within; null for the experiment, or else the model."""
    tags: list[str] = MISSING
    """Tags besides those that follow from the configuration."""
    log_photos: bool = MISSING
    """Whether photos of the most wrong bins are logged: they may be private."""
    log_manifest: bool = MISSING
    """Whether the manifest is logged, as the input of the run."""
    log_checkpoint: bool = MISSING
    """Whether the best checkpoint is logged, as the output of the run (ResNet-50: 95 MB)."""
    answer_timeout_s: float = MISSING
    """Longest wait for an answer of the server, at the start and before files are logged, in seconds."""
    finish_timeout_s: float = MISSING
    """Longest wait for uploads at the end, in seconds; what is left stays in the run folder."""
