import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    recall_score,
)

from binrecon.config.metric_names import LOGGED_METRICS
from binrecon.metrics.functional import (
    BAND_COUNT,
    CountTally,
    add_tallies,
    count_accuracy,
    count_f1,
    empty_tally,
    head_scores,
    macro_f1,
    scores,
    tally_batch,
    tally_heads,
)

INTEGER_DTYPES = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32]


def draw_batch(
    bin_count: int, class_count: int, min_count: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    recorded = torch.randint(min_count, min_count + class_count, (bin_count,), generator=generator)
    logits = 2 * torch.randn(bin_count, class_count, generator=generator, dtype=torch.float64)
    logits[torch.arange(bin_count), recorded - min_count] += 1
    return logits, recorded


def compute_probabilities(logits: torch.Tensor) -> np.ndarray:
    weights = np.exp(logits.double().numpy())
    return weights / weights.sum(axis=1, keepdims=True)


def compute_reference_ece(probabilities: np.ndarray, recorded_class: np.ndarray) -> float:
    """Guo et al. 2017, equation 3, one band after the other."""
    confidence, answer = probabilities.max(axis=1), probabilities.argmax(axis=1)
    error = 0.0
    for band in range(15):
        inside = (confidence > band / 15) & (confidence <= (band + 1) / 15)
        if inside.any():
            gap = (answer[inside] == recorded_class[inside]).mean() - confidence[inside].mean()
            error += inside.mean() * abs(gap)
    return error


def compute_reference(logits: torch.Tensor, recorded: torch.Tensor, min_count: int) -> dict[str, float]:
    probabilities, truth = compute_probabilities(logits), recorded.numpy()
    counts = np.arange(min_count, min_count + logits.shape[1])
    answer = counts[probabilities.argmax(axis=1)]
    others = {
        "rounded_mean": np.floor(probabilities @ counts + 0.5).astype(int),
        "median": np.array([counts[np.searchsorted(np.cumsum(row), 0.5)] for row in probabilities]),
    }
    return {
        "accuracy": accuracy_score(truth, answer),
        "macro_f1": f1_score(truth, answer, average="macro", zero_division=0),
        "rmse": math.sqrt(mean_squared_error(truth, answer)),
        "mae": mean_absolute_error(truth, answer),
        "rmse_of_mean": math.sqrt(mean_squared_error(truth, probabilities @ counts)),
        "within_one_accuracy": np.mean(np.abs(truth - answer) <= 1),
        "nll": log_loss(truth, probabilities, labels=counts),
        "ece": compute_reference_ece(probabilities, truth - min_count),
        **{f"accuracy_of_{name}": accuracy_score(truth, other) for name, other in others.items()},
        **{f"rmse_of_{name}": mean_squared_error(truth, other) ** 0.5 for name, other in others.items()},
        **{f"mae_of_{name}": mean_absolute_error(truth, other) for name, other in others.items()},
    }


@pytest.mark.parametrize(("class_count", "min_count"), [(6, 0), (5, 1), (2, 3), (13, 0)])
@pytest.mark.parametrize("bin_count", [1, 7, 400])
def test_scores__match_scikit_learn(bin_count: int, class_count: int, min_count: int) -> None:
    logits, recorded = draw_batch(bin_count, class_count, min_count, seed=bin_count)

    assert scores(tally_batch(logits, recorded, min_count)) == pytest.approx(
        compute_reference(logits, recorded, min_count)
    )


@given(seed=st.integers(0, 10_000), bin_count=st.integers(1, 40), class_count=st.integers(2, 8))
def test_scores__match_scikit_learn_on_any_batch(seed: int, bin_count: int, class_count: int) -> None:
    logits, recorded = draw_batch(bin_count, class_count, 1, seed)

    assert scores(tally_batch(logits, recorded, 1)) == pytest.approx(compute_reference(logits, recorded, 1))


def test_scores__are_the_declared_metrics_but_the_loss() -> None:
    assert list(scores(empty_tally(6))) == [name for name in LOGGED_METRICS if name != "loss"]


def test_scores__of_no_bins_are_nan() -> None:
    tally = tally_batch(torch.zeros(0, 6), torch.zeros(0, dtype=torch.int64), 0)

    assert all(math.isnan(value) for value in scores(tally).values())
    assert count_accuracy(tally).isnan().all()
    assert count_f1(tally).isnan().all()


def test_scores__of_a_sure_and_right_answer() -> None:
    tally = tally_batch(torch.tensor([[0.0, 200.0, 0.0]]), torch.tensor([2]), min_count=1)

    assert scores(tally) == {
        "accuracy": 1,
        "macro_f1": 1,
        "rmse": 0,
        "mae": 0,
        "rmse_of_mean": 0,
        "within_one_accuracy": 1,
        "nll": 0,
        "ece": 0,
        "accuracy_of_rounded_mean": 1,
        "rmse_of_rounded_mean": 0,
        "mae_of_rounded_mean": 0,
        "accuracy_of_median": 1,
        "rmse_of_median": 0,
        "mae_of_median": 0,
    }


def test_scores__of_a_published_confusion_matrix() -> None:
    # Always "3" on the 36,032 validation bins with 0 to 5 items of github.com/silverbottlep/abid_challenge.
    confusion = torch.zeros(6, 6, dtype=torch.float64)
    confusion[:, 3] = torch.tensor([966.0, 4098, 7622, 8951, 8054, 6341])

    result = scores(empty_tally(6)._replace(confusion=confusion))

    assert result["accuracy"] == pytest.approx(0.2484, abs=5e-5)
    assert result["macro_f1"] == pytest.approx(0.066, abs=5e-4)
    assert result["rmse"] == pytest.approx(1.3547, abs=5e-5)
    assert result["mae"] == pytest.approx(1.0949, abs=5e-5)


def test_tally_batch__confusion_has_recorded_rows() -> None:
    logits, recorded = draw_batch(300, 6, 0, seed=3)

    confusion = tally_batch(logits, recorded, 0).confusion

    assert confusion.dtype == torch.float64
    np.testing.assert_array_equal(confusion, confusion_matrix(recorded, logits.argmax(dim=1)))


def test_tally_batch__each_decoding_has_its_confusion() -> None:
    """Likeliest 0, mean 1.6, which is rounded to 2, and median 1."""
    logits = torch.tensor([[0.4, 0.15, 0.05, 0.25, 0.15]]).log()

    tally = tally_batch(logits, torch.tensor([4]), 0)

    matrices = (tally.confusion, tally.confusion_of_rounded_mean, tally.confusion_of_median)
    assert [matrix.nonzero().tolist() for matrix in matrices] == [[[4, 0]], [[4, 2]], [[4, 1]]]
    assert scores(tally)["mae"] == 4
    assert scores(tally)["mae_of_rounded_mean"] == 2
    assert scores(tally)["rmse_of_median"] == 3


def test_tally_batch__bands_hold_every_bin() -> None:
    tally = tally_batch(*draw_batch(300, 6, 0, seed=4), min_count=0)

    assert tally.band_size.sum() == 300
    assert tally.band_correct.sum() == tally.confusion.trace()
    edges = torch.arange(BAND_COUNT + 1) / BAND_COUNT
    mean = tally.band_confidence / tally.band_size
    filled = tally.band_size > 0
    assert (mean[filled] > edges[:-1][filled]).all()
    assert (mean[filled] <= edges[1:][filled]).all()


@pytest.mark.parametrize("dtype", INTEGER_DTYPES)
def test_tally_batch__integer_dtype_of_the_counts(dtype: torch.dtype) -> None:
    # Differences of uint8 wrap round: torchmetrics' own mean absolute error of 1 against 2 is 255.
    logits, recorded = draw_batch(100, 6, 0, seed=5)

    assert scores(tally_batch(logits, recorded.to(dtype), 0)) == scores(tally_batch(logits, recorded, 0))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float16, 5e-3)])
def test_tally_batch__dtype_of_the_logits(dtype: torch.dtype, tolerance: float) -> None:
    logits, recorded = draw_batch(100, 6, 0, seed=6)

    result = scores(tally_batch(logits.to(dtype), recorded, 0))

    assert result == pytest.approx(scores(tally_batch(logits, recorded, 0)), abs=tolerance)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_tally_batch__half_logits_are_computed_in_float32(dtype: torch.dtype) -> None:
    logits, recorded = draw_batch(100, 6, 0, seed=7)

    half, wide = (tally_batch(given, recorded, 0) for given in (logits.to(dtype), logits.to(dtype).float()))

    assert all(torch.equal(one, other) for one, other in zip(half, wide, strict=True))


def test_tally_heads__each_is_that_of_a_head() -> None:
    batches = [draw_batch(37, 6, 1, seed) for seed in range(3)]
    recorded = batches[0][1]
    tally = tally_heads(torch.stack([logits for logits, _ in batches], dim=1), recorded, 1)
    together = head_scores(tally)
    for head, (logits, _) in enumerate(batches):
        alone = tally_batch(logits, recorded, 1)
        for part, expected in zip(tally, alone, strict=True):
            torch.testing.assert_close(part[head], expected)
        assert {name: score[head].item() for name, score in together.items()} == pytest.approx(scores(alone))


@given(cut=st.integers(0, 60))
def test_add_tallies__parts_make_the_whole(cut: int) -> None:
    logits, recorded = draw_batch(60, 6, 0, seed=8)

    parts = add_tallies(
        tally_batch(logits[:cut], recorded[:cut], 0), tally_batch(logits[cut:], recorded[cut:], 0)
    )

    torch.testing.assert_close(parts, tally_batch(logits, recorded, 0))


def test_empty_tally__adds_nothing() -> None:
    tally = tally_batch(*draw_batch(20, 6, 0, seed=9), min_count=0)

    assert isinstance(add_tallies(empty_tally(6), tally), CountTally)
    torch.testing.assert_close(add_tallies(empty_tally(6), tally), tally, rtol=0, atol=0)


def test_count_accuracy_and_f1__match_scikit_learn() -> None:
    logits, recorded = draw_batch(300, 6, 0, seed=10)
    tally, answer = tally_batch(logits, recorded, 0), logits.argmax(dim=1)

    np.testing.assert_allclose(count_accuracy(tally), recall_score(recorded, answer, average=None))
    np.testing.assert_allclose(count_f1(tally), f1_score(recorded, answer, average=None))


def test_count_f1__counts_that_do_not_occur() -> None:
    # Count 1 is recorded but never predicted, 2 is predicted but never recorded, 3 is neither.
    logits = torch.eye(4)[[0, 0, 2]] * 5
    tally = tally_batch(logits, torch.tensor([0, 1, 1]), 0)

    np.testing.assert_allclose(count_f1(tally), [2 / 3, 0, 0, math.nan])
    np.testing.assert_allclose(count_accuracy(tally), [1, 0, math.nan, math.nan])
    assert float(macro_f1(tally)) == pytest.approx(
        f1_score([0, 1, 1], [0, 0, 2], average="macro", zero_division=0)
    )
