"""One bucket on one S3 server: control calls by boto3, listings and bulk reads by obstore."""

import hashlib
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from binrecon.errors import SourceError
from binrecon.sources.layout import FOLDERS, MAX_BYTES, BinPart, Part
from binrecon.sources.s3.attempt import AttemptError, Fault
from binrecon.sources.s3.control import check_bucket
from binrecon.sources.s3.options import AbidSourceConfig

if TYPE_CHECKING:
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import S3Config, S3Store

_LIST_RETRIES = 5
_CONNECT_TIMEOUT = timedelta(seconds=10)
_OBJECT_TIMEOUT = timedelta(minutes=5)
"""For one whole object: far more than 200 kB ever need; `stall_timeout_s` is what ends a dead connection."""

_MD5 = re.compile(r'"?([0-9a-f]{32})"?')
_HTTP_STATUS = re.compile(r"status code: ([0-9]{3})")


class ListedObject(NamedTuple):
    """One entry of a listing."""

    key: str
    size: int
    etag: str | None


class Bucket:
    """Reads a bucket. Nothing is asked of the server before the first call.

    Not to be used on both sides of a fork: the bulk reader has threads of its own.

    Args:
        config: Which bucket on which server, and how to ask.
    """

    def __init__(self, config: AbidSourceConfig) -> None:
        self.config = config
        self._prefix = f"{config.prefix}/" if config.prefix else ""
        self._reader: S3Store | None = None

    @property
    def identity(self) -> dict[str, str | None]:
        """Settings that identify the bucket."""
        config = self.config
        return {"endpoint_url": config.endpoint_url, "bucket": config.bucket, "prefix": config.prefix}

    def check(self) -> None:
        """Ask the server whether the bucket can be read.

        Raises:
            SourceError: If it cannot; the message says what to change.
        """
        check_bucket(self.config)

    def list_objects(self, part: Part) -> Iterator[list[ListedObject]]:
        """List all keys of photos or of records, page by page, in the server's (text) order.

        Raises:
            SourceError: If the server ends the listing with an error.
        """
        import obstore

        store = self._build_store(_LIST_RETRIES)
        prefix = f"{self._prefix}{FOLDERS[part][0]}"
        try:
            for page in obstore.list(store, prefix, chunk_size=1000):
                yield [
                    ListedObject(entry["path"].removeprefix(self._prefix), entry["size"], entry["e_tag"])
                    for entry in page
                ]
        except (obstore.exceptions.BaseError, OSError) as error:
            raise SourceError(
                f"source.bucket: the listing of '{self.config.bucket}/{prefix}' broke off "
                f"({_first_line(error)}); run the same command again"
            ) from error

    def read(self, wanted: BinPart) -> bytes:
        """Fetch one object in one attempt and check that it is whole.

        Raises:
            AttemptError: If that fails.
        """
        import obstore

        if self._reader is None:
            self._reader = self._build_store(retries=0)
        try:
            response = obstore.get(self._reader, f"{self._prefix}{wanted.path}")
            size, etag = response.meta["size"], response.meta["e_tag"]
            _check_size(size, wanted.part)
            body = bytes(response.bytes())
        except FileNotFoundError as error:
            raise AttemptError(Fault.NOT_FOUND, "there is no such object") from error
        except (obstore.exceptions.BaseError, OSError) as error:
            raise _classify(error) from error
        self._check_body(body, size, etag)
        return body

    def _check_body(self, body: bytes, size: int, etag: str | None) -> None:
        """Compare what came with what was announced; only the ETag of a single-part upload is an MD5."""
        if len(body) != size:
            raise AttemptError(Fault.CUT_OFF, f"{len(body):,} of {size:,} bytes came")
        if not self.config.checks_etags or not is_md5(etag):
            return
        if not has_md5(body, etag):
            raise AttemptError(Fault.BAD_BYTES, f"the bytes do not have the MD5 of their ETag {etag}")

    def _build_store(self, retries: int) -> "S3Store":
        # The threads that ask drive their own requests; one for the sockets saves a quarter of the CPU time.
        os.environ.setdefault("TOKIO_WORKER_THREADS", "1")
        from obstore.store import S3Store

        config = self.config
        options: S3Config = {
            "region": config.region,
            "skip_signature": not config.is_signed,
            # A bucket's own host name is what Amazon asks for; a dot in it would not match the certificate.
            "virtual_hosted_style_request": config.endpoint_url is None and "." not in config.bucket,
        }
        if config.endpoint_url is not None:
            options["endpoint"] = config.endpoint_url
        return S3Store(
            config.bucket,
            config=options,
            client_options={
                "allow_http": config.endpoint_url is not None,
                "connect_timeout": _CONNECT_TIMEOUT,
                "read_timeout": timedelta(seconds=config.stall_timeout_s),
                "timeout": _OBJECT_TIMEOUT,
                "pool_max_idle_per_host": str(config.connections),
            },
            retry_config={"max_retries": retries},
            credential_provider=_find_credentials() if config.is_signed else None,
        )


def _check_size(size: int, part: Part) -> None:
    if size > MAX_BYTES[part]:
        reason = f"{size:,} bytes are more than the {MAX_BYTES[part]:,} allowed for a {part}"
        raise AttemptError(Fault.REFUSED, reason)


def is_md5(etag: str | None) -> bool:
    """Tell whether an ETag can be the MD5 of the bytes: that of a multi-part upload ends in `-N`."""
    return etag is not None and _MD5.fullmatch(etag) is not None


def has_md5(body: bytes, etag: str | None) -> bool:
    """Tell whether the MD5 of some bytes is what their ETag states."""
    return etag is not None and hashlib.md5(body, usedforsecurity=False).hexdigest() == etag.strip('"')


def _find_credentials() -> "Boto3CredentialProvider":
    """Return what finds and renews the credentials of the usual AWS chain."""
    from obstore.auth.boto3 import Boto3CredentialProvider

    return Boto3CredentialProvider()


def _classify(error: Exception) -> AttemptError:
    """Put an error of obstore, which has one type for nearly everything, into words."""
    import obstore

    text = str(error)
    status = int(match.group(1)) if (match := _HTTP_STATUS.search(text)) else 0
    if isinstance(error, obstore.exceptions.PermissionDeniedError | obstore.exceptions.UnauthenticatedError):
        return AttemptError(Fault.DENIED, f"the server denied access (status {status or 403})")
    if "redirect" in _first_line(error):
        return AttemptError(Fault.REFUSED, "the server redirects to another place")
    if status in (429, 503) or "SlowDown" in text:
        return AttemptError(Fault.THROTTLED, f"the server asked to slow down (status {status})")
    if status:
        return AttemptError(Fault.SERVER_ERROR, f"status {status}")
    if "TimedOut" in text or "timed out" in text:
        return AttemptError(Fault.STALLED, "nothing arrived any more")
    if "response body error" in text:
        return AttemptError(Fault.CUT_OFF, "the connection ended before the object did")
    if "error sending request" in text:
        return AttemptError(Fault.NO_CONNECTION, "the connection could not be made, or was reset")
    return AttemptError(Fault.SERVER_ERROR, _first_line(error))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
