"""What 536,434 and 100 million bins would take, from what was measured: `model.py [BINS ...]`.

Times are proportional to bins, memory is linear in them (as manifest_scale found it to be), and workers are
taken to share fetching and extraction without loss. Nothing here was run at 100 million bins.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

EPOCHS = 20
WORKERS = (1, 16, 256)
HOUR_S = 3600
GIB = 2**30


def read_inputs() -> dict[str, Any]:
    """Read what was measured."""
    inputs = OmegaConf.to_container(OmegaConf.load(Path(__file__).with_name("measured.yaml")))
    assert isinstance(inputs, dict)  # noqa: S101  # it is ours
    return {str(key): value for key, value in inputs.items()}


def manifest_memory_gib(inputs: dict[str, Any], bins: int) -> float:
    """Extrapolate the peak memory of a manifest by the line through the measured points."""
    sizes, peaks = zip(*inputs["manifest_mib"].items(), strict=True)
    slope, start = np.polyfit(np.array(sizes, float), np.array(peaks, float), 1)
    return float(start + slope * bins) / 1024


def model(inputs: dict[str, Any], bins: int) -> list[tuple[str, str]]:
    """Return what so many bins take: a quantity and its value, in words."""
    published, objects = inputs["published"], 2 * bins
    views = bins * inputs["views_per_bin"]
    rate = published["s3_gets_per_s_and_prefix"]
    rows = [
        ("bytes to fetch", f"{bins * inputs['object_bytes'] / GIB:,.0f} GiB in {objects:,} requests"),
        ("price of the requests", f"{objects / 1000 * published['usd_per_1000_gets']:,.2f} USD"),
        ("least time for the requests (S3's limit, two prefixes)", hours(objects / (2 * rate))),
        ("manifest, one machine", hours(bins / inputs["manifest_bins_per_s"])),
        ("memory of the manifest, one process", f"{manifest_memory_gib(inputs, bins):,.1f} GiB"),
        ("features", f"{views * inputs['feature_bytes'] / GIB:,.0f} GiB"),
        (f"a head, {EPOCHS} epochs, one process", hours(EPOCHS * bins / inputs["head_rows_per_s"])),
    ]
    for workers in WORKERS:
        fetched = objects / min(workers * inputs["fetch_objects_per_s"], 2 * rate)
        rows.append((f"fetch, {workers} workers of 2 cores", hours(fetched)))
    for engine, per_s in inputs["views_per_s"].items():
        for workers in WORKERS:
            rows.append(
                (f"features, {workers} workers of 2 cores ({engine})", hours(views / (workers * per_s)))
            )
    return rows


def hours(seconds: float) -> str:
    """Write a time in seconds, hours or days, whichever is read best."""
    if seconds < HOUR_S:
        return f"{seconds:,.0f} s"
    return f"{seconds / HOUR_S:,.1f} h" if seconds < 48 * HOUR_S else f"{seconds / HOUR_S / 24:,.0f} days"


def main(sizes: list[int]) -> None:
    """Print a table with a column for each size."""
    inputs = read_inputs()
    columns = [dict(model(inputs, bins)) for bins in sizes]
    lines = [f"| | {' | '.join(f'{bins:,} bins' for bins in sizes)} |", "|---" * (len(sizes) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(column[name] for column in columns)} |" for name in columns[0]]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [536_434, 100_000_000])
