"""Every key of `train`: its type, default, meaning and allowed range; of heads and the like what all have.

Plain dataclasses: no Hydra here, so any room may use them. `"???"` marks a value that must be given.
A file for each config group, of the same name; the keys of the other verbs are beside this folder, and those
of each head, loss, optimizer and schedule in its own file, found by `config/parts.py`.
"""

from binrecon.config.options import MISSING
from binrecon.config.schema.callbacks import CallbacksConfig
from binrecon.config.schema.data import DataConfig
from binrecon.config.schema.features import KeptFeaturesConfig
from binrecon.config.schema.head import HeadConfig
from binrecon.config.schema.logger import CsvLoggerConfig, LoggerConfig, NoLoggerConfig, WandbLoggerConfig
from binrecon.config.schema.loss import LossConfig
from binrecon.config.schema.model import IMAGENET, RANDOM, WEIGHT_WORDS, ModelConfig
from binrecon.config.schema.optimizer import OptimizerConfig
from binrecon.config.schema.regime import Phase, RegimeConfig
from binrecon.config.schema.schedule import ScheduleConfig
from binrecon.config.schema.source import SourceConfig
from binrecon.config.schema.train import TrainConfig
from binrecon.config.schema.trainer import TrainerConfig

__all__ = [
    "IMAGENET",
    "MISSING",
    "RANDOM",
    "WEIGHT_WORDS",
    "CallbacksConfig",
    "CsvLoggerConfig",
    "DataConfig",
    "HeadConfig",
    "KeptFeaturesConfig",
    "LoggerConfig",
    "LossConfig",
    "ModelConfig",
    "NoLoggerConfig",
    "OptimizerConfig",
    "Phase",
    "RegimeConfig",
    "ScheduleConfig",
    "SourceConfig",
    "TrainConfig",
    "TrainerConfig",
    "WandbLoggerConfig",
]
