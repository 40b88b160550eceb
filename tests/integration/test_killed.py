"""A run that is killed at any moment, and resumed, gives bit for bit what an undisturbed one gives."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.same_run import assert_same_run

REGIMES = {
    "cached": [],
    "full": ["regime=full"],
    "live": ["features=live", "head.dropout=0.3"],
    "gradual": ["regime=gradual", "regime.head_epochs=1", "regime.first_stage=stage4"],
}
EVERY_STEP = "trainer.checkpoint_minutes=1e-9"
"""Checkpoints are written within epochs too, where photos are trained on."""
PAIRS = (("cached", "sgd"), ("live", "adam"), ("full", "sgdr"), ("gradual", "adamw"))
KILLS = 5


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_train__killed_at_random_moments(tiny_run: list[str], tmp_path: Path) -> None:
    """Twenty kills, five of each run, wherever they fall: extraction, a step, a checkpoint, the test."""
    cases = {
        f"{regime}_{optimizer}": [
            "train", *tiny_run, *REGIMES[regime], f"optimizer={optimizer}", "trainer.max_epochs=3",
            EVERY_STEP,
        ]
        for regime, optimizer in PAIRS
    }  # fmt: skip
    plan = tmp_path / "cases.json"
    plan.write_text(json.dumps(cases))
    command = [sys.executable, "-m", "tests.killed", str(plan), str(tmp_path / "runs"), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) >= len(cases), "most kills find a run at work"
    for name in cases:
        assert_same_run(tmp_path / "runs" / name / "whole", tmp_path / "runs" / name / "killed")
