import multiprocessing
import os

from tests.unit.features.conftest import MakeStore, name_rows

from binrecon.features.claims import BlockClaims
from binrecon.features.rows import Block
from binrecon.features.store import FeatureStore


def claim_and_die(store: FeatureStore, block: Block) -> None:
    with BlockClaims(store) as claims:
        os._exit(0 if claims.take(block) else 1)


def test_claims__one_process_at_a_time_and_freed_by_death(make_store: MakeStore) -> None:
    store = make_store()
    store.add_rows(name_rows(2))
    (block,) = store.list_blocks()
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
