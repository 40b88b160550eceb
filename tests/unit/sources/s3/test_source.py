import os
import re
from pathlib import Path

import pytest
from tests.fault_proxy import FaultProxy
from tests.s3_server import S3_MARKS, S3Server
from tests.unit.sources.s3.conftest import BIN_IDS, MakeConfig, photo_of, record_of

from binrecon.errors import IncompleteFetchError, MissingBinError, SourceError
from binrecon.sources.build import build_source
from binrecon.sources.s3.source import S3Source

pytestmark = S3_MARKS


def test_prepare__brings_the_subset_once(
    filled: S3Server, proxy: FaultProxy, make_config: MakeConfig
) -> None:
    source = build_source(make_config(proxy.url, subset="sample:3"))
    assert isinstance(source, S3Source)
    source.prepare()
    listing = source.list_bins()
    assert len(listing.photo_ids) == 3
    assert set(listing.photo_ids) < set(BIN_IDS)
    bin_id = listing.photo_ids[0]
    assert source.read_photo(bin_id) == photo_of(bin_id)
    assert source.read_record(bin_id) == record_of(bin_id)
    proxy.requests.clear()
    source.prepare()
    assert proxy.requests.total() == 0


def test_list_bins__fetched_is_all_that_lies_there(filled: S3Server, make_config: MakeConfig) -> None:
    build_source(make_config(filled.url, subset="range:00001-00002")).prepare()
    fetched = build_source(make_config(filled.url, subset="fetched"))
    fetched.prepare()
    assert fetched.list_bins().photo_ids == ["00001", "00002"]


def test_prepare__nothing_was_ever_fetched(make_config: MakeConfig, tmp_path: Path) -> None:
    message = (
        f"source.root: nothing has been fetched into '{tmp_path}/bins' yet; fetch first, for instance with "
        "`binrecon fetch subset=sample:500`, or say what to bring: source.subset=sample:500"
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        build_source(make_config("http://127.0.0.1:9", subset="fetched")).prepare()


def test_list_bins__names_what_the_bucket_does_not_have(
    filled: S3Server, make_config: MakeConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    source = build_source(make_config(filled.url, subset="range:00001-00003", attempts=1))
    source.prepare()
    assert "2 objects could not be fetched (2 not found)" in capsys.readouterr().out
    assert source.list_bins().photo_ids == ["00001", "00002", "00003"]
    with pytest.raises(MissingBinError):
        source.read_photo("00003")


def test_prepare__stops_if_something_there_could_not_be_had(
    filled: S3Server, proxy: FaultProxy, make_config: MakeConfig
) -> None:
    proxy.spoil("00002.jpg", "truncate")
    with pytest.raises(
        IncompleteFetchError,
        match=r"^source.subset=range:00001-00002: 1 object could not be fetched \(1 cut off\): "
        r"'bin-images/00002.jpg' \(.*\); run the same command again: it tries only these$",
    ):
        build_source(make_config(proxy.url, subset="range:00001-00002")).prepare()


def test_read__after_a_fork(filled: S3Server, make_config: MakeConfig) -> None:
    """A data loader forks workers from a process whose bulk reader has threads; they read from the folder."""
    source = build_source(make_config(filled.url, subset="range:00001-00002"))
    source.prepare()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        source.prepare()
        os.write(writing, source.read_photo("00002")[:12])
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b"photo 00002 "
