from concurrent.futures import ThreadPoolExecutor

import pytest
import torch.distributed as dist

from binrecon.config.compose import compose_config, to_typed
from binrecon.errors import TrainingError
from binrecon.training.distributed.meeting import find_interface, meet, open_round
from binrecon.training.distributed.place import Place

TWO = [
    "source=synthetic",
    "trainer=ddp_cpu",
    "trainer.devices=1",
    "trainer.nodes=2",
    "trainer.join_timeout_s=1",
]


def place_of(rank: int, size: int = 3) -> Place:
    return Place("torchrun", "torchrun_1", rank=rank, size=size)


def open_rounds(store: dist.Store, size: int = 3) -> list[dist.Store]:
    """Let all processes meet, the first one last."""
    with ThreadPoolExecutor(size) as pool:
        waiting = [pool.submit(open_round, store, place_of(rank, size), 20) for rank in reversed(range(size))]
        return [one.result() for one in reversed(waiting)]


def test_open_round__shares_nothing_with_the_one_before() -> None:
    store = dist.HashStore()
    earlier = open_rounds(store)
    earlier[0].set("address of rank 0", "a dead process")
    assert earlier[2].get("address of rank 0") == b"a dead process"
    later = open_rounds(store)
    assert not any(one.check(["address of rank 0"]) for one in later)
    later[2].set("address of rank 2", "here")
    assert later[0].get("address of rank 2") == b"here"


def test_open_round__a_process_died_while_it_asked() -> None:
    """Its restarted successor is not taken for it, however late it comes."""
    store = dist.HashStore()
    store.set("binrecon/asked/1", "the dead one's")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(open_round, store, place_of(0, 2), 20)
        store.wait(["binrecon/answers/the dead one's"])
        second = open_round(store, place_of(1, 2), 20)
        second.set("I am", "here")
        assert first.result().get("I am") == b"here"


@pytest.mark.parametrize("rank", [0, 1])
def test_open_round__not_all_come(rank: int) -> None:
    with pytest.raises(dist.DistError):
        open_round(dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False), place_of(rank), 0.3)


def test_meet__not_all_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other machine joined torchrun's meeting, but its process never comes."""
    kept = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    variables = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(kept.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TrainingError) as caught:
        meet(to_typed(compose_config("train", TWO)), place_of(0, 2))
    assert str(caught.value) == (
        "process 0 waited 1 s (trainer.join_timeout_s) for all of trainer.devices=1 on each of trainer.nodes=2 to "
        f"meet at 127.0.0.1:{kept.port}, and not all came; look at the log of each machine, and whether they reach "
        "each other at that port (MASTER_ADDR, MASTER_PORT)"
    )


@pytest.mark.enable_socket
def test_find_interface() -> None:
    assert find_interface("127.0.0.1") == "lo"
    assert find_interface("localhost") == "lo"
    assert find_interface("no such host") is None
