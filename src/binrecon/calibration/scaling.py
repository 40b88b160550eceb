"""Temperature and vector scaling: log-probabilities that mean what they say on validation bins.

Guo et al. 2017, arXiv:1706.04599, section 4.2. Both are convex in what is fitted, so there is one best value,
which is found without chance.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize  # type: ignore[import-untyped]  # scipy publishes no type information
from scipy.special import log_softmax, softmax  # type: ignore[import-untyped]  # as above

from binrecon.calibration.arrays import Booleans, Floats, Ints, check_classes, check_log_probabilities
from binrecon.calibration.interval_scores import ConformalScores, keep_scores
from binrecon.config.calibration_words import Method
from binrecon.errors import CalibrationError

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.1, 10.0
"""Lower limit of the search: few bins that are all predicted right would give a temperature of 0."""

VECTOR_SPREAD = 0.5
"""Standard deviation of the prior of vector scaling's values around those of temperature scaling.

It weighs as much as a few bins of each count; without it, few validation bins are learned by heart.
"""

FOLDS = 5
"""Parts of the bins, each of which is scored by a fit to the others."""


@dataclass(frozen=True)
class Calibration:
    """A map of a counter's log-probabilities to calibrated ones, and what follows from them.

    Attributes:
        method: `none`, `temperature` or `vector`.
        min_count: The count of class 0.
        scale: What the log-probabilities of each count are multiplied by, C values; for temperature scaling
            each is 1 / T.
        shift: What is added then, C values; zeros for temperature scaling, unless training was balanced.
        train_shares: Share of each count in the world that the calibrated distribution is of, C values: those
            of the training bins. A likelihood is the distribution divided by them.
        conformal: Scores of the bins that it was fitted on, each by a fit to others.
        bins: How many there were.
    """

    method: Method
    min_count: int
    scale: tuple[float, ...]
    shift: tuple[float, ...]
    train_shares: tuple[float, ...]
    conformal: ConformalScores
    bins: int

    @property
    def temperature(self) -> float | None:
        """T of temperature scaling; None for vector scaling, which has none."""
        return None if self.method == "vector" else 1 / self.scale[0]

    @property
    def is_trained(self) -> Booleans:
        """True if the counter has seen a training bin of each count, shape (C,); else it cannot judge it."""
        return np.array(self.train_shares) > 0

    def apply(self, log_probabilities: Floats) -> Floats:
        """Return calibrated log-probabilities, whose rows sum to 1.

        Args:
            log_probabilities: Of a counter, shape (N, C).

        Raises:
            ValueError: If their shape is another, or one is NaN or plus infinity.
        """
        values = check_log_probabilities(log_probabilities, len(self.scale))
        return np.asarray(log_softmax(values * self.scale + self.shift, axis=1))

    def log_likelihood(self, log_probabilities: Floats) -> Floats:
        """Return log P(photo | count) up to a constant of each bin: minus infinity for an untrained count.

        By Bayes, P(photo | count) is P(count | photo) / P(count) times P(photo). A counter that no bin of a
        count has trained says nothing of that count; it is left out of what may be true.

        Args:
            log_probabilities: Of a counter, shape (N, C).

        Raises:
            ValueError: If their shape is another, or one is NaN or plus infinity.
        """
        shares = np.array(self.train_shares)
        log_shares = np.log(shares, out=np.full_like(shares, np.inf), where=shares > 0)
        return np.asarray(self.apply(log_probabilities) - log_shares)


def fit_calibration(
    log_probabilities: Floats,
    recorded_counts: Ints,
    *,
    min_count: int,
    train_shares: Floats,
    method: Method = "temperature",
    seen_shares: Floats | None = None,
) -> Calibration:
    """Fit a calibration to validation bins.

    Those that are recorded with a count that no training bin has are left out.

    Args:
        log_probabilities: Of the counter, shape (N, C).
        recorded_counts: In items, shape (N,), each with a class.
        min_count: The count of class 0.
        train_shares: Share of each count among the training bins, shape (C,), sum 1.
        method: `temperature`, `vector` or `none`.
        seen_shares: What training took the shares for where it balanced counts, shape (C,); None if it did
            not. Their ratio is put right first, in `shift`, so that the calibrated distribution is of a world
            with the shares of the training bins in either case.

    Raises:
        CalibrationError: If there is no bin to fit to.
        ValueError: If shapes or values do not fit.
    """
    shares = np.asarray(train_shares, np.float64)
    values = check_log_probabilities(log_probabilities, len(shares))
    recorded = check_classes(np.asarray(recorded_counts) - min_count, values.shape)
    is_fitted = shares[recorded] > 0
    values, recorded = values[is_fitted], recorded[is_fitted]
    if len(values) == 0:
        raise CalibrationError(
            f"none of {len(is_fitted)} validation bins has a count that was trained; there is nothing to "
            "calibrate with: use more bins"
        )
    offset = _log_ratio(shares, seen_shares)
    scale, shift = _FITS[method](values, recorded, offset)
    conformal = keep_scores(_predict_unseen(method, values, recorded, offset), recorded)
    return Calibration(
        method, min_count, _plain(scale), _plain(shift), _plain(shares), conformal, bins=len(values)
    )


def _predict_unseen(method: Method, values: Floats, recorded: Ints, offset: Floats) -> Floats:
    """Calibrate each fifth of the bins by a fit to the other four: a bin is not to vouch for itself.

    Scored by the fit to all, vector scaling loses half a percent of coverage on 400 bins (DECISIONS.md).
    """
    fold = np.arange(len(values)) % FOLDS
    calibrated = np.empty_like(values)
    for number in range(min(FOLDS, len(values))):
        is_out = fold == number
        is_in = ~is_out if len(values) > 1 else is_out
        scale, shift = _FITS[method](values[is_in], recorded[is_in], offset)
        calibrated[is_out] = log_softmax(values[is_out] * scale + shift, axis=1)
    return calibrated


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(values.tolist())


def _log_ratio(train_shares: Floats, seen_shares: Floats | None) -> Floats:
    """Return the logarithm of how much commoner each count is than training took it for; 0 if untrained."""
    if seen_shares is None:
        return np.zeros_like(train_shares)
    ratio = train_shares / np.asarray(seen_shares, np.float64)
    return np.log(ratio, out=np.zeros_like(ratio), where=ratio > 0)


def _fit_nothing(values: Floats, recorded: Ints, offset: Floats) -> tuple[Floats, Floats]:
    return np.ones_like(offset), offset


def _fit_temperature(values: Floats, recorded: Ints, offset: Floats) -> tuple[Floats, Floats]:
    """Find the 1 / T at which the slope of the NLL, which only ever rises, passes 0."""
    of_recorded = values[np.arange(len(values)), recorded].mean()

    def slope(inverse: float) -> float:
        weights = softmax(values * inverse + offset, axis=1)
        return float((weights * values).sum(axis=1).mean() - of_recorded)

    low, high = 1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE
    if slope(low) >= 0:
        inverse = low
    elif slope(high) <= 0:
        inverse = high
    else:
        inverse = float(brentq(slope, low, high, xtol=1e-12))
    return np.full_like(offset, inverse), offset


def _fit_vector(values: Floats, recorded: Ints, offset: Floats) -> tuple[Floats, Floats]:
    """Minimise the NLL of scale and shift, held to those of temperature scaling by a normal prior."""
    start = np.concatenate(_fit_temperature(values, recorded, offset))
    is_recorded = np.eye(len(offset))[recorded]

    def cost(parameters: Floats) -> tuple[float, Floats]:
        scale, shift = np.split(parameters, 2)
        log_probabilities = log_softmax(values * scale + shift, axis=1)
        excess = np.exp(log_probabilities) - is_recorded
        gap = (parameters - start) / VECTOR_SPREAD
        slopes = np.concatenate([(excess * values).sum(axis=0), excess.sum(axis=0)])
        nll = -(log_probabilities * is_recorded).sum()
        return (nll + gap @ gap / 2) / len(values), (slopes + gap / VECTOR_SPREAD) / len(values)

    scales = [(1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE)] * len(offset)
    bounds = [*scales, *[(None, None)] * len(offset)]
    settings = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000}
    best = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds, options=settings)
    scale, shift = np.split(best.x, 2)
    return scale, shift


_FITS = {"none": _fit_nothing, "temperature": _fit_temperature, "vector": _fit_vector}
