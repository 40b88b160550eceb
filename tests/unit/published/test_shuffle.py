import random

import pytest

from binrecon.published.shuffle import shuffle_as_python_2


def test_shuffle_as_python_2__by_hand() -> None:
    draw = random.Random(5).random
    assert [draw() for _ in range(5)] == pytest.approx([0.6229, 0.7418, 0.7952, 0.9425, 0.7399], abs=5e-5)
    # place 5 swaps with int(0.6229 * 6) = 3:  a b c f e d
    # place 4 swaps with int(0.7418 * 5) = 3:  a b c e f d
    # place 3 swaps with int(0.7952 * 4) = 3:  a b c e f d
    # place 2 swaps with int(0.9425 * 3) = 2:  a b c e f d
    # place 1 swaps with int(0.7399 * 2) = 1:  a b c e f d
    assert shuffle_as_python_2("abcdef", 5) == list("abcefd")


def test_shuffle_as_python_2__differs_from_python_3() -> None:
    letters = list("abcdefghijklmnop")
    shuffled = letters.copy()
    random.Random(5).shuffle(shuffled)
    assert shuffle_as_python_2(letters, 5) != shuffled
    assert letters == list("abcdefghijklmnop")


@pytest.mark.parametrize("bin_ids", [[], ["00001"]])
def test_shuffle_as_python_2__nothing_to_swap(bin_ids: list[str]) -> None:
    assert shuffle_as_python_2(bin_ids, 5) == bin_ids


def test_shuffle_as_python_2__keeps_every_id() -> None:
    ids = [f"{number:05d}" for number in range(1000)]
    assert sorted(shuffle_as_python_2(ids, 0)) == ids
    assert shuffle_as_python_2(ids, 0) != shuffle_as_python_2(ids, 1)
