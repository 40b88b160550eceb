"""Measure how fast a manifest is built, and in how much memory: `python measure.py [FOLDER_OF_REAL_BINS]`.

`--bins N` measures N simulated bins, at least 1,201, instead of three sizes.

Each line of the table is one process of its own. The simulated bins have records made from their number when
they are asked for, and one tiny real JPEG with its own bytes behind the end marker.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pyarrow as pa
from PIL import Image

from binrecon.config.split_words import Split
from binrecon.manifest import CountRange, GroupedSplit, ListedSplit, SplitRule, write_manifest
from binrecon.manifest.build import assemble_manifest
from binrecon.manifest.coverage import count_coverage
from binrecon.manifest.facts_cache import FactsCache
from binrecon.manifest.groups import find_groups
from binrecon.manifest.leaks import count_leaks
from binrecon.manifest.reader import read_facts
from binrecon.published import PublishedSplit
from binrecon.sources import BinListing, BinStamp, LocalSource, Source

SIZES = (10_000, 100_000, 536_434)
"""The last is the number of photos in the bucket."""

UNPADDED = 1_200
"""Bins of the bucket's other series."""

LISTED_SHARE = 360_767 / 536_434
"""Part of the photos that UNC lists."""

GROUPED = GroupedSplit(0.15, 0.15)

_ITEM = (
    '"{0}": {{"asin": "{0}", "height": {{"unit": "IN", "value": 1.199999998776}}, "length": {{"unit": "IN", '
    '"value": 5.099999994798}}, "name": "{1}", "normalizedName": "{1}", "quantity": {2}, '
    '"weight": {{"unit": "pounds", "value": 0.4}}, "width": {{"unit": "IN", "value": 4.399999995512001}}}}'
)


class SimulatedSource:
    """Bins that take no memory: neighbours with an even number between them share products in 4 of 10 cases.

    Args:
        bins: How many.
        changed_every: One bin in so many has another stamp than it had; 0 for none.
    """

    def __init__(self, bins: int, changed_every: int = 0) -> None:
        self.bins = bins
        self.changed_every = changed_every
        file = BytesIO()
        Image.effect_noise((24, 16), 60).convert("RGB").save(file, "JPEG")
        self.photo = file.getvalue()

    def prepare(self) -> None:
        """Do nothing."""

    def list_ids(self) -> list[str]:
        """List every id, sorted, as new objects."""
        padded = (f"{number:05d}" for number in range(1, self.bins - UNPADDED + 1))
        return sorted([*padded, *(str(number) for number in range(1, UNPADDED + 1))])

    def list_bins(self) -> BinListing:
        """List the photos and the records."""
        return BinListing(self.list_ids(), self.list_ids())

    def stamp(self, bin_id: str, with_record: bool = True) -> BinStamp:
        """Make a stamp from the number."""
        number = int(bin_id)
        is_changed = self.changed_every > 0 and number % self.changed_every == 0
        stamp = (len(self.photo), 1_700_000_000_000_000_000 + number, is_changed + number)
        return BinStamp(stamp, stamp if with_record else None)

    def read_photo(self, bin_id: str) -> bytes:
        """Return the photo with the bin's own bytes behind its end."""
        return self.photo + bin_id.encode()

    def read_record(self, bin_id: str) -> bytes:
        """Make a record of 2.7 products on average, with names of 90 letters."""
        number = int(bin_id)
        pair = random.Random(number // 2)  # simulated data
        own = pair if pair.random() < 0.4 else random.Random(-number)
        products = min(1 + int(own.expovariate(0.453)), 20)
        quantities = [own.choice((1, 1, 1, 2, 3)) for _ in range(products)]
        asins = [f"B{own.randrange(450_000):09d}" for _ in range(products)]
        quantities[0] += number % 2
        items = {asin: (asin * 9, count) for asin, count in zip(asins, quantities, strict=True)}
        text = ", ".join(_ITEM.format(asin, *values) for asin, values in items.items())
        count = sum(count for _, count in items.values()) + (number % 2_000 == 0)
        return f'{{"BIN_FCSKU_DATA": {{{text}}}, "EXPECTED_QUANTITY": {count}}}'.encode()


def peak_mib() -> float:
    """Return the most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def build_list(source: SimulatedSource) -> ListedSplit:
    """Publish a split of part of the bins, one in ten for validation."""
    ids = [bin_id for bin_id in source.list_ids() if int(bin_id) % 1000 < 1000 * LISTED_SHARE]
    splits: dict[str, Split] = {bin_id: "val" if int(bin_id) % 10 == 0 else "train" for bin_id in ids}
    counts = {bin_id: int(bin_id) % 6 for bin_id in ids}
    return ListedSplit(PublishedSplit("unc", counts, splits), GROUPED, needs_records=False)


def measure(step: str, source: Source, rule: SplitRule, folder: Path) -> dict[str, object]:
    """Build a manifest as `build_manifest` does, and time the parts."""
    pa.array([""])  # pyarrow imports pandas when it first sees a list
    if "from cache" not in step:
        import torchcodec.decoders  # noqa: F401  # the decoder, and with it torch: to count them as imports

    result: dict[str, object] = {"step": step, "imports_mib": peak_mib()}
    times = [time.perf_counter()]
    cache = FactsCache(folder, "simulated", rule.needs_records)
    facts = read_facts(source, with_records=rule.needs_records, cache=cache)
    times.append(time.perf_counter())
    result |= {"bins": len(facts), "facts_s": times[1] - times[0], "facts_mib": facts.nbytes / 2**20}
    facts = facts.drop_columns(["photo_stamp", "record_stamp"])
    find_groups(facts["bin_id"], facts["items"])
    times.append(time.perf_counter())
    manifest = assemble_manifest(facts, CountRange(0, 5), rule)
    times.append(time.perf_counter())
    manifest.content_hash()
    times.append(time.perf_counter())
    write_manifest(manifest, folder / "manifest.parquet")
    count_leaks(manifest)
    count_coverage(manifest, rule)
    times.append(time.perf_counter())
    names = ("groups_s", "assemble_s", "hash_s", "write_and_report_s")
    result |= {name: after - before for name, before, after in zip(names, times[1:], times[2:], strict=False)}
    return {**result, "peak_mib": peak_mib()}


def run_step(step: str, folder: Path, bins: int, real: str) -> dict[str, object]:
    """Run one line of the table in this process."""
    if step.startswith("real"):
        return measure(step, LocalSource(Path(real)), GROUPED, folder)
    source = SimulatedSource(bins, changed_every=100 if step == "1 % changed" else 0)
    return measure(step, source, build_list(source) if step == "lists" else GROUPED, folder)


def run_all(real: str | None, sizes: Sequence[int]) -> Iterator[dict[str, object]]:
    """Run every line in a process of its own."""
    plans = [(step, bins) for bins in sizes for step in ("first", "from cache", "1 % changed", "lists")]
    plans += [("real, first", 0), ("real, from cache", 0)] if real else []
    with tempfile.TemporaryDirectory() as root:
        for step, bins in plans:
            folder = Path(root) / str(bins)
            folder.mkdir(exist_ok=True)
            words = [step, str(folder), str(bins), real or ""]
            command = [sys.executable, __file__, "--step", *words]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # our own words
            yield json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--step"]:
        step, folder, bins, real = sys.argv[2:]
        sys.stdout.write(json.dumps(run_step(step, Path(folder), int(bins), real)) + "\n")
        return
    columns = ("facts_s", "groups_s", "assemble_s", "hash_s", "write_and_report_s")
    sys.stdout.write(f"{os.cpu_count()} CPUs\n")
    sys.stdout.write(
        "| bins | step | facts, s | bins/s | groups, s | assemble, s | hash, s | write and report, s "
        "| facts, MiB | after imports, MiB | peak, MiB |\n|" + "---|" * 11 + "\n"
    )
    words = sys.argv[1:]
    sizes = (int(words[1]),) if words[:1] == ["--bins"] else SIZES
    real = words[0] if words and words[0] != "--bins" else None
    for row in run_all(real, sizes):
        facts_s, *others = (float(str(row[name])) for name in columns)
        rate = int(str(row["bins"])) / facts_s
        cells = [f"{row['bins']:,}", str(row["step"]), f"{facts_s:.1f}", f"{rate:,.0f}"]
        cells += [f"{seconds:.2f}" for seconds in others]
        cells += [f"{row[name]:,.0f}" for name in ("facts_mib", "imports_mib", "peak_mib")]
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
