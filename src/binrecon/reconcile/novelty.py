"""Distance of a photo from the photos that a counter was trained on, by the features of its backbone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_DIRECTIONS = 64
"""Directions in which the spread of features is measured one by one; the others share one number."""

_BINS_PER_DIRECTION = 4
"""Fewer training photos than these for a direction would measure its spread badly."""

_MORE_DRAWN = 16
_POWERS = 4

Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class Novelty:
    """A Gaussian of the features of training photos, with few directions of its own.

    The Mahalanobis distance to the training features tells photos of another kind (Lee et al. 2018,
    arXiv:1807.03888). There are more features than photos to estimate their covariance from, so it is shrunk
    to that of probabilistic PCA (Tipping & Bishop 1999): the largest variances are kept, and in all other
    directions it is their mean. One mean for all counts: whether a photo can be counted does not depend on
    how many items are in it.

    Args:
        mean: Of the training features, shape (F,).
        scale: Their standard deviations, by which features are divided first, shape (F,).
        directions: Orthogonal unit vectors, shape (D, F).
        variances: Of the scaled features in these directions, shape (D,).
        rest: Mean variance in every other direction.
    """

    mean: Floats32
    scale: Floats32
    directions: Floats32
    variances: Floats32
    rest: float

    def distance(self, features: Floats32) -> Floats32:
        """Return the Mahalanobis distance of each photo, divided by the root of F: about 1 is usual.

        Args:
            features: Shape (N, F).

        Returns:
            Shape (N,).
        """
        scaled = (features - self.mean) / self.scale
        along = scaled @ self.directions.T
        beside = np.maximum(np.square(scaled).sum(axis=1) - np.square(along).sum(axis=1), 0)
        squares = (np.square(along) / self.variances).sum(axis=1) + beside / self.rest
        return np.asarray(np.sqrt(squares / features.shape[1]), np.float32)


def fit_novelty(features: Floats32) -> Novelty:
    """Fit the Gaussian.

    Args:
        features: Of some thousand training photos, shape (N, F), N at least 2.
    """
    count, width = features.shape
    mean = features.mean(axis=0)
    scale = features.std(axis=0)
    scale[scale < 1e-6 * max(1.0, float(scale.max()))] = 1  # constant features say nothing
    scaled = (features - mean) / scale
    kept = max(1, min(MAX_DIRECTIONS, count // _BINS_PER_DIRECTION, width - 1))
    directions, lengths = _find_directions(scaled, kept)
    variances = np.maximum(np.square(lengths) / count, 1e-6)
    total = float(np.square(scaled).sum()) / count
    rest = max((total - float(variances.sum())) / max(1, width - kept), 1e-6)
    return Novelty(mean, scale, directions, variances, rest)


def _find_directions(scaled: Floats32, kept: int) -> tuple[Floats32, Floats32]:
    """Find the directions of the largest spread, and the singular values that go with them.

    A randomised SVD (Halko, Martinsson & Tropp 2011, arXiv:0909.4061, algorithms 4.4 and 5.1): the whole one
    of some thousand features takes minutes. Its draws are the same each time.
    """
    drawn = min(kept + _MORE_DRAWN, *scaled.shape)
    basis = np.random.default_rng(0).normal(size=(scaled.shape[1], drawn)).astype(np.float32)
    for _ in range(_POWERS):
        basis, _ = np.linalg.qr(scaled.T @ (scaled @ basis))
    _, lengths, directions = np.linalg.svd(scaled @ basis, full_matrices=False)
    found = directions[:kept] @ basis.T
    return np.ascontiguousarray(found, np.float32), lengths[:kept].astype(np.float32)
