import re
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from tests.fault_proxy import FaultProxy
from tests.s3_server import S3_MARKS, S3Server
from tests.unit.sources.s3.conftest import BIN_IDS, MakeConfig, photo_of, record_of

from binrecon.errors import SourceError
from binrecon.sources.layout import BinPart
from binrecon.sources.s3.attempt import Fault
from binrecon.sources.s3.fetch import Fetch
from binrecon.sources.s3.transfer import GIVE_UP_AFTER

pytestmark = S3_MARKS


@pytest.fixture
def ids(tmp_path: Path) -> str:
    """A subset of three bins that is named, not listed."""
    path = tmp_path / "ids.txt"
    path.write_text("00001\n00523\n523\n")
    return f"ids:{path}"


def is_whole(root: Path, bin_id: str) -> bool:
    photo, record = root / f"bin-images/{bin_id}.jpg", root / f"metadata/{bin_id}.json"
    return photo.read_bytes() == photo_of(bin_id) and record.read_bytes() == record_of(bin_id)


def test_run__brings_all(filled: S3Server, make_config: MakeConfig, tmp_path: Path) -> None:
    outcome = Fetch(make_config(filled.url, subset="all")).run()
    assert outcome.tally.objects == 10
    assert outcome.tally.bytes == 5 * 5200
    assert outcome.plan.bytes == 5 * 5200
    assert all(is_whole(tmp_path / "bins", bin_id) for bin_id in BIN_IDS)


def test_run__second_time_asks_for_nothing(
    filled: S3Server, proxy: FaultProxy, make_config: MakeConfig, ids: str
) -> None:
    config = make_config(proxy.url, subset=ids)
    assert Fetch(config).run().tally.objects == 6
    proxy.requests.clear()
    assert Fetch(config).run().plan.missing_objects == 0
    assert proxy.requests.total() == 0


def test_run__fetches_only_what_is_missing(
    filled: S3Server, proxy: FaultProxy, make_config: MakeConfig, tmp_path: Path, ids: str
) -> None:
    config = make_config(proxy.url, subset=ids)
    Fetch(config).run()
    (tmp_path / "bins/bin-images/00523.jpg").unlink()
    (tmp_path / "bins/metadata/523.json").write_bytes(b"")  # as a power cut can leave it
    proxy.requests.clear()
    assert Fetch(config).run().tally.objects == 2
    assert is_whole(tmp_path / "bins", "00523")
    assert is_whole(tmp_path / "bins", "523")


def test_run__dry_run_counts_and_brings_nothing(
    filled: S3Server, make_config: MakeConfig, tmp_path: Path, ids: str
) -> None:
    outcome = Fetch(make_config(filled.url, subset=ids)).run(dry_run=True)
    assert outcome.plan.missing_objects == 6
    assert outcome.plan.bytes == 3 * 5200
    assert outcome.tally.objects == 0
    assert list((tmp_path / "bins" / "bin-images").iterdir()) == []


def test_run__dry_run_says_what_the_bucket_does_not_list(filled: S3Server, make_config: MakeConfig) -> None:
    outcome = Fetch(make_config(filled.url, subset="range:00001-00003")).run(dry_run=True)
    assert (outcome.plan.missing_objects, outcome.plan.unlisted) == (6, 2)


@pytest.mark.parametrize(("parts", "folders"), [("photos", ["bin-images"]), ("records", ["metadata"])])
def test_run__one_part_only(
    filled: S3Server, make_config: MakeConfig, tmp_path: Path, ids: str, parts: str, folders: list[str]
) -> None:
    assert Fetch(make_config(filled.url, subset=ids, parts=parts)).run().tally.objects == 3
    filled_folders = [path.name for path in (tmp_path / "bins").iterdir() if any(path.glob("*.*"))]
    assert [name for name in filled_folders if name != ".binrecon"] == folders


def test_run__verify_finds_what_has_changed(
    filled: S3Server, make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config(filled.url, subset="all")
    Fetch(config).run()
    photo = tmp_path / "bins/bin-images/523.jpg"
    photo.write_bytes(photo.read_bytes().replace(b"5", b"6"))  # same size, other bytes
    assert Fetch(config).run().plan.missing_objects == 0
    assert Fetch(config).run(verify=True).tally.objects == 1
    assert is_whole(tmp_path / "bins", "523")


def test_run__another_size_than_listed_is_fetched_anew(
    filled: S3Server, make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config(filled.url, subset="all")
    Fetch(config).run()
    (tmp_path / "bins/bin-images/523.jpg").write_bytes(b"half")
    assert Fetch(config).run().tally.objects == 1
    assert is_whole(tmp_path / "bins", "523")


def test_run__listing_is_kept_until_asked_for_anew(
    filled: S3Server, make_config: MakeConfig, prefix: str
) -> None:
    config = make_config(filled.url, subset="all")
    Fetch(config).run()
    filled.put(f"{prefix}/bin-images/00009.jpg", b"new")
    assert len(Fetch(config).run().plan.bin_ids) == 5
    assert len(Fetch(config, relist=True).run().plan.bin_ids) == 6


def test_run__bin_without_a_record_is_no_failure_of_all(
    filled: S3Server, make_config: MakeConfig, prefix: str
) -> None:
    filled.put(f"{prefix}/bin-images/00009.jpg", b"alone")
    outcome = Fetch(make_config(filled.url, subset="all")).run()
    assert outcome.tally.objects == outcome.plan.objects == 11
    assert outcome.tally.failures == []


@pytest.mark.parametrize(
    ("trick", "fault"),
    [
        ("vanish", Fault.NOT_FOUND),
        ("throttle", Fault.THROTTLED),
        ("error", Fault.SERVER_ERROR),
        ("gone", Fault.NO_CONNECTION),
        ("reset", Fault.CUT_OFF),
        ("truncate", Fault.CUT_OFF),
        ("corrupt", Fault.BAD_BYTES),
    ],
)
def test_run__comes_through_every_fault(
    filled: S3Server,
    proxy: FaultProxy,
    make_config: MakeConfig,
    tmp_path: Path,
    ids: str,
    trick: str,
    fault: Fault,
) -> None:
    proxy.spoil("00523.jpg", trick, times=2)
    outcome = Fetch(make_config(proxy.url, subset=ids)).run()
    assert outcome.tally.retries == {fault: 2}
    assert outcome.tally.failures == []
    assert is_whole(tmp_path / "bins", "00523")


def test_run__comes_through_stalls(
    filled: S3Server, proxy: FaultProxy, make_config: MakeConfig, tmp_path: Path, ids: str
) -> None:
    """With attempts to spare: to a busy machine, an answer that takes a second is a stall as well."""
    proxy.spoil("00523.jpg", "stall", times=2)
    outcome = Fetch(make_config(proxy.url, subset=ids, stall_timeout_s=1.0, attempts=10)).run()
    assert set(outcome.tally.retries) == {Fault.STALLED}
    assert outcome.tally.retries[Fault.STALLED] >= 2
    assert outcome.tally.failures == []
    assert is_whole(tmp_path / "bins", "00523")


@pytest.mark.parametrize("trick", ["vanish", "throttle", "truncate", "corrupt", "stall"])
def test_run__lists_what_cannot_be_had_and_brings_the_rest(
    filled: S3Server, proxy: FaultProxy, make_config: MakeConfig, tmp_path: Path, ids: str, trick: str
) -> None:
    proxy.spoil("00523.jpg", trick)
    patience = {"stall_timeout_s": 1.0} if trick == "stall" else {}
    outcome = Fetch(make_config(proxy.url, subset=ids, **patience)).run()
    (failure,) = outcome.tally.failures
    assert (failure.wanted, failure.attempts) == (BinPart("00523", "photo"), 3)
    assert outcome.tally.objects == 5
    assert not (tmp_path / "bins/bin-images/00523.jpg").exists()
    assert is_whole(tmp_path / "bins", "523")


def test_run__throttled_now_and_then(
    filled: S3Server, proxy: FaultProxy, make_config: MakeConfig, tmp_path: Path
) -> None:
    proxy.every = (3, "throttle")
    outcome = Fetch(make_config(proxy.url, subset=f"ids:{_write_ids(tmp_path, BIN_IDS)}", attempts=30)).run()
    assert outcome.tally.objects == 10
    assert outcome.tally.retries[Fault.THROTTLED] >= 4


def test_run__server_gone(filled: S3Server, proxy: FaultProxy, make_config: MakeConfig) -> None:
    proxy.spoil(".jpg", "gone")
    proxy.spoil(".json", "gone")
    config = make_config(proxy.url, subset="range:00001-00200", attempts=1)
    with pytest.raises(
        SourceError,
        match=rf"^{GIVE_UP_AFTER} objects in a row could not be fetched, the last '.*': no connection \(.*\); "
        r"0 objects were fetched and stay\. Check bucket, prefix and network, then run the same command again: "
        r"it goes on from there$",
    ):
        Fetch(config).run()


def test_run__too_little_space_is_said_before_anything_moves(
    filled: S3Server, make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 90, 10_000))
    message = (
        f"source.root: '{tmp_path}/bins' has 0.0 GB free, 0.0 GB are to be fetched; free space there, name "
        "another folder, or choose a smaller subset"
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        Fetch(make_config(filled.url, subset="all")).run()
    assert list((tmp_path / "bins" / "bin-images").iterdir()) == []


def _write_ids(folder: Path, bin_ids: tuple[str, ...]) -> Path:
    path = folder / "ids.txt"
    path.write_text("\n".join(bin_ids))
    return path
