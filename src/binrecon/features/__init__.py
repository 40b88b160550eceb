"""Features of a frozen backbone: computed once for every view of a photo, kept, and trained on from there."""

from binrecon.features.dataset import FeatureDataset
from binrecon.features.extract import extract_features
from binrecon.features.fingerprint import Fingerprint
from binrecon.features.store import FeatureStore

__all__ = ["FeatureDataset", "FeatureStore", "Fingerprint", "extract_features"]
