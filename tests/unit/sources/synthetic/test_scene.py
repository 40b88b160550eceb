import numpy as np
import pytest

from binrecon.sources.synthetic.scene import Scene, remove_item, sample_scene


def list_keys(scene: Scene) -> list[str]:
    return [item.sku.key for item in scene.items]


@pytest.mark.parametrize("item_count", [0, 1, 5, 12])
def test_sample_scene__holds_the_stated_items(item_count: int) -> None:
    assert len(sample_scene(np.random.default_rng(0), item_count).items) == item_count


def test_sample_scene__same_generator_same_scene() -> None:
    assert sample_scene(np.random.default_rng(3), 4) == sample_scene(np.random.default_rng(3), 4)


def test_sample_scene__copies_of_one_sku_occur() -> None:
    scenes = [sample_scene(np.random.default_rng(seed), 4) for seed in range(20)]
    distinct = [len(set(list_keys(scene))) for scene in scenes]
    assert min(distinct) < 4
    assert max(distinct) == 4


def test_sample_scene__a_quarter_is_portrait() -> None:
    shapes = [sample_scene(np.random.default_rng(seed), 0).shape for seed in range(400)]
    assert 0.17 < np.mean([shape.photo_height > shape.photo_width for shape in shapes]) < 0.31


def test_remove_item__takes_one_unit_from_the_same_bin() -> None:
    before = sample_scene(np.random.default_rng(0), 4)
    after = remove_item(before, np.random.default_rng(1))
    remaining = list_keys(before)
    for key in list_keys(after):
        remaining.remove(key)
    assert len(remaining) == 1
    assert after.shape == before.shape
    assert after.camera != before.camera
