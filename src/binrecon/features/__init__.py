"""Features of a frozen backbone: computed once for every view of a photo, kept, and trained on from there.

The datamodule is not among these names: it brings Lightning, which whoever counts bins does not need.
"""

from binrecon.features.dataset import FeatureDataset
from binrecon.features.engine import choose_engine
from binrecon.features.extract import extract_features
from binrecon.features.fingerprint import Fingerprint
from binrecon.features.prepare import WantedViews, prepare_features
from binrecon.features.rows import RowKey
from binrecon.features.store import FeatureStore

__all__ = [
    "FeatureDataset",
    "FeatureStore",
    "Fingerprint",
    "RowKey",
    "WantedViews",
    "choose_engine",
    "extract_features",
    "prepare_features",
]
