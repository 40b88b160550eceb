import multiprocessing
import os

from tests.unit.features.conftest import MakeStore, name_rows

from binrecon.features.claims import BlockClaims, is_claimed
from binrecon.features.rows import Block
from binrecon.features.store import FeatureStore


def claim_and_die(store: FeatureStore, block: Block) -> None:
    with BlockClaims(store) as claims:
        os._exit(0 if claims.take(block) else 1)


def test_claims__one_process_at_a_time_and_freed_by_death(make_store: MakeStore) -> None:
    store = make_store()
    store.add_rows(name_rows(2))
    (block,) = store.open().rows.blocks
    context = multiprocessing.get_context("fork")

    def try_elsewhere() -> bool:
        process = context.Process(target=claim_and_die, args=(store, block))
        process.start()
        process.join()
        return process.exitcode == 0

    assert try_elsewhere()
    with BlockClaims(store) as claims:
        assert claims.take(block)  # the process that had it is dead
        assert not try_elsewhere()
        claims.release(block)
        assert try_elsewhere()


def ask_if_claimed(store: FeatureStore) -> None:
    os._exit(0 if is_claimed(store.folder) else 1)


def test_is_claimed(make_store: MakeStore) -> None:
    store = make_store()
    store.add_rows(name_rows(2))
    assert not is_claimed(store.folder), "no process ever computed there"

    def is_claimed_here() -> bool:
        process = multiprocessing.get_context("fork").Process(target=ask_if_claimed, args=(store,))
        process.start()
        process.join()
        return process.exitcode == 0

    with BlockClaims(store) as claims:
        assert not is_claimed_here()
        claims.take(store.open().rows.blocks[0])
        assert is_claimed_here()
    assert not is_claimed_here()
