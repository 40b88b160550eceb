"""One exportable network from the pixels of photos to calibrated probabilities."""

import torch
from torch import Tensor, nn

from binrecon.calibration import Calibration
from binrecon.models import BinCounter
from binrecon.models.precision import widen


class CounterGraph(nn.Module):
    """Normalises photos, predicts one or two views, and returns calibrated log-probabilities.

    Args:
        model: Photos to count logits.
        is_mirrored: Average the predictions of each photo and its mirror image (`data.tta=flip`).
        calibration: Applied to the log-probabilities; None leaves them unchanged.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, model: BinCounter, is_mirrored: bool, calibration: Calibration | None) -> None:
        super().__init__()
        self.model = model
        self.is_mirrored = is_mirrored
        self.is_calibrated = calibration is not None
        scale, shift = (calibration.scale, calibration.shift) if calibration is not None else ((), ())
        self.register_buffer("scale", torch.tensor(scale))
        self.register_buffer("shift", torch.tensor(shift))
        self.eval()

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor]:
        """Compute log-probabilities and probabilities.

        Args:
            photos: RGB, uint8, shape (B, 3, S, S): of the size that the counter was trained with.

        Returns:
            Both float32, shape (B, C).
        """
        if self.is_mirrored:
            both: Tensor = self.model(torch.cat([photos, photos.flip(-1)]))
            count_logits = both.reshape(2, -1, both.shape[1]).mean(dim=0)
        else:
            count_logits = self.model(photos)
        log_probabilities = widen(count_logits).log_softmax(dim=1)
        if self.is_calibrated:
            log_probabilities = (log_probabilities * self.scale + self.shift).log_softmax(dim=1)
        return log_probabilities, log_probabilities.exp()
