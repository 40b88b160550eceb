"""Draw what more training bins are worth, from all runs below a folder: `learning_curve.py FOLDER PICTURE`.

A line for each recipe over the number of training bins; a dot is a run. Frozen runs of another head or
pooling are left out.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import matplotlib as mpl
import pyarrow.parquet as pq
from omegaconf import OmegaConf

mpl.use("agg")
from matplotlib import pyplot as plt

METRICS = {"accuracy": "accuracy ↑", "rmse_of_mean": "RMSE of the mean count, items ↓", "nll": "NLL, nats ↓"}
COLOURS = {"frozen": "#888d96", "all layers": "#1f5fa8"}


def read_runs(folder: Path) -> dict[str, dict[int, list[dict[str, float]]]]:
    """Read the test results of every run of the two recipes: by line, then by training bins."""
    lines: dict[str, dict[int, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(folder.rglob("metrics.json")):
        config = OmegaConf.load(path.with_name("config.yaml"))
        is_frozen = config.regime.name == "frozen"
        if is_frozen and (config.head.name, config.model.pooling) != ("coral", "grid"):
            continue  # not `best_frozen`
        splits = pq.read_table(path.with_name("manifest.parquet"), columns=["split"])["split"].to_pylist()
        result = json.loads(path.read_text())
        line = lines["frozen" if is_frozen else "all layers"]
        line[splits.count("train")].append(result["test"])
        lines["majority"][splits.count("train")].append(result["baselines"]["majority"])
    return lines


def draw(lines: dict[str, dict[int, list[dict[str, float]]]], path: Path) -> None:
    """Draw a panel for each metric."""
    figure, panels = plt.subplots(1, len(METRICS), figsize=(11, 3.4), layout="constrained")
    for panel, (metric, title) in zip(panels, METRICS.items(), strict=True):
        for name, colour in COLOURS.items():
            sizes = sorted(lines[name])
            means = [fmean(run[metric] for run in lines[name][size]) for size in sizes]
            panel.plot(sizes, means, color=colour, marker="o", ms=4, label=name)
            for size in sizes:
                runs = lines[name][size]
                panel.plot([size] * len(runs), [run[metric] for run in runs], ".", color=colour, alpha=0.5)
        majority = lines["majority"][max(lines["majority"])][0][metric]  # the commonest of all training bins
        if majority is not None:
            panel.axhline(majority, color="#c44e12", lw=1, label="always the commonest count")
        panel.set_xscale("log")
        ticks = sorted({size for name in COLOURS for size in lines[name]})
        panel.set_xticks(ticks, [f"{size:,}" for size in ticks])
        panel.minorticks_off()
        panel.set_xlabel("training bins")
        panel.set_title(title, loc="left", fontsize=10)
        panel.grid(axis="y", color="#e6e6e6")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=130)


def tabulate(lines: dict[str, dict[int, list[dict[str, float]]]]) -> None:
    """Print the means, for the README."""
    for name in COLOURS:
        for size, runs in sorted(lines[name].items()):
            means = "  ".join(f"{metric} {fmean(run[metric] for run in runs):.3f}" for metric in METRICS)
            sys.stdout.write(f"{name:<10} {size:>5} training bins, {len(runs)} seeds: {means}\n")


if __name__ == "__main__":
    found = read_runs(Path(sys.argv[1]))
    if not found:
        sys.exit(f"no run of experiment=best or best_frozen has ended below '{sys.argv[1]}'")
    draw(found, Path(sys.argv[2]))
    tabulate(found)
