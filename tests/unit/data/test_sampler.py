from collections import Counter
from itertools import chain

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from binrecon.data.sampler import EvaluationSampler, TrainSampler


def batches_of(sampler: TrainSampler | EvaluationSampler) -> list[list[tuple[int, int]]]:
    """Each batch as pairs of row and view."""
    return [list(zip(views.rows.tolist(), views.views.tolist(), strict=True)) for views in sampler]


def rows_of(sampler: TrainSampler | EvaluationSampler) -> list[int]:
    return [row for batch in batches_of(sampler) for row, _ in batch]


def test_train_sampler__every_bin_once() -> None:
    sampler = TrainSampler(10, batch_size=4, horizontal_flip=True, seed=0)
    assert sorted(rows_of(sampler)) == list(range(10))
    assert [len(batch) for batch in batches_of(sampler)] == [4, 4, 2]
    assert len(sampler) == 3


def test_train_sampler__same_seed_and_epoch_same_batches() -> None:
    one, other = (TrainSampler(50, 8, True, seed=3) for _ in range(2))
    list(one)  # what ran before does not matter
    one.set_epoch(4)
    other.set_epoch(4)
    assert batches_of(one) == batches_of(other)


def test_train_sampler__other_epoch_and_other_seed_other_batches() -> None:
    sampler = TrainSampler(50, 8, True, seed=3)
    first = batches_of(sampler)
    sampler.set_epoch(1)
    assert batches_of(sampler) != first
    assert batches_of(TrainSampler(50, 8, True, seed=4)) != first


def test_train_sampler__views() -> None:
    views = Counter(view for batch in batches_of(TrainSampler(1000, 100, True, seed=0)) for _, view in batch)
    assert set(views) == {0, 1}
    assert 400 < views[1] < 600
    assert {view for batch in batches_of(TrainSampler(100, 10, False, seed=0)) for _, view in batch} == {0}


@given(st.integers(1, 60), st.integers(1, 3), st.integers(0, 60))
def test_train_sampler__goes_on_within_an_epoch(bins: int, parts: int, turn: int) -> None:
    whole, resumed = (TrainSampler(bins, 6, True, seed=1, parts=parts) for _ in range(2))
    turn = min(turn, len(whole) - 1)
    whole.set_epoch(2)
    resumed.begin_at(2, turn)
    assert batches_of(resumed) == batches_of(whole)[turn:]
    assert len(resumed) == len(whole), "of whole epochs"
    for sampler in (whole, resumed):
        sampler.set_epoch(3)
    assert batches_of(resumed) == batches_of(whole)


@given(st.integers(1, 60), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3))
def test_train_sampler__processes_together_meet_the_batches_of_one(
    bins: int, world: int, share: int, parts: int
) -> None:
    """Each bin once, and every part with the weight that makes the mean of means the mean of the batch."""
    alone = batches_of(TrainSampler(bins, share * world, True, seed=1))
    ranks = [
        list(TrainSampler(bins, share * world, True, 1, rank, world, parts=parts)) for rank in range(world)
    ]
    assert {len(rank) for rank in ranks} == {len(alone) * parts}
    for index, batch in enumerate(alone):
        shares = [views for rank in ranks for views in rank[index * parts : (index + 1) * parts]]
        counted = [views for views in shares if views.weight]
        together = [
            pair for views in counted for pair in zip(views.rows.tolist(), views.views.tolist(), strict=True)
        ]
        assert sorted(together) == sorted(batch)
        assert all(len(views.rows) for views in shares)
        for views in counted:
            assert views.weight / (world * parts) == pytest.approx(len(views.rows) / len(batch))


COUNTS = torch.tensor([0] * 2 + [1] * 18 + [2] * 40)


def balanced(seed: int = 3, **settings: int) -> TrainSampler:
    return TrainSampler(60, 12, True, seed, **settings, balanced_counts=COUNTS)


def test_train_sampler__balanced() -> None:
    sampler = balanced()
    assert [len(batch) for batch in batches_of(sampler)] == [12] * 5, "as many bins as without"
    assert Counter(COUNTS[rows_of(sampler)].tolist()) == {0: 20, 1: 20, 2: 20}


def test_train_sampler__balanced_looks_anew_at_what_is_drawn_again() -> None:
    views = {row: set() for row in (0, 1)}
    for row, view in (pair for batch in batches_of(balanced()) for pair in batch if pair[0] in views):
        views[row].add(view)
    assert views == {0: {0, 1}, 1: {0, 1}}


def test_train_sampler__balanced_by_seed_and_epoch_alone() -> None:
    one, other = balanced(), balanced()
    list(one)
    one.set_epoch(4)
    other.set_epoch(4)
    assert batches_of(one) == batches_of(other)
    assert batches_of(one) != batches_of(balanced())
    assert batches_of(balanced()) != batches_of(balanced(seed=4))


def test_train_sampler__balanced_processes_together_meet_the_batches_of_one() -> None:
    alone = batches_of(balanced())
    ranks = [batches_of(balanced(rank=rank, world_size=3)) for rank in range(3)]
    together = [sorted(chain(*shares)) for shares in zip(*ranks, strict=True)]
    assert together == list(map(sorted, alone))


@given(st.integers(1, 60), st.integers(1, 4), st.integers(1, 20))
def test_evaluation_sampler__every_bin_exactly_once_over_all_processes(
    bins: int, world: int, batch: int
) -> None:
    ranks = [EvaluationSampler(bins, batch, rank, world) for rank in range(world)]
    assert sorted(row for rank in ranks for row in rows_of(rank)) == list(range(bins))
    assert all(len(list(rank)) == len(rank) for rank in ranks)


def test_evaluation_sampler__in_order_and_unmirrored() -> None:
    views = [pair for batch in batches_of(EvaluationSampler(5, 2)) for pair in batch]
    assert views == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0)]


def test_train_sampler__no_bins() -> None:
    with pytest.raises(StopIteration):
        next(iter(TrainSampler(0, 4, True, seed=0)))
