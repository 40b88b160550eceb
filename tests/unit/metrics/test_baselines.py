import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sklearn.metrics import log_loss

from binrecon.config.metric_names import LOGGED_METRICS
from binrecon.metrics.baselines import find_majority_count, majority_baseline, prior_baseline

Baseline = Callable[[Sequence[int], Sequence[int], int], dict[str, float]]

# Bins with 0 to 5 items in the validation list of github.com/silverbottlep/abid_challenge.
CHALLENGE = [966, 4098, 7622, 8951, 8054, 6341]
CHALLENGE_TRAIN = [8735, 37049, 69241, 81107, 72496, 56107]
# Bins with 1 to 5 items in starter/file_list.json of github.com/udacity/nd009t-capstone-starter.
STARTER = [1228, 2299, 2666, 2373, 1875]


def test_majority_baseline__challenge() -> None:
    result = majority_baseline(CHALLENGE_TRAIN, CHALLENGE, min_count=0)

    assert result["accuracy"] == pytest.approx(0.2484, abs=5e-5)
    assert result["macro_f1"] == pytest.approx(0.066, abs=5e-4)
    assert result["rmse"] == pytest.approx(1.3547, abs=5e-5)
    assert result["mae"] == pytest.approx(1.0949, abs=5e-5)
    assert result["within_one_accuracy"] == pytest.approx((7622 + 8951 + 8054) / 36032)


def test_majority_baseline__starter() -> None:
    result = majority_baseline(STARTER, STARTER, min_count=1)

    assert result["accuracy"] == pytest.approx(0.255, abs=5e-4)
    assert result["macro_f1"] == pytest.approx(0.081, abs=5e-4)
    assert result["rmse"] == pytest.approx(1.279, abs=5e-4)


def test_majority_baseline__has_no_probabilities() -> None:
    result = majority_baseline(STARTER, STARTER, min_count=1)

    assert math.isnan(result["nll"])
    assert math.isnan(result["ece"])
    assert result["rmse_of_mean"] == result["rmse"]
    assert result["rmse_of_rounded_mean"] == result["rmse"]
    assert result["mae_of_median"] == result["mae"]


def test_prior_baseline__starter() -> None:
    result = prior_baseline(STARTER, STARTER, min_count=1)

    assert result["accuracy"] == pytest.approx(0.211, abs=5e-4)
    assert result["ece"] == pytest.approx(0)


def test_prior_baseline__matches_draws() -> None:
    rng = np.random.default_rng(0)
    prior = np.array(CHALLENGE_TRAIN) / sum(CHALLENGE_TRAIN)
    recorded = np.repeat(np.arange(6), CHALLENGE)
    answers = rng.choice(6, size=(20, len(recorded)), p=prior)

    result = prior_baseline(CHALLENGE_TRAIN, CHALLENGE, min_count=0)

    assert result["accuracy"] == pytest.approx(np.mean(answers == recorded), abs=2e-3)
    assert result["mae"] == pytest.approx(np.mean(np.abs(answers - recorded)), abs=5e-3)
    assert result["rmse"] == pytest.approx(math.sqrt(np.mean((answers - recorded) ** 2)), abs=5e-3)
    assert result["rmse_of_mean"] == pytest.approx(math.sqrt(np.mean((recorded - prior @ np.arange(6)) ** 2)))
    assert result["nll"] == pytest.approx(log_loss(recorded, np.tile(prior, (len(recorded), 1))))


def test_prior_baseline__rounded_mean_and_median_are_those_of_the_frequencies() -> None:
    """Of 4, 0, 0, 3 and 2 bins the commonest count is 1, the mean 2.9, and the median 4."""
    result = prior_baseline([4, 0, 0, 3, 2], [1, 0, 0, 0, 1], min_count=1)

    assert result["accuracy"] == pytest.approx((4 / 9 + 2 / 9) / 2)
    assert result["mae_of_rounded_mean"] == 2
    assert result["rmse_of_rounded_mean"] == 2
    assert result["mae_of_median"] == 2
    assert result["rmse_of_median"] == pytest.approx(math.sqrt(5))
    assert result["accuracy_of_median"] == 0


def test_prior_baseline__ece_is_one_gap() -> None:
    # Confidence is 3/4, and half of the scored bins have the commonest training count.
    assert prior_baseline([1, 3], [2, 2], min_count=0)["ece"] == pytest.approx(0.25)


def test_prior_baseline__count_never_trained_on() -> None:
    assert prior_baseline([4, 4, 0], [1, 1, 1], min_count=0)["nll"] == math.inf
    assert prior_baseline([4, 4, 0], [1, 1, 0], min_count=0)["nll"] == pytest.approx(math.log(2))


@pytest.mark.parametrize("baseline", [majority_baseline, prior_baseline])
def test_baselines__have_the_declared_names(baseline: Baseline) -> None:
    assert [*baseline(STARTER, STARTER, 1), "loss"] == list(LOGGED_METRICS)


@pytest.mark.parametrize("baseline", [majority_baseline, prior_baseline])
def test_baselines__nothing_to_score(baseline: Baseline) -> None:
    assert all(math.isnan(value) for value in baseline(STARTER, [0, 0, 0, 0, 0], 1).values())


@pytest.mark.parametrize("baseline", [majority_baseline, prior_baseline])
@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([1, 2], [1, 2, 3], "must be of equal length, got 2 for training and 3 for scoring"),
        ([0, 0], [1, 2], "train_histogram: must hold at least one bin"),
        ([], [], "train_histogram: must hold at least one bin"),
        ([1, 2], [1, -2], r"must not be negative, got \[1, 2\], \[1, -2\]"),
    ],
)
def test_baselines__unusable_histograms(
    baseline: Baseline, train: list[int], test: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        baseline(train, test, 0)


def test_find_majority_count__tie_takes_the_smaller_count() -> None:
    assert find_majority_count([3, 7, 7, 1], min_count=1) == 2
