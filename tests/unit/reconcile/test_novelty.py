import numpy as np
import pytest

from binrecon.reconcile.novelty import fit_novelty


def draw_features(count: int, width: int = 40, seed: int = 0) -> np.ndarray:
    """Features with a few wide directions, as those of a network have."""
    generator = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(4, width))
    wide = generator.normal(size=(count, 4)) * [5, 3, 2, 1]
    return (wide @ mixing + generator.normal(size=(count, width)) + 7).astype(np.float32)


def test_distance__about_one_for_photos_of_the_same_kind() -> None:
    novelty = fit_novelty(draw_features(1000))
    distances = novelty.distance(draw_features(500, seed=1))
    assert distances.mean() == pytest.approx(1, abs=0.1)
    assert distances.max() < 2


def test_distance__is_mahalanobis_where_every_direction_is_kept() -> None:
    features = draw_features(1000, width=12)
    novelty = fit_novelty(features)
    centred = features.astype(np.float64) - features.mean(axis=0)
    inverse = np.linalg.inv(centred.T @ centred / len(centred))
    wanted = np.sqrt(np.einsum("nf,fg,ng->n", centred, inverse, centred) / 12)
    np.testing.assert_allclose(novelty.distance(features), wanted, rtol=2e-3)


def test_distance__finds_what_each_feature_alone_does_not_show() -> None:
    """Every feature is within its usual range, but they do not go together."""
    features = draw_features(1000)
    strange = np.random.default_rng(2).permuted(features, axis=0)
    novelty = fit_novelty(features)
    assert np.median(novelty.distance(strange)) > np.quantile(novelty.distance(features), 0.999)


def test_fit_novelty__constant_features() -> None:
    features = draw_features(50)
    features[:, 3] = 2.5
    assert np.isfinite(fit_novelty(features).distance(features)).all()


def test_fit_novelty__two_photos() -> None:
    features = draw_features(2)
    assert np.isfinite(fit_novelty(features).distance(draw_features(3, seed=1))).all()
