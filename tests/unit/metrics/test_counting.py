import math
import pickle
from pathlib import Path

import pytest
import torch
from torch import distributed, multiprocessing

from binrecon.metrics.counting import CountingMetrics
from binrecon.metrics.functional import CountTally, scores, tally_batch


def draw_batch(bin_count: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(bin_count)
    recorded = torch.randint(0, 6, (bin_count,), generator=generator)
    return 2 * torch.randn(bin_count, 6, generator=generator), recorded


def compute(metrics: CountingMetrics) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.compute().items()}


def test_compute__is_the_function() -> None:
    logits, recorded = draw_batch(200)
    metrics = CountingMetrics(min_count=0, max_count=5)

    metrics.update(logits, recorded)

    assert compute(metrics) == scores(tally_batch(logits, recorded, 0))


@pytest.mark.parametrize("batch_size", [1, 7, 64, 200])
def test_compute__over_batches_is_all_at_once(batch_size: int) -> None:
    logits, recorded = draw_batch(200)
    metrics = CountingMetrics(min_count=0, max_count=5)

    for part, truth in zip(logits.split(batch_size), recorded.split(batch_size), strict=True):
        metrics.update(part, truth)

    assert compute(metrics) == pytest.approx(scores(tally_batch(logits, recorded, 0)))


def test_compute__min_count() -> None:
    logits, recorded = draw_batch(100)
    metrics = CountingMetrics(min_count=1, max_count=6)

    metrics.update(logits, recorded + 1)

    assert compute(metrics) == pytest.approx(scores(tally_batch(logits, recorded, 0)))


def test_compute__scalars() -> None:
    metrics = CountingMetrics(min_count=0, max_count=5)
    metrics.update(*draw_batch(10))

    assert all(value.shape == () and value.dtype == torch.float64 for value in metrics.compute().values())


def test_compute__of_no_bins_is_nan() -> None:
    metrics = CountingMetrics(min_count=0, max_count=5)
    metrics.update(torch.zeros(0, 6), torch.zeros(0, dtype=torch.uint8))

    assert all(math.isnan(value) for value in compute(metrics).values())


def test_compute__before_an_update_warns_and_is_nan() -> None:
    with pytest.warns(UserWarning, match="was called before the ``update``"):
        result = compute(CountingMetrics(min_count=0, max_count=5))

    assert all(math.isnan(value) for value in result.values())


def test_forward__returns_the_batch_and_keeps_the_sum() -> None:
    logits, recorded = draw_batch(40)
    metrics = CountingMetrics(min_count=0, max_count=5)

    metrics(logits[:30], recorded[:30])
    last = metrics(logits[30:], recorded[30:])

    assert {name: float(value) for name, value in last.items()} == scores(
        tally_batch(logits[30:], recorded[30:], 0)
    )
    assert compute(metrics) == pytest.approx(scores(tally_batch(logits, recorded, 0)))


def test_reset__forgets() -> None:
    logits, recorded = draw_batch(40)
    metrics = CountingMetrics(min_count=0, max_count=5)
    metrics.update(*draw_batch(30))

    metrics.reset()
    metrics.update(logits, recorded)

    assert compute(metrics) == scores(tally_batch(logits, recorded, 0))


def test_tally__is_a_copy() -> None:
    logits, recorded = draw_batch(40)
    metrics = CountingMetrics(min_count=0, max_count=5)
    metrics.update(logits, recorded)

    tally = metrics.tally()
    tally.confusion.zero_()

    torch.testing.assert_close(metrics.tally(), tally_batch(logits, recorded, 0))


def test_update__keeps_no_graph() -> None:
    logits, recorded = draw_batch(40)
    metrics = CountingMetrics(min_count=0, max_count=5)

    metrics.update(logits.requires_grad_(), recorded)

    assert not any(total.requires_grad for total in metrics.tally())


def test_update__counts_on_after_the_model_was_cast_down() -> None:
    # Lightning casts a whole module under `precision=bf16-true`; 300 sums of 1 in bfloat16 would stop at 256.
    metrics = CountingMetrics(min_count=0, max_count=5).to(torch.bfloat16)

    for _ in range(300):
        metrics.update(torch.eye(6)[:1], torch.tensor([0]))

    assert metrics.tally().confusion[0, 0] == 300
    assert all(total.dtype == torch.float64 for total in metrics.tally())


def test_update__other_number_of_classes() -> None:
    metrics = CountingMetrics(min_count=1, max_count=5)

    with pytest.raises(ValueError, match=r"must have shape \(B, 5\) for counts 1\.\.5, got \(3, 6\)"):
        metrics.update(torch.zeros(3, 6), torch.ones(3, dtype=torch.int64))


def test_update__refused_batch_leaves_the_sums() -> None:
    logits, recorded = draw_batch(40)
    metrics = CountingMetrics(min_count=0, max_count=5)
    metrics.update(logits, recorded)

    with pytest.raises(ValueError, match=r"must be within 0\.\.5, got \[9\]"):
        metrics.update(torch.zeros(1, 6), torch.tensor([9]))

    assert compute(metrics) == scores(tally_batch(logits, recorded, 0))


def test_init__empty_range() -> None:
    with pytest.raises(ValueError, match=r"max_count: must be >= min_count \(3\), got 2"):
        CountingMetrics(min_count=3, max_count=2)


def test_pickle__keeps_the_sums() -> None:
    metrics = CountingMetrics(min_count=0, max_count=5)
    metrics.update(*draw_batch(40))

    assert compute(pickle.loads(pickle.dumps(metrics))) == compute(metrics)  # noqa: S301 our own bytes


@pytest.mark.gpu
def test_update__on_cuda_in_deterministic_mode() -> None:
    logits, recorded = draw_batch(100)
    metrics = CountingMetrics(min_count=0, max_count=5).to("cuda")
    torch.use_deterministic_algorithms(True)
    try:
        metrics.update(logits.to("cuda", torch.bfloat16), recorded.to("cuda", torch.uint8))
        result = compute(metrics)
    finally:
        torch.use_deterministic_algorithms(False)

    assert result == pytest.approx(scores(tally_batch(logits.bfloat16(), recorded, 0)), rel=1e-5)


def run_process(rank: int, folder: Path) -> None:
    """Sum up every second of 101 bins in one of two processes, and store what this process gets."""
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    logits, recorded = draw_batch(101)
    metrics = CountingMetrics(min_count=0, max_count=5)
    metrics.update(logits[rank::2], recorded[rank::2])
    tally = metrics.tally()
    torch.save({"scores": compute(metrics), "tally": tuple(tally)}, folder / f"{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.slow
def test_compute__over_two_processes_is_all_at_once(tmp_path: Path) -> None:
    multiprocessing.spawn(run_process, args=(tmp_path,), nprocs=2)

    whole = tally_batch(*draw_batch(101), min_count=0)
    for rank in range(2):
        result = torch.load(tmp_path / f"{rank}.pt")
        assert result["scores"] == pytest.approx(scores(whole))
        torch.testing.assert_close(CountTally(*result["tally"]), whole)
