"""From a small trained run, photos and records to the tables of a reconciliation."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from binrecon.checksums import accept
from binrecon.cli import main
from binrecon.reconcile.audit_words import AUDIT_COLUMNS
from binrecon.reconcile.identity import name_reconciliation

COUNTS = range(6)

TINY = [
    "model=timm",
    "model.backbone=test_resnet.r160_in1k",
    "model.weights=random",
    "data.image_size=32",
    "data.batch_size=16",
    "data.workers=0",
    "features.engine=torch",
    "features.precision=float32",
    "features.dtype=float32",
    "head.is_standardised=true",
    "optimizer.lr=0.02",
    "trainer.max_epochs=16",
]


@pytest.fixture(scope="module")
def run(tiny_bins: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that tells the counts of the tiny bins by their colours."""
    folder = tmp_path_factory.mktemp("reconcile")
    place = folder / "run"
    words = [f"source.root={tiny_bins}", f"cache_dir={folder / 'cache'}", f"hydra.run.dir={place}"]
    assert main(["train", *TINY, *words]) == 0
    return place


@pytest.fixture
def bins(tiny_bins: Path, tmp_path: Path) -> Path:
    """A copy of the tiny bins to change."""
    root = tmp_path / "bins"
    shutil.copytree(tiny_bins, root)
    return root


Reconcile = Callable[..., pd.DataFrame]


@pytest.fixture
def reconcile(run: Path, bins: Path, tmp_path: Path) -> Reconcile:
    """Reconcile, and read the table."""

    def start(*words: str, root: Path = bins, checkpoint: Path = run) -> pd.DataFrame:
        folder = tmp_path / "out"
        places = [f"checkpoint={checkpoint}", f"source.root={root}", f"output_dir={folder}"]
        assert main(["reconcile", *places, "workers=0", f"cache_dir={tmp_path / 'cache'}", *words]) == 0
        return pd.read_parquet(folder / "reconciliation.parquet")

    return start


def read_page(folder: Path) -> dict[str, Any]:
    """Read the block of the page in a folder."""
    found = re.search(r'<script[^>]*id="block"[^>]*>(.*?)</script>', (folder / "page.html").read_text(), re.S)
    assert found is not None
    block: dict[str, Any] = json.loads(found[1])
    return block


def change_record(root: Path, bin_id: str, recorded_count: int) -> None:
    item = {"asin": f"B{bin_id}", "name": "=HYPERLINK(&reg;)", "quantity": recorded_count}
    record = {"BIN_FCSKU_DATA": {item["asin"]: item}, "EXPECTED_QUANTITY": recorded_count}
    (root / "metadata" / f"{bin_id}.json").write_text(json.dumps(record))


def test_reconcile__finds_the_wrong_record(
    reconcile: Reconcile, bins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_record(bins, "00001", 3)  # its colour is that of 0
    table = reconcile("budget=1 bin", "recount_minutes=12")
    first = table.iloc[0]
    assert (first["bin_id"], first["rank"], first["decision"]) == ("00001", 1, "recount")
    assert (first["recorded_count"], first["predicted_count"], first["likely_count"]) == (3, 0, 0)
    assert first["reason"].startswith("record says 3; the photo looks like 0 (")
    assert first["variance_probability"] > 0.5
    assert len(table) == 120
    assert table["rank"].dropna().tolist() == list(range(1, int(table["rank"].max()) + 1))
    assert table[table["rank"].notna()]["variance_probability"].is_monotonic_decreasing
    np.testing.assert_allclose(table[[f"p_{count}" for count in COUNTS]].sum(axis=1), 1, rtol=1e-5)
    shown = capsys.readouterr().out
    assert "120 bins: 1 to recount, " in shown
    assert "workload: 12 minutes, at 12 minutes a recount" in shown
    assert re.search(r"^The counter was trained on \d+ of these photos and their records, ", shown, re.M)
    assert "00001" in (tmp_path / "out" / "page.html").read_text()
    written = (tmp_path / "out" / "reconciliation.csv").read_text()
    assert '"\'=HYPERLINK(®)"' in written, "what a spreadsheet would take for a formula"
    assert "No bin of ABID was ever recounted" in (tmp_path / "out" / "report.md").read_text()


def test_reconcile__inventory(
    reconcile: Reconcile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Photos and inventory that do not cover each other, and a count that the counter does not know."""
    rows = "".join(f"{number + 1:05d};{number % 6}\n" for number in range(100) if number != 2)
    path = tmp_path / "records.csv"
    path.write_text(f"\ufeffbin_id;recorded_count\n00003;9\n{rows}X-1;2\n101;1\n", encoding="utf-8")
    table = reconcile(f"inventory={path}").set_index("bin_id")
    assert len(table) == 122
    left_out = table[table["decision"] == "not_judged"]["reason"]
    assert left_out["X-1"] == left_out["101"] == "there is no photo"
    assert left_out["00003"] == "record says 9; the counter knows 0 to 5 items only"
    assert (left_out == "the inventory does not list this bin").sum() == 20
    assert len(left_out) == 23
    assert table.loc["00003", "predicted_count"] == 2, "what the photo shows is said all the same"
    shown = capsys.readouterr().out
    assert (
        "not judged: 20 x the inventory does not list this bin, 2 x there is no photo, 1 x record says 9"
        in shown
    )
    assert "would have one if leading zeros did not matter: 1. 523 and 00523 are two bins" in shown


def test_reconcile__photos_that_say_nothing(reconcile: Reconcile, bins: Path) -> None:
    photos = bins / "bin-images"
    Image.new("RGB", (40, 40)).save(photos / "00001.jpg")
    (photos / "00002.jpg").write_bytes((photos / "00002.jpg").read_bytes()[:300])
    shutil.copy(photos / "00003.jpg", photos / "00009.jpg")
    again = reconcile().set_index("bin_id").query("decision == 'rephotograph'")["reason"]
    assert again["00001"].startswith("the photo is blurred (sharpness 0;")
    assert "; the photo is dark (brightness 0; usual is " in again["00001"]
    assert "; the photo is unlike those of training (distance " in again["00001"]
    assert again["00002"] == "photo: the JPEG header is corrupt or cut off, in 300 bytes"
    assert again["00003"].startswith("the photo lies, byte for byte, under bin 00009 too")
    assert again["00009"].startswith("the photo lies, byte for byte, under bin 00003 too")


def test_reconcile__the_second_time_nothing_is_computed(
    reconcile: Reconcile, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = reconcile()
    capsys.readouterr()
    monkeypatch.setattr("binrecon.reconcile.looks.KeptFeatures.look", None)
    again = reconcile()
    pd.testing.assert_frame_equal(first, again)
    assert "120 of 120 photos are counted already" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"no archive"])
def test_reconcile__a_damaged_reference_is_made_anew(
    reconcile: Reconcile, run: Path, tmp_path: Path, content: bytes
) -> None:
    other = tmp_path / "run"
    shutil.copytree(run, other)
    reference = other / "photo_reference.npz"
    reference.write_bytes(content)
    assert reconcile(checkpoint=other)["novelty"].notna().all()
    assert reference.stat().st_size > 1000


def test_reconcile__apply(
    reconcile: Reconcile, bins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an auditor entered finds its reconciliation by name, and becomes labels."""
    change_record(bins, "00001", 3)
    table = reconcile("budget=1 bin")
    name = name_reconciliation(table)
    audit = tmp_path / "my audit.csv"
    lines = [",".join(AUDIT_COLUMNS), f"00001,3,0,correct,2026-11-26T10:00:00Z,,{name}"]
    audit.write_text("\n".join(lines) + "\n")
    capsys.readouterr()
    assert main(["reconcile", "--apply", str(audit), f"output_root={tmp_path}"]) == 0
    shown = capsys.readouterr().out
    assert "1 of 1 bins to be recounted are counted" in shown
    assert f"labels: {tmp_path / 'out' / 'labels.csv'}" in shown
    assert (tmp_path / "out" / "labels.csv").read_text() == "bin_id,recorded_count\n00001,0\n"
    assert main(["reconcile", "--apply", str(audit), f"results={tmp_path / 'out'}"]) == 0


def test_reconcile__apply_to_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit = tmp_path / "audit.csv"
    audit.write_text(",".join(AUDIT_COLUMNS) + "\n00001,3,0,correct,2026-11-26T10:00:00Z,,abc\n")
    assert main(["reconcile", "--apply", str(audit), f"output_root={tmp_path}"]) == 2
    assert capsys.readouterr().err == (
        f"AuditError: audit '{audit}' is of reconciliation abc, which is none of the 0 below '{tmp_path}'; "
        "give its folder with results=FOLDER\n"
    )
    assert main(["reconcile", "--apply", str(audit), f"results={tmp_path}"]) == 2
    assert "has no reconciliation.parquet; give the folder of a reconciliation" in capsys.readouterr().err


DYING = """
import os, signal, sys
from binrecon.cli import main
from binrecon.reconcile import looks
look, started = looks.LivePhotos.look, []
def die_at_the_third(self, start, stop):
    started.append(start)
    if len(started) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return look(self, start, stop)
looks.LivePhotos.chunk_rows = 16
looks.LivePhotos.look = die_at_the_third
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def live_run(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same counter, whose features are not kept."""
    folder = tmp_path_factory.mktemp("live") / "run"
    shutil.copytree(run, folder)
    config = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(config.replace("  name: auto\n", "  name: live\n"))
    accept(folder)
    return folder


def test_reconcile__a_counter_whose_largest_count_is_open(
    reconcile: Reconcile, run: Path, bins: Path, tmp_path: Path
) -> None:
    clipping = tmp_path / "clipping"
    shutil.copytree(run, clipping)
    written = (clipping / "config.yaml").read_text()
    assert "above_range: drop" in written
    (clipping / "config.yaml").write_text(written.replace("above_range: drop", "above_range: clip"))
    accept(clipping)
    change_record(bins, "00001", 9)
    table = reconcile("quality.is_judged=false", checkpoint=clipping).set_index("bin_id")
    assert table.loc["00001", "rank"] > 0
    assert read_page(tmp_path / "out")["isOpenEnded"]


def test_reconcile__the_page_takes_no_item_apart(reconcile: Reconcile, bins: Path, tmp_path: Path) -> None:
    item = {"asin": "B1", "name": "one; or two", "quantity": 3}
    record = {"BIN_FCSKU_DATA": {"B1": item}, "EXPECTED_QUANTITY": 3}
    (bins / "metadata" / "00001.json").write_text(json.dumps(record))
    reconcile("quality.is_judged=false")
    rows = read_page(tmp_path / "out")["rows"]
    assert rows["items"][rows["bin_id"].index("00001")] == ["one; or two"]


@pytest.mark.slow
def test_reconcile__killed_and_started_again(
    reconcile: Reconcile, live_run: Path, bins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unbroken = reconcile("quality.is_judged=false", f"cache_dir={tmp_path / 'other'}", checkpoint=live_run)
    words = [
        "reconcile", f"checkpoint={live_run}", f"source.root={bins}", f"output_dir={tmp_path / 'killed'}",
        "workers=0", f"cache_dir={tmp_path / 'cache'}", "quality.is_judged=false",
    ]  # fmt: skip
    died = subprocess.run(
        [sys.executable, "-c", DYING, *words], capture_output=True, check=False, env=os.environ
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert not (tmp_path / "killed").exists() or not list((tmp_path / "killed").iterdir())
    capsys.readouterr()
    resumed = reconcile("quality.is_judged=false", checkpoint=live_run)
    assert "32 of 120 photos are counted already" in capsys.readouterr().out
    pd.testing.assert_frame_equal(unbroken, resumed, rtol=1e-5)


def test_reconcile__from_photos_as_from_kept_features(reconcile: Reconcile, live_run: Path) -> None:
    kept, live = reconcile().set_index("bin_id"), reconcile(checkpoint=live_run).set_index("bin_id")
    numbers = ["p_0", "p_5", "mean_count", "novelty", "p_match"]
    live = live.loc[kept.index]
    np.testing.assert_allclose(kept[numbers], live[numbers], rtol=2e-3, atol=1e-4)
    assert (kept["decision"] == live["decision"]).all()


@pytest.fixture
def fail(run: Path, bins: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Reconcile in a way that must fail as a user's error, and return what is said."""

    def start(*words: str, checkpoint: Path = run) -> str:
        places = [f"checkpoint={checkpoint}", f"source.root={bins}", f"output_dir={tmp_path / 'out'}"]
        assert main(["reconcile", *places, "workers=0", f"cache_dir={tmp_path / 'cache'}", *words]) == 2
        assert not (tmp_path / "out").exists(), "nothing is left of what was refused"
        return capsys.readouterr().err

    return start


def test_reconcile__wrong_inventory(fail: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_text("bin_id,recorded_count\n00001,-1\n")
    assert fail(f"inventory={path}") == (
        f"InventoryError: inventory: '{path}' has 1 kind of wrong rows; mend them, or leave these bins out\n"
        "  1 row has a negative count: row 2 (bin '00001', count '-1')\n"
    )


def test_reconcile__without_calibration(fail: Callable[..., str], run: Path, tmp_path: Path) -> None:
    other = tmp_path / "run"
    shutil.copytree(run, other, ignore=shutil.ignore_patterns("calibration.json"))
    accept(other)
    shown = fail(checkpoint=other)
    assert shown.startswith("CalibrationError: ")
    assert f"make one with: binrecon calibrate {other}" in shown


def test_reconcile__usual_photos_are_not_to_be_had(
    fail: Callable[..., str], reconcile: Reconcile, run: Path, tmp_path: Path
) -> None:
    other = tmp_path / "run"
    shutil.copytree(run, other, ignore=shutil.ignore_patterns("photo_reference.npz"))
    config = (other / "config.yaml").read_text()
    root = next(line for line in config.splitlines() if line.startswith("  root: "))
    (other / "config.yaml").write_text(config.replace(root, "  root: /nowhere"))
    accept(other)
    shown = fail(checkpoint=other)
    assert "does not know yet what usual photos are like" in shown
    assert shown.endswith("or leave unusual photos in with quality.is_judged=false\n")
    table = reconcile("quality.is_judged=false", checkpoint=other)
    assert table["novelty"].isna().all()
    assert set(table["decision"]) == {"recount", "confirm"}
