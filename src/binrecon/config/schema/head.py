"""What is trained on the features."""

from dataclasses import dataclass

from binrecon.config.schema.missing import MISSING


@dataclass
class HeadConfig:
    """What is trained on the features: from them to count logits."""

    name: str = MISSING
    """Which head this is; set by the group option, not by hand."""
    starts_at_prior: bool = True
    """Whether it first answers with the shares of the training counts, or at random."""

    @property
    def has_batch_norm(self) -> bool:
        """Whether it needs more than one photo to train on."""
        raise NotImplementedError


@dataclass
class OneLayerHeadConfig(HeadConfig):
    """What the heads have in common that are one linear layer."""

    dropout: float = MISSING
    """Share of the features that are zeroed while training."""
    is_standardised: bool = False
    """Whether each feature is brought to mean 0 and variance 1 first, over the photos that a process has of a
    batch; where features are of many kinds (`model.pooling`), a layer learns little from them otherwise."""

    @property
    def has_batch_norm(self) -> bool:
        """Whether it needs more than one photo to train on."""
        return self.is_standardised


@dataclass
class LinearHeadConfig(OneLayerHeadConfig):
    """One linear layer, with a logit for each count."""

    name: str = "linear"


@dataclass
class CoralHeadConfig(OneLayerHeadConfig):
    """One linear layer with a single value, and thresholds between the counts (arXiv:1901.07884)."""

    name: str = "coral"


@dataclass
class CornHeadConfig(OneLayerHeadConfig):
    """One linear layer that asks, of a bin with at least k items, whether it has more (arXiv:2111.08851)."""

    name: str = "corn"


@dataclass
class MlpHeadConfig(HeadConfig):
    """One hidden layer; BatchNorm before each linear layer, over the photos that a process has of a batch."""

    name: str = "mlp"
    hidden_width: int = MISSING
    """Values in the hidden layer."""
    dropout: float = MISSING
    """Share of the hidden values that are zeroed while training, and half that share of the features."""

    @property
    def has_batch_norm(self) -> bool:
        """Whether it needs more than one photo to train on."""
        return True
