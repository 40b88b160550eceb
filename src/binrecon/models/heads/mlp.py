"""A head with a hidden layer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from binrecon.config.options import option
from binrecon.config.schema import HeadConfig

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass
class MlpHeadConfig(HeadConfig):
    """One hidden layer between BatchNorms: the head of fastai 0.7, which Stanford's SGDR run trained.

    `ConvLearner.pretrained(resnet34, data)`, Stanford CS229 2018: BatchNorm, dropout 0.25, 512 values, ReLU,
    BatchNorm, dropout 0.5, linear; weights by He et al. 2015. Theirs reads maxima and means of the feature
    maps: model.pooling=concat. BatchNorm is over the photos that a process has of a batch.
    """

    name: str = "mlp"
    hidden_width: int = option(512, at_least=1, at_most=65_536)
    """Values in the hidden layer."""
    dropout: float = option(0.5, at_least=0, below=1)
    """Share of the hidden values that are zeroed while training, and half that share of the features."""

    @property
    def has_batch_norm(self) -> bool:
        """True if it needs more than one photo to train on."""
        return True

    def build(self, feature_count: int, class_count: int) -> "nn.Module":
        """Build the head of fastai 0.7, its first weights included.

        https://github.com/fastai/fastai/blob/24faf22/old/fastai/conv_learner.py, `ConvnetBuilder`; weights by
        He et al. 2015, arXiv:1502.01852, equation 10.
        """
        from torch import nn  # torch takes seconds to load

        hidden = nn.Linear(feature_count, self.hidden_width)
        last = nn.Linear(self.hidden_width, class_count)
        for linear in (hidden, last):
            nn.init.kaiming_normal_(linear.weight)
            nn.init.zeros_(linear.bias)
        return nn.Sequential(
            nn.BatchNorm1d(feature_count),
            nn.Dropout(self.dropout / 2),
            hidden,
            nn.ReLU(),
            nn.BatchNorm1d(self.hidden_width),
            nn.Dropout(self.dropout),
            last,
        )

    def set_prior(self, last: "nn.Linear", link: "nn.Module", class_shares: "Tensor") -> None:
        """Set the logits to the logarithms of the shares."""
        last.bias.copy_(class_shares.log())
