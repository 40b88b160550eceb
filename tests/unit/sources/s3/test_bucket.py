import re
import time
from collections.abc import Callable

import pytest
from tests.fault_proxy import STALL_S, FaultProxy
from tests.s3_server import S3_MARKS, S3Server
from tests.unit.sources.s3.conftest import BIN_IDS, MakeConfig, photo_of, record_of

from binrecon.errors import SourceError
from binrecon.sources.layout import BinPart
from binrecon.sources.s3.attempt import AttemptError, Fault
from binrecon.sources.s3.bucket import Bucket, has_md5, is_md5

pytestmark = S3_MARKS

PHOTO = BinPart("00523", "photo")


@pytest.fixture
def spoiled(filled: S3Server, proxy: FaultProxy, make_config: MakeConfig) -> Bucket:
    """The filled bucket, seen through the proxy."""
    return Bucket(make_config(proxy.url))


def test_read__bytes_as_stored(filled: S3Server, make_config: MakeConfig) -> None:
    bucket = Bucket(make_config(filled.url))
    assert bucket.read(BinPart("523", "photo")) == photo_of("523")
    assert bucket.read(BinPart("00523", "photo")) == photo_of("00523")
    assert bucket.read(BinPart("00523", "record")) == record_of("00523")


@pytest.mark.parametrize(
    ("trick", "fault", "reason"),
    [
        ("vanish", Fault.NOT_FOUND, "there is no such object"),
        ("throttle", Fault.THROTTLED, "the server asked to slow down (status 503)"),
        ("error", Fault.SERVER_ERROR, "status 500"),
        ("gone", Fault.NO_CONNECTION, "the connection could not be made, or was reset"),
        ("reset", Fault.CUT_OFF, "the connection ended before the object did"),
        ("truncate", Fault.CUT_OFF, "the connection ended before the object did"),
        ("deny", Fault.DENIED, "the server denied access (status 403)"),
    ],
)
def test_read__names_every_fault(
    spoiled: Bucket, proxy: FaultProxy, trick: str, fault: Fault, reason: str
) -> None:
    proxy.spoil("00523.jpg", trick)
    with pytest.raises(AttemptError, match=f"^{re.escape(reason)}$") as caught:
        spoiled.read(PHOTO)
    assert caught.value.fault == fault


def test_read__bad_bytes_of_the_right_length(spoiled: Bucket, proxy: FaultProxy) -> None:
    proxy.spoil("00523.jpg", "corrupt", times=1)
    with pytest.raises(AttemptError, match=r"^the bytes do not have the MD5 of their ETag \"[0-9a-f]{32}\"$"):
        spoiled.read(PHOTO)
    assert spoiled.read(PHOTO) == photo_of("00523")


def test_read__etags_of_another_kind(filled: S3Server, proxy: FaultProxy, make_config: MakeConfig) -> None:
    proxy.spoil("00523.jpg", "corrupt")
    assert len(Bucket(make_config(proxy.url, checks_etags=False)).read(PHOTO)) == 5000


def test_read__stall_ends_in_time(filled: S3Server, proxy: FaultProxy, make_config: MakeConfig) -> None:
    bucket = Bucket(make_config(proxy.url, stall_timeout_s=1.0))
    proxy.spoil("00523.jpg", "stall")
    started = time.monotonic()
    with pytest.raises(AttemptError, match=r"^nothing arrived any more$") as caught:
        bucket.read(PHOTO)
    assert time.monotonic() - started < STALL_S / 2
    assert caught.value.fault == Fault.STALLED


def test_read__record_too_large_is_refused_unread(
    filled: S3Server, prefix: str, make_config: MakeConfig
) -> None:
    filled.put(f"{prefix}/metadata/00007.json", b" " * 10_000_001)
    with pytest.raises(
        AttemptError, match=r"^10,000,001 bytes are more than the 10,000,000 allowed for a record$"
    ):
        Bucket(make_config(filled.url)).read(BinPart("00007", "record"))


def test_list_objects__every_page(filled: S3Server, make_config: MakeConfig) -> None:
    pages = list(Bucket(make_config(filled.url)).list_objects("photo"))
    keys = [entry.key for page in pages for entry in page]
    assert keys == sorted(f"bin-images/{bin_id}.jpg" for bin_id in BIN_IDS)
    assert all(entry.size == 5000 and is_md5(entry.etag) for page in pages for entry in page)


def test_check__good_bucket(filled: S3Server, make_config: MakeConfig) -> None:
    Bucket(make_config(filled.url)).check()


@pytest.mark.parametrize(
    ("spoil", "values", "message"),
    [
        (
            "redirect",
            {},
            "source.endpoint_url: {url} redirects to http://127.0.0.1:9/elsewhere (status 307); redirects are "
            "not followed: give the address of the server itself, and source.region if the bucket lies elsewhere",
        ),
        (
            "deny",
            {},
            "source.bucket: {url} denies access to 'aft-vbi-pds' (status 403); "
            "try source.is_signed=true with credentials",
        ),
        (
            "error",
            {},
            "source.endpoint_url: {url} answered with status 500 when asked for bucket 'aft-vbi-pds'; "
            "try again later",
        ),
        (
            None,
            {"bucket": "no-such-bucket"},
            "source.bucket: {url} has no bucket 'no-such-bucket'; check its name",
        ),
    ],
)
def test_check__says_what_to_change(
    filled: S3Server,
    proxy: FaultProxy,
    make_config: Callable[..., object],
    spoil: str | None,
    values: dict[str, object],
    message: str,
) -> None:
    proxy.spoil("/aft-vbi-pds" if spoil else "/never", spoil or "deny")
    with pytest.raises(SourceError, match=f"^{re.escape(message.format(url=proxy.url))}$"):
        Bucket(make_config(proxy.url, **values)).check()


def test_check__nobody_there(make_config: MakeConfig) -> None:
    with pytest.raises(
        SourceError, match=r"^source.endpoint_url: http://127.0.0.1:9 cannot be reached \(.*\); check"
    ):
        Bucket(make_config("http://127.0.0.1:9")).check()


def test_check__signed_without_credentials(
    filled: S3Server, make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    with pytest.raises(SourceError, match=r"^source.is_signed=true: no AWS credentials were found"):
        Bucket(make_config(filled.url, is_signed=True)).check()


def test_read__signed_with_credentials(filled: S3Server, make_config: MakeConfig) -> None:
    assert Bucket(make_config(filled.url, is_signed=True)).read(PHOTO) == photo_of("00523")


def test_is_md5__single_part_only() -> None:
    md5 = "d41d8cd98f00b204e9800998ecf8427e"
    assert is_md5(md5)
    assert is_md5(f'"{md5}"')
    assert not is_md5(f'"{md5}-3"')
    assert not is_md5(None)
    assert has_md5(b"", f'"{md5}"')
    assert not has_md5(b"x", f'"{md5}"')
