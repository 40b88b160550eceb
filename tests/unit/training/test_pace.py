import math
import time
from pathlib import Path

import pytest
import torch

from binrecon.config.compose import compose_config, to_typed
from binrecon.config.schema import TrainConfig
from binrecon.training import pace
from binrecon.training.pace import time_run
from binrecon.training.prepare import look_at_bins


def compose(words: list[str]) -> TrainConfig:
    config: TrainConfig = to_typed(compose_config("train", words))
    return config


def test_time_run__phases(tiny_run: list[str]) -> None:
    """Phases of one kind are timed once, larger photos go slower, and what is timed leaves nothing behind."""
    phases = "[{epochs: 1, first_stage: head}, {epochs: 2, first_stage: head}, {epochs: 3, image_size: 128}]"
    words = [*tiny_run, "regime=phased", f"regime.phases={phases}", "trainer.max_epochs=6"]
    config = compose([*words, "trainer.accumulate=2"])
    before = torch.are_deterministic_algorithms_enabled()
    found = time_run(config, look_at_bins(config)[0], seconds=1.5)
    assert [(phase.epochs, phase.first_stage, phase.image_size) for phase, _ in found.phases] == [
        (1, "head", 32),
        (2, "head", 32),
        (3, "stem", 128),
    ]
    rates = [rate for _, rate in found.phases]
    assert rates[0] == rates[1] > rates[2] > 0
    assert found.evaluation > 0
    assert found.extraction is None
    assert found.device == "CPU"
    assert torch.are_deterministic_algorithms_enabled() == before
    assert not Path(config.output_root).exists()


def test_time_run__kept_features(tiny_run: list[str]) -> None:
    config = compose(tiny_run)
    found = time_run(config, look_at_bins(config)[0], seconds=0.3)
    assert found.phases == ()
    assert math.isnan(found.evaluation)
    assert found.extraction is not None
    assert found.extraction > 0
    assert not (Path(config.cache_dir) / "features").exists()


def test_time__counts_what_is_done_in_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pieces warm up; then three of 10 photos each, two seconds each, pass the five seconds."""
    clock = iter([0.0, 2.0, 4.0, 6.0, 6.5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    seen: list[object] = []

    def work(piece: object) -> int:
        seen.append(piece)
        return 10

    rate = pace._time(["a", "b", "c"], work, torch.device("cpu"), seconds=5.0)
    assert seen == ["a", "b", "c", "a", "b"]
    assert rate == pytest.approx(30 / 6.5)
