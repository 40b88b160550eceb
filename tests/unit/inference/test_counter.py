import logging
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from binrecon import Counter
from binrecon.calibration import Calibration
from binrecon.calibration.store import write_calibration
from binrecon.errors import CheckpointError, PhotoError, PredictionError
from binrecon.training.run_folder import RunFolder

P = [f"p_{count}" for count in range(6)]


@pytest.fixture
def paths(tiny_bins: Path) -> list[Path]:
    return sorted((tiny_bins / "bin-images").iterdir())[:7]


def test_predict__a_row_for_each_photo(make_run: Callable[..., Path], paths: list[Path]) -> None:
    counter = Counter.load(make_run())
    table = counter.predict(paths)
    assert list(table) == ["photo", "predicted_count", "mean_count", *P, "calibration"]
    assert table["photo"].tolist() == [str(path) for path in paths]
    assert table[P].sum(axis=1).to_numpy() == pytest.approx(1)
    assert table["predicted_count"].tolist() == table[P].to_numpy().argmax(axis=1).tolist()
    assert table["mean_count"].to_numpy() == pytest.approx(table[P].to_numpy() @ range(6))
    assert set(table["calibration"]) == {"none"}
    assert table[P].std().max() > 0.01, "photos differ"


def test_predict__of_one_photo_in_any_form(make_run: Callable[..., Path], paths: list[Path]) -> None:
    counter = Counter.load(str(make_run()))
    with Image.open(paths[0]) as image:
        forms = [str(paths[0]), paths[0].read_bytes(), image.copy(), np.array(image)]
    (expected,) = counter.predict(paths[0])[P].to_numpy()
    for form in forms:
        (row,) = counter.predict(form)[P].to_numpy()
        assert row == pytest.approx(expected, abs=1e-7)
    assert counter.predict(forms[3])["photo"].tolist() == ["photo 0"]
    assert counter.predict(np.stack([forms[3]] * 2))["photo"].tolist() == ["photo 0", "photo 1"]


@pytest.mark.parametrize("tta", ["none", "flip", "side_on"])
def test_predict__batches_change_nothing(tta: str, make_run: Callable[..., Path], paths: list[Path]) -> None:
    counter = Counter.load(make_run(f"data.tta={tta}"))
    assert counter.sight.tta == tta
    whole, parts = counter.predict(paths), counter.predict(iter(paths), batch_size=3)
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-4)


def test_load__with_other_looks_than_the_run(make_run: Callable[..., Path], paths: list[Path]) -> None:
    run = make_run("data.tta=flip")
    flipped, plain = Counter.load(run).predict(paths), Counter.load(run, tta="none").predict(paths)
    assert not np.allclose(flipped[P], plain[P], atol=1e-4)


def test_predict__no_photo(make_run: Callable[..., Path]) -> None:
    counter = Counter.load(make_run())
    table = counter.predict([])
    assert len(table) == 0
    assert list(table) == ["photo", "predicted_count", "mean_count", *P, "calibration"]
    assert list(counter.predict([], on_error="skip"))[-1] == "error"


def test_predict__stops_at_a_bad_photo_and_names_it(
    make_run: Callable[..., Path], paths: list[Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(paths[0].read_bytes()[:700])
    counter = Counter.load(make_run())
    with pytest.raises(PhotoError, match=re.escape(f"'{bad}': the JPEG is cut off after 700 bytes")):
        counter.predict([*paths, bad])
    with pytest.raises(PhotoError, match="'photo 1': not a JPEG: the file is empty"):
        counter.predict([paths[0].read_bytes(), b""])


def test_predict__skips_bad_photos_and_says_so(
    make_run: Callable[..., Path],
    paths: list[Path],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Whatever another test of this process has done to loggers (Hydra, nncf and W&B set some), this one is heard.
    logger = logging.getLogger("binrecon.inference.counter")
    for name, value in {"disabled": False, "propagate": False, "handlers": [caplog.handler]}.items():
        monkeypatch.setattr(logger, name, value)
    caplog.set_level(logging.WARNING, logger=logger.name)
    counter = Counter.load(make_run())
    given = [paths[0], Path("gone.jpg"), paths[1], b"", paths[2]]
    table = counter.predict(given, on_error="skip", batch_size=2)
    assert table["error"].isna().tolist() == [True, False, True, False, True]
    assert table["error"][1] == "the file cannot be read (No such file or directory)"
    assert table["predicted_count"].isna().tolist() == table["error"].notna().tolist()
    good = counter.predict(paths[:3])
    assert table.loc[[0, 2, 4], P].to_numpy() == pytest.approx(good[P].to_numpy(), abs=1e-6)
    assert caplog.record_tuples == [
        (
            "binrecon.inference.counter",
            logging.WARNING,
            "2 of 5 photos could not be read; the first is 'gone.jpg': the file cannot be read (No such file or directory)",
        )
    ]
    none = counter.predict([b"", b""], on_error="skip", batch_size=1)
    assert none[P].isna().all(axis=None)


def test_predict__calibrated(
    make_run: Callable[..., Path], paths: list[Path], calibration: Calibration
) -> None:
    run = make_run()
    plain = Counter.load(run).predict(paths)
    write_calibration(RunFolder(run).calibration, calibration)
    table = Counter.load(run).predict(paths, coverage=0.8)
    expected = np.exp(calibration.apply(np.log(plain[P].to_numpy())))
    assert table[P].to_numpy() == pytest.approx(expected, abs=1e-9)
    assert not np.allclose(table[P], plain[P], atol=1e-3)
    assert set(table["calibration"]) == {"vector"}
    assert table["count_set"].str.fullmatch(r"\d( to \d)?").all()
    wider = Counter.load(run).predict(paths, coverage=0.99)
    assert (wider["count_set"] != table["count_set"]).any()
    pd.testing.assert_frame_equal(Counter.load(run, is_calibrated=False).predict(paths), plain)
    skipped = Counter.load(run).predict([paths[0], b""], on_error="skip")
    assert skipped["count_set"].isna().tolist() == [False, True]
    assert Counter.load(run).predict([b""], on_error="skip")["count_set"].isna().all()


def test_load__a_calibration_of_other_counts(make_run: Callable[..., Path], calibration: Calibration) -> None:
    run = make_run("data=proposal")
    write_calibration(RunFolder(run).calibration, calibration)
    with pytest.raises(
        CheckpointError, match=r"is of 6 counts from 0 on, the counter of 5 from 1 on; make it"
    ):
        Counter.load(run)


def test_load__what_is_no_finished_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not the folder of a run"):
        Counter.load(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "tpu"}, "device: 'tpu' is none of auto, cpu, cuda, cuda:N"),
        ({"device": "cuda:"}, "device: 'cuda:' is none of auto, cpu, cuda, cuda:N"),
        ({"device": "cuda:99"}, "device: 'cuda:99' is not there; this machine has "),
        ({"tta": "flipp"}, "tta: 'flipp' is none of none, flip, side_on"),
    ],
)
def test_load__options(options: dict[str, str], message: str, make_run: Callable[..., Path]) -> None:
    with pytest.raises(PredictionError, match=f"^{re.escape(message)}"):
        Counter.load(make_run(), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size: must be at least 1, got 0"),
        ({"on_error": "ignore"}, "on_error: 'ignore' is none of raise, skip"),
        ({"coverage": 1.0}, "coverage: must be above 0 and below 1, got 1.0"),
    ],
)
def test_predict__options(options: dict[str, object], message: str, make_run: Callable[..., Path]) -> None:
    with pytest.raises(PredictionError, match=f"^{re.escape(message)}$"):
        Counter.load(make_run()).predict([], **options)  # type: ignore[arg-type]


def test_predict__shows_progress_of_long_work_alone(
    make_run: Callable[..., Path],
    paths: list[Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("binrecon.console.LINE_EVERY_S", 0.0)
    counter = Counter.load(make_run())
    counter.predict(paths)
    assert capsys.readouterr().out == ""
    counter.predict(paths, batch_size=4)
    assert "counting: 7/7 photos, " in capsys.readouterr().out


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_binrecon__is_loaded_without_torch() -> None:
    assert run_python("import sys, binrecon; print({'torch', 'numpy'} & set(sys.modules))") == "set()"


def test_counter__is_loaded_without_lightning() -> None:
    code = "import sys; from binrecon import Counter; print(Counter.__name__, 'pytorch_lightning' in sys.modules)"
    assert run_python(code) == "Counter False"


def test_binrecon__has_nothing_else() -> None:
    import binrecon

    with pytest.raises(AttributeError, match="module 'binrecon' has no attribute 'Counte'"):
        binrecon.Counte  # noqa: B018
