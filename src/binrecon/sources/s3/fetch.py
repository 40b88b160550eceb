"""Bringing a subset of the bucket into a folder: find what is missing, transfer it, and return the result."""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow.compute as pc

from binrecon.config.subset_words import parse_subset
from binrecon.console import ProgressMeter, get_console, track
from binrecon.errors import SourceError
from binrecon.sources.layout import PARTS, BinPart, Part
from binrecon.sources.s3.bucket import Bucket, has_md5, is_md5
from binrecon.sources.s3.landing import Landing, describe_write_error
from binrecon.sources.s3.listing import Listing, list_bucket, read_listing, write_listing
from binrecon.sources.s3.options import AbidSourceConfig
from binrecon.sources.s3.subset import list_subset
from binrecon.sources.s3.transfer import GIVE_UP_AFTER, ServerGoneError, Tally, Transfer

LISTED_SUBSETS = ("sample", "all")
"""Values of `subset` whose ids need a listing of the bucket."""

_PARTS_WORDS: dict[str, tuple[Part, ...]] = {"both": PARTS, "photos": ("photo",), "records": ("record",)}


@dataclass(frozen=True)
class Plan:
    """Objects that a fetch has to transfer.

    Args:
        bin_ids: The bins of the subset, in the order in which they are fetched.
        missing: For each part the bins whose photo or record has to move.
        objects: Photos and records of the subset, present or not.
        bytes: What has to move, in bytes; None if the bucket was not listed.
        unlisted: Objects to move that the bucket's listing does not have; None if it was not listed.
    """

    bin_ids: Sequence[str]
    missing: dict[Part, set[str]]
    objects: int
    bytes: int | None
    unlisted: int | None

    @property
    def missing_objects(self) -> int:
        """Number of objects to transfer."""
        return sum(len(ids) for ids in self.missing.values())

    def iterate(self) -> Iterator[BinPart]:
        """Yield what has to move, photo beside record, so that a fetch that is cut off leaves whole bins."""
        for bin_id in self.bin_ids:
            for part, ids in self.missing.items():
                if bin_id in ids:
                    yield BinPart(bin_id, part)


@dataclass(frozen=True)
class FetchOutcome:
    """Result of a fetch."""

    plan: Plan
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0


class Fetch:
    """Brings a subset of a bucket into a folder; what lies there already is not asked for again.

    The server is asked nothing unless something is missing, or only its listing can say what to fetch.

    Args:
        config: Which bucket, which subset, into which folder, how.
        relist: List the bucket, even if an earlier listing is cached.
    """

    def __init__(self, config: AbidSourceConfig, relist: bool = False) -> None:
        self._config = config
        self._bucket = Bucket(config)
        self._landing = Landing(Path(config.root).expanduser(), self._bucket.identity)
        self._kept_listing = self._landing.state / "listing.parquet"
        self._relist = relist

    def run(self, dry_run: bool = False, verify: bool = False) -> FetchOutcome:
        """Fetch what is missing.

        Args:
            dry_run: Only find out what would move.
            verify: Compare what lies there with the listing, and fetch anew what differs.

        Raises:
            SourceError: If the server, the bucket, the subset or the folder does not allow it. Single objects
                that could not be had are no error here; they are in the outcome.
        """
        with self._landing:
            plan = self._plan(needs_listing=dry_run or verify, verify=verify)
            if dry_run or plan.missing_objects == 0:
                return FetchOutcome(plan)
            self._check_space(plan)
            self._bucket.check()
            started = time.monotonic()
            tally = self._transfer(plan)
            return FetchOutcome(plan, tally, time.monotonic() - started)

    def list_subset(self) -> list[str]:
        """List the bins of the subset, each once."""
        config = self._config
        subset = parse_subset(config.subset)
        return list_subset(subset, Path(config.lists_dir), config.sample_seed, lambda: self._listing.bin_ids)

    @cached_property
    def _listing(self) -> Listing:
        """The listing that is kept, or a new one."""
        kept = None if self._relist else read_listing(self._kept_listing)
        if kept is not None:
            return kept
        self._bucket.check()
        listing = list_bucket(self._bucket)
        write_listing(listing, self._kept_listing, self._landing.draft)
        if (odd := listing.describe_odd_keys()) is not None:
            get_console().print(odd)
        return listing

    def _plan(self, needs_listing: bool, verify: bool) -> Plan:
        bin_ids = self.list_subset()
        names_listed = parse_subset(self._config.subset).word in LISTED_SUBSETS
        is_listed = needs_listing or names_listed
        missing: dict[Part, set[str]] = {}
        objects = size = unlisted = 0
        for part in _PARTS_WORDS[self._config.parts]:
            asked = self._listing.select(part, bin_ids) if names_listed else bin_ids
            objects += len(asked)
            missing[part] = self._find_missing(part, asked, is_listed, verify)
            if is_listed:
                sizes = self._listing.find(part, sorted(missing[part]))["size"]
                size += pc.sum(sizes).as_py() or 0
                unlisted += sizes.null_count
        return Plan(bin_ids, missing, objects, *((size, unlisted) if is_listed else (None, None)))

    def _find_missing(self, part: Part, asked: Sequence[str], is_listed: bool, verify: bool) -> set[str]:
        """Find what is not there; with a listing also what has another size, or, to verify, another MD5."""
        present = self._landing.list_present(part)
        missing = {bin_id for bin_id in asked if bin_id not in present}
        if is_listed:
            there = [bin_id for bin_id in asked if bin_id in present]
            listed = self._listing.find(part, there)
            rows = zip(there, listed["size"].to_pylist(), listed["etag"].to_pylist(), strict=True)
            missing |= {
                bin_id
                for bin_id, size, etag in track(rows, f"comparing {part}s", len(there), "files")
                if size is not None
                and (size != present[bin_id] or (verify and self._differs(BinPart(bin_id, part), etag)))
            }
        return missing

    def _differs(self, present: BinPart, etag: str | None) -> bool:
        if not self._config.checks_etags or not is_md5(etag):
            return False
        return not has_md5((self._landing.root / present.path).read_bytes(), etag)

    def _check_space(self, plan: Plan) -> None:
        free = shutil.disk_usage(self._landing.root).free
        if plan.bytes is not None and plan.bytes > free:
            raise SourceError(
                f"source.root: '{self._landing.root}' has {free / 1e9:.1f} GB free, "
                f"{plan.bytes / 1e9:.1f} GB are to be fetched; free space there, name another folder, "
                "or choose a smaller subset"
            )

    def _transfer(self, plan: Plan) -> Tally:
        config = self._config
        transfer = Transfer(
            self._bucket.read, self._landing.place, config.connections, config.attempts, config.backoff_s
        )
        started = time.monotonic()
        with ProgressMeter("fetching", plan.missing_objects, "objects") as meter:

            def report(tally: Tally) -> None:
                rate = tally.bytes / 1e6 / max(time.monotonic() - started, 1e-9)
                meter.update(tally.done, f"{rate:.1f} MB/s, {tally.retries.total()} retries")

            try:
                return transfer.run(plan.iterate(), report)
            except OSError as error:
                raise SourceError(describe_write_error(self._landing.root, error)) from error
            except ServerGoneError as error:
                raise SourceError(_describe_server_gone(transfer.tally, error)) from error


def _describe_server_gone(tally: Tally, error: ServerGoneError) -> str:
    last = error.last
    return (
        f"{GIVE_UP_AFTER} objects in a row could not be fetched, the last '{last.wanted.path}': {last.fault} "
        f"({last.reason}); {tally.objects} objects were fetched and stay. Check bucket, prefix and network, "
        "then run the same command again: it goes on from there"
    )
