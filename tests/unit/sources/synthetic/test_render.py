from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from binrecon.sources.synthetic.items import draw_item
from binrecon.sources.synthetic.layout import measure_visible
from binrecon.sources.synthetic.render import draw_scene, render_photo
from binrecon.sources.synthetic.scene import sample_scene
from binrecon.sources.synthetic.skus import Kind, sample_sku


def test_render_photo__is_a_jpeg_of_the_stated_size() -> None:
    scene = sample_scene(np.random.default_rng(0), 3)
    photo = Image.open(BytesIO(render_photo(scene)))
    assert (photo.format, photo.mode) == ("JPEG", "RGB")
    assert photo.size == (scene.shape.photo_width, scene.shape.photo_height)


def test_render_photo__same_scene_same_bytes() -> None:
    scene = sample_scene(np.random.default_rng(0), 3)
    assert render_photo(scene) == render_photo(scene)


@pytest.mark.parametrize("seed", range(6))
def test_draw_scene__every_item_shows(seed: int) -> None:
    scene = sample_scene(np.random.default_rng(seed), 3)
    full = np.asarray(draw_scene(scene), dtype=int)
    for index in range(3):
        fewer = replace(scene, items=scene.items[:index] + scene.items[index + 1 :])
        changed = np.abs(full - np.asarray(draw_scene(fewer), dtype=int)).max(axis=2) > 6
        assert changed.mean() > 0.005


def test_draw_scene__an_item_changes_an_empty_bin() -> None:
    scene = sample_scene(np.random.default_rng(2), 1)
    filled, empty = (np.asarray(draw_scene(s), dtype=int) for s in (scene, replace(scene, items=())))
    assert (np.abs(filled - empty).max(axis=2) > 6).mean() > 0.02


def test_draw_scene__looks_dull_and_warm() -> None:
    means = [
        np.asarray(draw_scene(sample_scene(np.random.default_rng(seed), seed % 5))).mean(axis=(0, 1))
        for seed in range(8)
    ]
    # 290 real photos have 135, 114 and 91 on average.
    np.testing.assert_allclose(np.mean(means, axis=0), [135, 114, 91], atol=16)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("size", [(3, 3), (9, 60), (60, 9), (120, 90)])
def test_draw_item__every_kind_at_any_size(kind: Kind, size: tuple[int, int]) -> None:
    sku = replace(sample_sku(np.random.default_rng(1), 14.0, 9.0, 1.0), kind=kind)
    image = draw_item(sku, *size, sticker_width=20)
    assert image.mode == "RGBA"
    assert image.size == (max(size[0], 6), max(size[1], 6))
    assert np.asarray(image)[..., 3].mean() > 60


def test_measure_visible__none_hidden() -> None:
    scene = sample_scene(np.random.default_rng(0), 1)
    assert measure_visible(scene.items, scene.shape.aspect)[0] > 0.6


def test_measure_visible__hidden_by_a_copy() -> None:
    scene = sample_scene(np.random.default_rng(0), 1)
    (item,) = scene.items
    assert measure_visible((item, item), scene.shape.aspect)[0] == 0


def test_measure_visible__no_item() -> None:
    assert measure_visible((), 0.7).shape == (0,)
