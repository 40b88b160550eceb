from pathlib import Path

import pandas as pd
import pytest

from binrecon.errors import ConfigError
from binrecon.training.completion import complete_run
from binrecon.training.module import CountingModule
from binrecon.training.run_folder import RunFolder

LIVE = ["regime=full", "optimizer.lr=1e-3", "seed=4"]


def test_complete_run__a_broken_off_run_goes_on(
    tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken, broken = RunFolder(tmp_path / "unbroken"), RunFolder(tmp_path / "broken")
    words = [*tiny_run, *LIVE]
    complete_run(words, unbroken)
    with monkeypatch.context() as patch:
        start = CountingModule.on_train_epoch_start

        def break_off(module: CountingModule) -> None:
            if module.current_epoch == 1:
                raise RuntimeError("broken off")
            start(module)

        patch.setattr(CountingModule, "on_train_epoch_start", break_off)
        with pytest.raises(RuntimeError, match="broken off"):
            complete_run(words, broken)
    assert not broken.metrics.exists()
    complete_run(words, broken)
    assert broken.history.read_bytes() == unbroken.history.read_bytes()


def test_complete_run__a_finished_one_stays_as_it_is(tiny_run: list[str], tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    complete_run(tiny_run, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.path.rglob("*")}
    complete_run(tiny_run, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.path.rglob("*")} == before
    assert len(pd.read_csv(folder.history)) == 2


def test_complete_run__wrong_words(tiny_run: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"optimizer\.lr: must be above 0, got -1\.0"):
        complete_run([*tiny_run, "optimizer.lr=-1"], RunFolder(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
