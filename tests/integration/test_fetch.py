"""`binrecon fetch` as a user runs it, against a real S3 server; and as it is killed."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.fault_proxy import FaultProxy, run_fault_proxy
from tests.s3_server import S3_MARKS, S3Server

from binrecon.cli import main

pytestmark = S3_MARKS

KILLS = 20
BINS = 400

Fetch = Callable[..., int]


@pytest.fixture(scope="module")
def bucket(s3_server: S3Server, tiny_bins: Path) -> S3Server:
    """The tiny bins in a bucket, below `tiny/`."""
    s3_server.put_folder(tiny_bins, "tiny/")
    return s3_server


@pytest.fixture
def words(bucket: S3Server, tmp_path: Path) -> list[str]:
    return [
        f"source.endpoint_url={bucket.url}",
        "source.prefix=tiny",
        f"source.root={tmp_path}/bins",
        "source.backoff_s=0.01",
        "source.attempts=2",
        f"output_root={tmp_path}/outputs",
        f"cache_dir={tmp_path}/cache",
    ]


def find_report(tmp_path: Path) -> Path:
    (report,) = (tmp_path / "outputs" / "fetch").rglob("report.json")
    return report


def test_fetch__then_train(
    words: list[str], tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "subset=sample:100", *words]) == 0
    said = capsys.readouterr().out
    assert "100 bins, 200 objects: 0 there already, 200 to fetch" in said
    assert re.search(
        r"fetched 200 objects, 0\.\d MB in .* s \(\d.* objects/s, .* MB/s\); 0 retries, 0 failed", said
    )
    assert json.loads(find_report(tmp_path).read_text())["fetched"] == 200
    run = [word for word in tiny_run if not word.startswith("source")]
    assert main(["train", "source=abid", *words[:3], *run]) == 0
    assert "100 bins: 100 usable" in capsys.readouterr().out


def test_train__brings_its_subset_itself(
    words: list[str], tiny_run: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = [word for word in tiny_run if not word.startswith("source")]
    assert main(["train", "source=abid", "source.subset=sample:90", *words[:3], *run]) == 0
    assert "90 bins: 90 usable" in capsys.readouterr().out


def test_fetch__dry_run(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "subset=all", "--dry-run", *words]) == 0
    assert re.search(
        r"120 bins, 240 objects: 0 there already, 240 to fetch, 0\.\d MB", capsys.readouterr().out
    )
    assert not any((tmp_path / "outputs").glob("fetch/*"))
    assert list((tmp_path / "bins/bin-images").iterdir()) == []


def test_fetch__tells_what_it_could_not_bring(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "subset=range:00119-00122", *words]) == 3
    table = find_report(tmp_path).with_name("failures.csv")
    assert f"all are listed in '{table}'. Run the same command again" in capsys.readouterr().err
    failures = pd.read_csv(table, dtype=str)
    assert failures.to_dict("list") == {
        "bin_id": ["00121", "00121", "00122", "00122"],
        "part": ["photo", "record", "photo", "record"],
        "fault": ["not found"] * 4,
        "reason": ["there is no such object"] * 4,
        "attempts": ["2"] * 4,
    }
    assert json.loads(find_report(tmp_path).read_text())["retries"] == {"not found": 4}


def test_fetch__names_every_problem_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ["subset=sampel:5", "source.endpoint_url=ftp://x", "source.bucket=X", "source.prefix=/a/"]
    assert main(["fetch", *wrong, "source.parts=photo", "source.attempts=0", "source.stall_timeout_s=0"]) == 2
    assert capsys.readouterr().err == (
        "ConfigError: 7 problems in the config\n"
        "  source.parts: 'photo' is none of both, photos, records. Did you mean 'photos'?\n"
        "  source.attempts: must be at least 1, got 0\n"
        "  source.stall_timeout_s: must be above 0, got 0.0\n"
        "  subset: 'sampel:5' is no subset; for instance unc, stanford_all, stanford_150k, udacity, ids:FILE, "
        "range:00001-00500, sample:500, all. Did you mean 'sample:500'?\n"
        "  source.endpoint_url: 'ftp://x' is no address of a server; give for instance http://127.0.0.1:8333, "
        "or null for Amazon's\n"
        "  source.bucket: 'X' is no name of a bucket: 3 to 63 of a-z, 0-9, '.' and '-'\n"
        "  source.prefix: '/a/' must not begin or end with '/', nor hold '..'\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "subset: must be given; add subset=VALUE"),
        (
            ["subset=fetched"],
            "subset: 'fetched' is there already; say what to fetch, for instance sample:500",
        ),
        (
            ["subset=all", "source=synthetic"],
            "source: fetch brings bins from S3, not from source=synthetic; use source=abid",
        ),
    ],
)
def test_fetch__refuses(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", *words]) == 2
    assert capsys.readouterr().err == f"ConfigError: 1 problem in the config\n  {message}\n"


@pytest.fixture(scope="module")
def large_bucket(s3_server: S3Server) -> S3Server:
    """400 bins with photos of 50,000 bytes, below `large/`."""
    for number in range(1, BINS + 1):
        s3_server.put(f"large/bin-images/{number:05d}.jpg", large_photo(number))
        s3_server.put(f"large/metadata/{number:05d}.json", f"record {number}".encode())
    return s3_server


def large_photo(number: int) -> bytes:
    return random.Random(number).randbytes(50_000)


def start_fetch(url: str, folder: Path, *words: str) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, "-m", "binrecon", "fetch", f"subset=range:00001-{BINS:05d}", f"source.endpoint_url={url}",
        "source.prefix=large", f"source.root={folder}/bins", f"output_root={folder}/outputs",
        f"cache_dir={folder}/cache", "source.connections=8", *words,
    ]  # fmt: skip
    with (folder / "stderr.txt").open("ab") as error:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=error)


def count_whole(folder: Path) -> int:
    """Count the files that lie there; every one of them must be whole."""
    photos = list((folder / "bins/bin-images").glob("*.jpg"))
    records = list((folder / "bins/metadata").glob("*.json"))
    assert all(photo.read_bytes() == large_photo(int(photo.stem)) for photo in photos)
    assert all(record.read_bytes() == f"record {int(record.stem)}".encode() for record in records)
    return len(photos) + len(records)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fetch__killed_again_and_again(large_bucket: S3Server, tmp_path: Path) -> None:
    """Killed at random moments: nothing is lost, nothing is half there, and it ends."""
    rng = random.Random(0)
    kept = [0]
    with run_fault_proxy(large_bucket.url) as proxy:
        proxy.delay_s = 0.1  # so that all fetches together, 5 s by 80 objects a second, bring half of them
        for _ in range(KILLS):
            process = start_fetch(proxy.url, tmp_path)
            wait_for_request(proxy, process)
            time.sleep(rng.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
            assert process.wait(30) == -signal.SIGKILL
            kept.append(count_whole(tmp_path))
        assert kept == sorted(kept)
        assert 0 < kept[-1] < 2 * BINS
        proxy.delay_s = 0.0
        assert start_fetch(proxy.url, tmp_path).wait(120) == 0
    assert count_whole(tmp_path) == 2 * BINS
    assert list((tmp_path / "bins/.binrecon/unfinished").iterdir()) == []
    (report,) = (tmp_path / "outputs/fetch").rglob("report.json")
    assert json.loads(report.read_text())["fetched"] == 2 * BINS - kept[-1]


def wait_for_request(proxy: FaultProxy, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a fetch begins to talk."""
    before = proxy.requests.total()
    while proxy.requests.total() == before:
        assert process.poll() is None, "the fetch ended before it began"
        time.sleep(0.01)


@pytest.mark.slow
def test_fetch__two_at_once(large_bucket: S3Server, tmp_path: Path) -> None:
    fetches = [start_fetch(large_bucket.url, tmp_path) for _ in range(2)]
    assert [fetch.wait(120) for fetch in fetches] == [0, 0]
    assert count_whole(tmp_path) == 2 * BINS
    assert list((tmp_path / "bins/.binrecon/unfinished").iterdir()) == []


@pytest.mark.slow
def test_fetch__full_disk(large_bucket: S3Server, tmp_path: Path) -> None:
    """One error, nothing half there, and it goes on once there is space."""
    disk = tmp_path / "bins"
    disk.mkdir()
    mount = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mount.returncode != 0:
        pytest.skip(f"a small disk can only be mounted by root: {mount.stderr.strip()}")
    try:
        assert start_fetch(large_bucket.url, tmp_path).wait(120) == 2
        assert (tmp_path / "stderr.txt").read_text() == (
            f"SourceError: source.root: '{tmp_path}/bins' cannot be written (No space left on device); free space "
            "there, or name another folder. What has been fetched stays, and the same command goes on from there\n"
        )
        assert 0 < count_whole(tmp_path) < 2 * BINS
        subprocess.run(["/bin/mount", "-o", "remount,size=100m", str(disk)], check=True)
        assert start_fetch(large_bucket.url, tmp_path).wait(120) == 0
        assert count_whole(tmp_path) == 2 * BINS
    finally:
        subprocess.run(["/bin/umount", "-l", str(disk)], check=True)
