"""Every file of a run folder, damaged in every way: its readers give the same numbers, or one error."""

import hashlib
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from binrecon.checksums import CHECKSUMS, RECORDED, accept
from binrecon.compare.read import read_history, read_run
from binrecon.errors import BinreconError, DamagedRunError
from binrecon.inference.counter import Counter
from binrecon.inference.validation import ValidationBins
from binrecon.reconcile.counting_run import open_run
from binrecon.reconcile.evaluate.read import read_judged_run
from binrecon.reproduce.finished import read_finished
from binrecon.training.checkpoints.files import load_counter
from binrecon.training.checkpoints.position import check_same_epoch, read_position
from binrecon.training.completion import complete_run
from binrecon.training.predictions import read_prediction_table
from binrecon.training.resumption import check_same_words
from binrecon.training.run_folder import RunFolder, open_finished, words_to_resume

CASES = 108
FOREIGN_CASES = 108
READERS_PER_CASE = 2

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tiny_bins: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two finished runs that differ in their seed."""
    root = tmp_path_factory.mktemp("damage")
    words = [
        f"source.root={tiny_bins}",
        "model=timm",
        "model.backbone=test_efficientnet.r160_in1k",
        "model.weights=random",
        "data.image_size=32",
        "data.batch_size=16",
        "data.workers=0",
        "features=live",
        "trainer.max_epochs=1",
        f"cache_dir={root / 'cache'}",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("binrecon.training.results._draw", lambda *_: None)
        for seed in (0, 1):
            complete_run([*words, f"seed={seed}"], RunFolder(root / f"seed{seed}"))
    return root / "seed0", root / "seed1"


def read_counter(run: Path) -> object:
    counter = Counter.load(run, "cpu")
    photos = ValidationBins(counter).read(0, 2)
    return counter.predict(photos).to_json()


def read_comparison(run: Path) -> object:
    there = read_run(run)
    return (
        there.scores, there.majority, there.best_epoch, there.settings, there.judged,
        there.predictions.probabilities.tobytes(), read_history(there).to_json(),
    )  # fmt: skip


def read_evaluation(run: Path) -> object:
    judged = read_judged_run(run)
    return judged.calibration, judged.notes, judged.bins.calibrated.tobytes(), judged.bins.item_quantities


def read_reconciliation(run: Path) -> object:
    there = open_run(run, "cpu")
    state = there.counter.state_dict().values()
    return (
        there.checkpoint_hash, there.calibration, there.config, there.folder.read_manifest().content_hash(),
        there.folder.read_facts()["weights_hash"], [tensor.numpy().tobytes() for tensor in state],
    )  # fmt: skip


def read_calibrated(run: Path) -> object:
    folder = open_finished(run)
    counts = range(6)
    tables = [read_prediction_table(path, counts) for path in (folder.predictions, folder.val_predictions)]
    return folder.read_config(), folder.read_manifest().content_hash(), [table.to_json() for table in tables]


def read_resumption(run: Path) -> object:
    folder = RunFolder(run)
    words = words_to_resume([f"resume={run}"])
    config = folder.read_config()
    check_same_words(folder.config, config)
    check_same_epoch(folder.last_checkpoint, config)
    counter = load_counter(folder.last_checkpoint)
    state = [tensor.numpy().tobytes() for tensor in counter.state_dict().values()]
    return words, read_position(folder.last_checkpoint), state, folder.has_ended


def read_reproduction(run: Path) -> object:
    there = read_finished(RunFolder(run))
    return there.coverage, there.epochs, there.train_accuracy, sorted(there.predictions), there.run.scores


READERS: tuple[Callable[[Path], object], ...] = (
    read_counter, read_comparison, read_evaluation, read_reconciliation, read_calibrated, read_resumption,
    read_reproduction,
)  # fmt: skip


def choose_readers(number: int, count: int = READERS_PER_CASE) -> list[Callable[[Path], object]]:
    """Take some readers for a case, others for the next: all of them for each would take minutes."""
    return random.Random(number).sample(READERS, count)


def digest(reader: Callable[[Path], object], run: Path) -> str:
    return hashlib.sha256(repr(reader(run)).encode()).hexdigest()


def flip_bits(content: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 1, 3))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def overwrite(value: int) -> Callable[[bytes, random.Random], bytes]:
    def damage(content: bytes, rng: random.Random) -> bytes:
        start = rng.randrange(len(content))
        length = min(rng.choice((1, 8, 200, 4096)), len(content) - start)
        return content[:start] + bytes([value]) * length + content[start + length :]

    return damage


WAYS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bits are flipped": flip_bits,
    "ones are written": overwrite(0xFF),
    "zeros are written": overwrite(0),
    "it is cut": lambda content, rng: content[: rng.randrange(len(content))],
    "it is empty": lambda content, rng: b"",
    "bytes are added": lambda content, rng: content + bytes(rng.randrange(256) for _ in range(9)),
}
NAMES = [*RECORDED, CHECKSUMS]


def plan(cases: int, seed: int) -> Iterator[tuple[str, str, int]]:
    """Yield the file, the way and the seed of each case: every file in every way, then at random."""
    ways = [*WAYS, "it is gone", "it is another run's", "it is another file"]
    present = [name for name in NAMES if name != "trial.json"]
    every = [(name, way) for name in present for way in ways]
    rng = random.Random(seed)
    chosen = every + [rng.choice(every) for _ in range(max(0, cases - len(every)))]
    yield from ((name, way, number) for number, (name, way) in enumerate(chosen[:cases]))


def damage(run: Path, other: Path, name: str, way: str, rng: random.Random) -> bytes:
    """Damage a file of a run, and return what it held."""
    path = run / name
    before = path.read_bytes()
    if way == "it is gone":
        path.unlink()
    elif way == "it is another run's":
        path.write_bytes((other / name).read_bytes())
    elif way == "it is another file":
        names = [one for one in NAMES if one != name and (run / one).is_file()]
        path.write_bytes((run / rng.choice(names)).read_bytes())
    else:
        path.write_bytes(WAYS[way](before, rng))
    return before


@pytest.fixture
def run(runs: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs[0], tmp_path / "run"))


def test_every_reader__same_numbers_or_one_error(runs: tuple[Path, Path], run: Path) -> None:
    whole = {reader: digest(reader, run) for reader in READERS}
    refusals: list[tuple[bool, bool]] = []
    for name, way, number in plan(CASES, seed=0):
        rng = random.Random(number)
        before = damage(run, runs[1], name, way, rng)
        is_damaged = not (run / name).is_file() or (run / name).read_bytes() != before
        for reader in choose_readers(number):
            try:
                found = digest(reader, run)
            except BinreconError as error:
                is_named = any(word in str(error) for word in (str(run), Path(name).name))
                refusals.append((is_damaged, is_named))
            except Exception as error:
                raise AssertionError(f"{name}: {way} (case {number}): {reader.__name__}") from error
            else:
                assert found == whole[reader], (
                    f"{name}: {way} (case {number}): {reader.__name__} reads others"
                )
        (run / name).write_bytes(before)
    assert all(is_damaged for is_damaged, _ in refusals), "refused though nothing is wrong"
    assert all(is_named for _, is_named in refusals), "nothing is named"
    assert len(refusals) > CASES // 3, "most files have several readers"
    assert {reader: digest(reader, run) for reader in READERS} == whole


def test_every_reader__of_a_foreign_folder_that_vouches_for_itself(
    runs: tuple[Path, Path], run: Path
) -> None:
    """Its checksums fit: then what a file holds is all that can be checked, and no reader breaks on it."""
    for name, way, number in plan(FOREIGN_CASES, seed=1):
        before = damage(run, runs[1], name, way, random.Random(1000 + number))
        accept(run)
        for reader in choose_readers(number, count=1):
            try:
                digest(reader, run)
            except BinreconError:
                pass
            except Exception as error:
                raise AssertionError(f"{name}: {way} (case {number}): {reader.__name__}") from error
        (run / name).write_bytes(before)


def test_a_copied_run_is_whole(runs: tuple[Path, Path], run: Path) -> None:
    assert digest(read_counter, run) == digest(read_counter, runs[0])


def test_a_run_without_checksums(run: Path) -> None:
    (run / CHECKSUMS).unlink()
    with pytest.raises(DamagedRunError, match=rf"has no {CHECKSUMS}.*copy it with the run"):
        Counter.load(run)
    accept(run)
    assert isinstance(Counter.load(run), Counter)


def test_nan_in_predictions_is_no_distribution(run: Path) -> None:
    import pandas as pd

    path = run / "predictions.parquet"
    table = pd.read_parquet(path)
    for value in (np.nan, np.inf, -0.5, 0.7):
        table.assign(p_3=np.float32(value)).to_parquet(path)
        accept(run)
        with pytest.raises(BinreconError, match="are no distribution over the counts"):
            read_run(run)
