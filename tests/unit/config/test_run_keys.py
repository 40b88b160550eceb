import pytest

from binrecon.config.compose import compose_config
from binrecon.config.parts import ROOMS, load_parts
from binrecon.config.run_keys import expand_key, list_run_keys, short_words


def test_list_run_keys__are_those_of_a_composed_run() -> None:
    keys = list_run_keys()
    for key in ("seed", "trainer.max_epochs", "optimizer.momentum", "optimizer.beta2", "data.image_size"):
        assert key in keys
    assert {key.partition(".")[0] for key in keys} == set(compose_config("train"))
    assert all(f"{group}.{name}" not in keys for group in ROOMS for name in load_parts(group))


@pytest.mark.parametrize("word", ["model", "optimizer", "head", "loss", "features", "trainer", "source"])
def test_short_words(word: str) -> None:
    assert short_words()[word] in list_run_keys()
    assert expand_key(word) == short_words()[word]
