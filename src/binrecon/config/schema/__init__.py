"""Every key of `train`: its type, its meaning and its unit. Values live in `configs/`.

Plain dataclasses: no Hydra here, so any room may use them. `"???"` marks a value that must be given.
A file for each config group, of the same name; the keys of the other verbs are beside this folder.
Allowed ranges and words are in `config/rules/`.
"""

from binrecon.config.schema.callbacks import CallbacksConfig
from binrecon.config.schema.data import DataConfig
from binrecon.config.schema.features import KeptFeaturesConfig
from binrecon.config.schema.head import (
    CoralHeadConfig,
    CornHeadConfig,
    HeadConfig,
    LinearHeadConfig,
    MlpHeadConfig,
    OneLayerHeadConfig,
)
from binrecon.config.schema.logger import CsvLoggerConfig, LoggerConfig, NoLoggerConfig, WandbLoggerConfig
from binrecon.config.schema.loss import (
    CornConfig,
    CrossEntropyConfig,
    CumulativeConfig,
    LossConfig,
    SoftLabelsConfig,
)
from binrecon.config.schema.missing import MISSING
from binrecon.config.schema.model import IMAGENET, RANDOM, WEIGHT_WORDS, ModelConfig
from binrecon.config.schema.optimizer import AdamConfig, AdamWConfig, OptimizerConfig, SGDConfig, SGDRConfig
from binrecon.config.schema.regime import (
    FrozenRegimeConfig,
    FullRegimeConfig,
    GradualRegimeConfig,
    LrGroupConfig,
    PhaseConfig,
    PhasedRegimeConfig,
    RegimeConfig,
    TrainedRegimeConfig,
)
from binrecon.config.schema.source import (
    AbidSourceConfig,
    FaultsConfig,
    LocalSourceConfig,
    SourceConfig,
    SyntheticSourceConfig,
)
from binrecon.config.schema.train import TrainConfig
from binrecon.config.schema.trainer import TrainerConfig

__all__ = [
    "IMAGENET",
    "MISSING",
    "RANDOM",
    "WEIGHT_WORDS",
    "AbidSourceConfig",
    "AdamConfig",
    "AdamWConfig",
    "CallbacksConfig",
    "CoralHeadConfig",
    "CornConfig",
    "CornHeadConfig",
    "CrossEntropyConfig",
    "CsvLoggerConfig",
    "CumulativeConfig",
    "DataConfig",
    "FaultsConfig",
    "FrozenRegimeConfig",
    "FullRegimeConfig",
    "GradualRegimeConfig",
    "HeadConfig",
    "KeptFeaturesConfig",
    "LinearHeadConfig",
    "LocalSourceConfig",
    "LoggerConfig",
    "LossConfig",
    "LrGroupConfig",
    "MlpHeadConfig",
    "ModelConfig",
    "NoLoggerConfig",
    "OneLayerHeadConfig",
    "OptimizerConfig",
    "PhaseConfig",
    "PhasedRegimeConfig",
    "RegimeConfig",
    "SGDConfig",
    "SGDRConfig",
    "SoftLabelsConfig",
    "SourceConfig",
    "SyntheticSourceConfig",
    "TrainConfig",
    "TrainedRegimeConfig",
    "TrainerConfig",
    "WandbLoggerConfig",
]
