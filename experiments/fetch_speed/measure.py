"""Time `binrecon fetch` against boto3, s5cmd and a bare HTTP client on one local S3 server.

Run from the root of the checkout: `uv run --with s5cmd python -m experiments.fetch_speed.measure`.
Needs `curl`; a peer that is not installed is left out, and said so.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.s3_server import BUCKET, S3Server, run_s3_server

PHOTO_BYTES = 50_000
RECORD_BYTES = 2_000
CONNECTIONS = 32

BOTO3 = """
import sys, time, boto3
from botocore import UNSIGNED
from botocore.config import Config
from concurrent.futures import ThreadPoolExecutor
url, folder, bins = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = boto3.client("s3", endpoint_url=url, region_name="us-east-1",
                      config=Config(signature_version=UNSIGNED, max_pool_connections=16))
keys = [key for n in range(1, bins + 1) for key in (f"bin-images/{n:05d}.jpg", f"metadata/{n:05d}.json")]
def bring(key):
    with open(f"{folder}/{key}", "wb") as file:
        file.write(client.get_object(Bucket="aft-vbi-pds", Key=key)["Body"].read())
started = time.monotonic()
with ThreadPoolExecutor(16) as pool:
    list(pool.map(bring, keys))
print(time.monotonic() - started)
"""


def fill(server: S3Server, bins: int) -> None:
    """Upload bins with random bytes of the dataset's mean sizes."""

    def put(number: int) -> None:
        rng = random.Random(number)  # bytes that nobody can compress
        server.put(f"bin-images/{number:05d}.jpg", rng.randbytes(PHOTO_BYTES))
        server.put(f"metadata/{number:05d}.json", rng.randbytes(RECORD_BYTES))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(put, range(1, bins + 1)))


def fetch_words(url: str, folder: Path, bins: int) -> list[str]:
    """Return the command that is measured."""
    return [
        sys.executable, "-m", "binrecon", "fetch", f"subset=range:00001-{bins:05d}",
        f"source.endpoint_url={url}", f"source.connections={CONNECTIONS}",
        f"source.root={folder}/bins", f"output_root={folder}/outputs",
    ]  # fmt: skip


def run_ours(url: str, folder: Path, bins: int) -> float:
    """Return the seconds of the transfer, as the report of the fetch states them."""
    subprocess.run(fetch_words(url, folder, bins), check=True, stdout=subprocess.DEVNULL)  # our own words
    (report,) = folder.rglob("report.json")
    return float(json.loads(report.read_text())["seconds"])


def run_ours_whole(url: str, folder: Path, bins: int) -> float:
    """Return the seconds of the whole command, start of Python included."""
    started = time.monotonic()
    run_ours(url, folder, bins)
    return time.monotonic() - started


def run_boto3(url: str, folder: Path, bins: int) -> float:
    """Return the seconds that boto3 takes with 16 threads, files on disk, without its start-up."""
    for name in ("bin-images", "metadata"):
        (folder / name).mkdir()
    command = [sys.executable, "-c", BOTO3, url, str(folder), str(bins)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run_s5cmd(workers: int) -> Callable[[str, Path, int], float]:
    """Return what measures s5cmd, files on disk, whole process (it starts in milliseconds)."""

    def run(url: str, folder: Path, bins: int) -> float:
        command = [
            shutil.which("s5cmd") or "s5cmd", "--no-sign-request", "--endpoint-url", url,
            "--numworkers", str(workers), "cp", f"s3://{BUCKET}/*", f"{folder}/",
        ]  # fmt: skip
        started = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # our own words
        return time.monotonic() - started

    return run


def run_curl(url: str, folder: Path, bins: int) -> float:
    """Return the seconds in which curl pulls all objects and throws them away: what the server can give."""
    config = folder / "curl.txt"
    keys = (key for n in range(1, bins + 1) for key in (f"bin-images/{n:05d}.jpg", f"metadata/{n:05d}.json"))
    config.write_text("".join(f'url = "{url}/{BUCKET}/{key}"\noutput = "/dev/null"\n' for key in keys))
    command = [
        shutil.which("curl") or "curl", "-s",
        "--parallel", "--parallel-max", str(CONNECTIONS), "-K", str(config),
    ]  # fmt: skip
    started = time.monotonic()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)  # our own words
    return time.monotonic() - started


def count_files(folder: Path) -> int:
    """Count what a run left on disk."""
    return sum(1 for path in folder.rglob("*.*") if path.parent.name in ("bin-images", "metadata"))


def measure_speed(url: str, bins: int, repeats: int, scratch: Path) -> None:
    """Print a table of medians; the peers take turns, so that all see the same machine."""
    peers: dict[str, Callable[[str, Path, int], float]] = {
        "binrecon fetch (transfer)": run_ours,
        "binrecon fetch (whole command)": run_ours_whole,
        "boto3, 16 threads": run_boto3,
        f"s5cmd, {CONNECTIONS} workers": run_s5cmd(CONNECTIONS),
        "s5cmd, 256 workers (its default)": run_s5cmd(256),
        f"curl, {CONNECTIONS} connections, nothing written": run_curl,
    }
    missing = [tool for tool in ("s5cmd", "curl") if shutil.which(tool) is None]
    peers = {name: run for name, run in peers.items() if not any(tool in name for tool in missing)}
    print(f"left out, not installed: {', '.join(missing) or 'none'}")
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    # Nothing is deleted in between: ext4 is slow to make files while many inodes were freed a moment ago.
    for _ in range(repeats):
        for name, run in peers.items():
            folder = Path(tempfile.mkdtemp(dir=scratch))
            seconds[name].append(run(url, folder, bins))
            brought = count_files(folder)
            if "curl" not in name and brought != 2 * bins:
                raise RuntimeError(f"{name} brought {brought} of {2 * bins} objects")
    ours = statistics.median(seconds["binrecon fetch (transfer)"])
    print("| who | median | least..most | objects/s | ours is |\n|---|---|---|---|---|")
    for name, times in seconds.items():
        middle = statistics.median(times)
        print(
            f"| {name} | {middle:.2f} s | {min(times):.2f}..{max(times):.2f} s | {2 * bins / middle:,.0f} | "
            f"{middle / ours:.2f} × as fast |"
        )


def measure_memory(url: str, bins: int, scratch: Path) -> None:
    """Print the peak memory of one fetch in a process of its own."""
    code = (
        "import subprocess, resource, sys; "
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    folder = Path(tempfile.mkdtemp(dir=scratch))
    command = [sys.executable, "-c", code, *fetch_words(url, folder, bins)]
    peak_kib = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"| {2 * bins:,} | {peak_kib / 1024:.0f} MiB |")


def main() -> None:
    """Start a server, fill it, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bins", type=int, default=2500, help="bins to fetch; each is two objects")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--pin", action="store_true", help="server on one CPU, client on another")
    parser.add_argument("--memory-bins", type=int, nargs="*", default=[500, 5000, 25000])
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPUs; server and client {'have one each' if options.pin else 'share them'}")
    if options.pin:
        os.sched_setaffinity(0, {0})  # the server's, which inherits it
    with tempfile.TemporaryDirectory() as kept, run_s3_server(Path(kept)) as server:
        if options.pin:
            os.sched_setaffinity(0, {1})  # that of all clients
        scratch = Path(kept) / "scratch"
        scratch.mkdir()
        fill(server, options.bins)
        measure_speed(server.url, options.bins, options.repeats, scratch)
        fill(server, max(options.memory_bins, default=0))
        print("\n| objects | peak memory of the fetch |\n|---|---|")
        for bins in options.memory_bins:
            measure_memory(server.url, bins, scratch)


if __name__ == "__main__":
    main()
