"""Size, latency and parity of what `binrecon export` writes: `python measure.py RUN_FOLDER [OPTIONS]`.

Each format is exported anew and compared with torch on all validation photos of the run. Then eager torch
(float32) and the files take turns, round by round, on the same pixels, in this process. Numbers go to
`results.json` and `table.md` beside this file, or to `--out`. Nothing else should run meanwhile.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from binrecon import Counter
    from binrecon.inference.formats import Pixels

HERE = Path(__file__).parent
FORMATS = {"onnx": "counter.onnx", "openvino": "counter.xml", "openvino_int8": "counter_int8.xml"}
LEAST_S = 0.5
"""A timed turn repeats its batch until it has taken as long, in seconds."""


def export_all(run: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """Export a run in every format, and return what is known of each file."""
    from binrecon.config.compose import compose_config, to_typed
    from binrecon.inference.export import export

    facts = {}
    for word, name in FORMATS.items():
        path = folder / name
        words = [f"checkpoint='{run}'", f"format={word}", f"output='{path}'", "photos=1000000"]
        export(to_typed(compose_config("export", words)))
        parity = json.loads(path.with_name(f"{name}.parity.json").read_text())["parity"]
        parts = [part for part in (path, path.with_suffix(".bin")) if part.exists()]
        facts[word] = {"megabytes": sum(part.stat().st_size for part in parts) / 1e6, **parity}
    return facts


def build_torch(counter: "Counter") -> Callable[["Pixels"], object]:
    """Return the graph as eager torch runs it."""
    import torch

    from binrecon.inference.graph import CounterGraph

    graph = CounterGraph(counter.model, counter.sight.tta == "flip", counter.calibration)

    def run(photos: "Pixels") -> object:
        with torch.inference_mode():
            return graph(torch.from_numpy(photos))

    return run


def clock(run: Callable[["Pixels"], object], photos: "Pixels") -> float:
    """Return the milliseconds that a batch takes: of several if it is quick."""
    turns, started = 0, time.perf_counter()
    while turns == 0 or time.perf_counter() - started < LEAST_S:
        run(photos)
        turns += 1
    return (time.perf_counter() - started) / turns * 1000


def take_turns(
    runners: dict[str, Callable[["Pixels"], object]], photos: "Pixels", rounds: int
) -> dict[str, list[float]]:
    """Time each runner in each round, after a turn that does not count."""
    for runner in runners.values():
        runner(photos)
    times: dict[str, list[float]] = {word: [] for word in runners}
    for _ in range(rounds):
        for word, runner in runners.items():
            times[word].append(clock(runner, photos))
    return times


def measure(run: Path, sizes: list[int], rounds: int) -> dict[str, dict[str, Any]]:
    """Export, and time everything in turns."""
    import torch

    from binrecon.config.compose import compose_config, to_typed
    from binrecon.inference.export import load_exact
    from binrecon.inference.formats import load_runner
    from binrecon.inference.validation import ValidationBins

    counter = load_exact(to_typed(compose_config("export", [f"checkpoint='{run}'"])))
    bins = ValidationBins(counter)
    every = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as scratch:
        results = {
            "torch": {"megabytes": counter.run.best_checkpoint.stat().st_size / 1e6},
            **export_all(run, Path(scratch)),
        }
        for threads in sorted({1, every}):
            torch.set_num_threads(threads)
            runners = {"torch": build_torch(counter)} | {
                word: load_runner(word, Path(scratch) / name) for word, name in FORMATS.items()
            }
            for size in sizes:
                for word, taken in take_turns(runners, bins.read_pixels(0, size), rounds).items():
                    results[word][f"ms of {size}, {threads} threads"] = statistics.median(taken)
                    results[word][f"spread of {size}, {threads} threads"] = max(taken) - min(taken)
    return results


def tabulate(results: dict[str, dict[str, Any]]) -> str:
    """Write a Markdown table: a row for each format."""
    columns = [name for name in results["torch"] if name.startswith("ms of ")]
    parity = ["largest_difference", "same_counts", "accuracy"]
    head = ["format", "MB", *columns, *parity]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for word, facts in results.items():
        speeds = [f"{facts[name]:.1f} ({results['torch'][name] / facts[name]:.2f} ×)" for name in columns]
        apart = [f"{facts[name]:.3g}" if name in facts else "–" for name in parity]
        lines.append(" | ".join([f"| {word}", f"{facts['megabytes']:.1f}", *speeds, *apart]) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="Measure what `binrecon export` writes.")
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--photos", type=int, nargs="+", default=[1, 32], help="sizes of batches")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE)
    given = parser.parse_args()
    results = measure(given.run, given.photos, given.rounds)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=HERE, capture_output=True, text=True)
    facts = {"commit": commit.stdout.strip(), "processor": platform.processor(), "rounds": given.rounds}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "results.json").write_text(json.dumps({**facts, "formats": results}, indent=2) + "\n")
    (given.out / "table.md").write_text(tabulate(results))
    print(tabulate(results))


if __name__ == "__main__":
    main()
