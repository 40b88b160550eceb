"""All groups together, with the keys of a run as a whole."""

from dataclasses import dataclass, field

from binrecon.config.options import LARGEST_SEED, MISSING, option
from binrecon.config.schema.callbacks import CallbacksConfig
from binrecon.config.schema.data import DataConfig
from binrecon.config.schema.features import KeptFeaturesConfig
from binrecon.config.schema.head import HeadConfig
from binrecon.config.schema.logger import LoggerConfig
from binrecon.config.schema.loss import LossConfig
from binrecon.config.schema.model import ModelConfig
from binrecon.config.schema.optimizer import OptimizerConfig
from binrecon.config.schema.regime import RegimeConfig
from binrecon.config.schema.schedule import ScheduleConfig
from binrecon.config.schema.source import SourceConfig
from binrecon.config.schema.trainer import TrainerConfig


@dataclass
class TrainConfig:
    """Everything that `train` needs."""

    source: SourceConfig = MISSING  # chosen by a group option
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    regime: RegimeConfig = MISSING  # chosen by a group option
    head: HeadConfig = MISSING  # chosen by a group option
    loss: LossConfig = MISSING  # chosen by a group option
    optimizer: OptimizerConfig = MISSING  # chosen by a group option
    schedule: ScheduleConfig = MISSING  # chosen by a group option, by default the optimizer's own
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    logger: LoggerConfig = MISSING  # chosen by a group option
    callbacks: CallbacksConfig = field(default_factory=CallbacksConfig)
    features: KeptFeaturesConfig = field(default_factory=KeptFeaturesConfig)
    seed: int = option(0, at_least=0, at_most=LARGEST_SEED)
    """Seed of the head's first weights, the order of photos and their flips."""
    monitor: str = "val/loss"
    """The metric that decides which checkpoint is best; the only place where it is named."""
    resume: str | None = option(None, is_path=True)
    """Folder of a run to resume; null starts a new one."""
    output_root: str = option("outputs", is_path=True)
    """Folder that holds the run folders."""
    lists_dir: str = option(is_path=True)
    """Folder of the lists that others published; they are not part of binrecon."""
    cache_dir: str = option(is_path=True)
    """Folder for what can be made again: rendered and fetched bins, manifests, features."""
