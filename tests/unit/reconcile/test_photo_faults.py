from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from binrecon.config.reconcile import PhotoQualityConfig
from binrecon.reconcile.bins import BINS_SCHEMA
from binrecon.reconcile.novelty import fit_novelty
from binrecon.reconcile.photo_faults import Thresholds, find_photo_faults
from binrecon.reconcile.photo_reference import PhotoReference


def tabulate(*rows: dict[str, Any]) -> pa.Table:
    usual = {"has_photo": True, "sharpness": 100.0, "brightness": 100.0}
    bins = [
        {"bin_id": f"{number:05d}", "sha256": f"hash {number}", **usual, **row}
        for number, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(bins, schema=BINS_SCHEMA)


def find(bins: pa.Table, novelty: list[float], thresholds: Thresholds) -> dict[str, dict[str, str]]:
    return {
        fault.name: {
            bins["bin_id"][row].as_py(): reason for row, reason in zip(fault.rows, fault.reasons, strict=True)
        }
        for fault in find_photo_faults(bins, np.array(novelty), thresholds)
        if fault.rows
    }


def test_find_photo_faults__each_kind() -> None:
    bins = tabulate(
        {},
        {"sharpness": 3.14159},
        {"brightness": 20.0},
        {},
        {"sha256": None, "photo_reason": "photo: cut off", "sharpness": None, "brightness": None},
        {"has_photo": False, "sha256": None, "photo_reason": "there is no photo", "sharpness": None},
    )
    found = find(bins, [1, 1, 1, 1.9, np.nan, np.nan], Thresholds(10, 50, 1.5))
    assert found == {
        "damaged": {"00004": "photo: cut off"},
        "blurred": {"00001": "the photo is blurred (sharpness 3.14; usual is 10 or more)"},
        "dark": {"00002": "the photo is dark (brightness 20; usual is 50 or more)"},
        "unlike": {"00003": "the photo is unlike those of training (distance 1.9; usual is 1.5 or less)"},
    }


def test_find_photo_faults__nothing_is_unusual_without_thresholds() -> None:
    assert find(tabulate({"sharpness": 0.0, "brightness": 0.0}), [99.0], Thresholds()) == {}


def test_find_photo_faults__one_photo_of_several_bins() -> None:
    bins = tabulate(
        {"sha256": "same"}, {}, {"sha256": "same"}, {"sha256": "same"}, {"sha256": None}, {"sha256": None}
    )
    assert find(bins, [1.0] * 6, Thresholds()) == {
        "shared": {
            "00000": "the photo lies, byte for byte, under bin 00002 too",
            "00002": "the photo lies, byte for byte, under bin 00000 too",
            "00003": "the photo lies, byte for byte, under bin 00002 too",
        }
    }


@pytest.fixture(scope="module")
def reference() -> PhotoReference:
    steps = np.linspace(0, 100, 101, dtype=np.float32)
    novelty = fit_novelty(np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32))
    return PhotoReference(novelty, steps, steps + 100, steps + 200)


def test_thresholds__are_shares_of_validation_photos(reference: PhotoReference) -> None:
    config = PhotoQualityConfig(is_judged=True, blurred=0.01, dark=0.02, unlike=0.03)
    found = Thresholds.of(config, reference)
    assert (found.least_sharpness, found.least_brightness, found.most_novelty) == pytest.approx((1, 102, 297))


def test_thresholds__share_of_nothing_sends_nothing_back(reference: PhotoReference) -> None:
    config = PhotoQualityConfig(is_judged=True, blurred=0, dark=0, unlike=0)
    assert Thresholds.of(config, reference) == Thresholds()
    assert Thresholds.of(config, None) == Thresholds(-np.inf, -np.inf, np.inf)
