"""Print the table of this study from its runs: `python table.py FOLDER [FOLDER ...]`."""

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from omegaconf import OmegaConf

METRICS = ("accuracy", "macro_f1", "rmse", "rmse_of_mean", "mae", "within_one_accuracy", "nll", "ece")


def spread(values: list[float]) -> str:
    """Write mean and sample standard deviation."""
    deviation = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{deviation}"


def main() -> None:
    """Group the runs by optimizer and print a row for each, with the baselines below."""
    groups: dict[str, list[dict[str, dict[str, float]]]] = defaultdict(list)
    commits = set()
    for path in sorted(found for folder in sys.argv[1:] for found in Path(folder).rglob("metrics.json")):
        config = OmegaConf.load(path.parent / "config.yaml")
        commits.add(json.loads((path.parent / "run.json").read_text())["git"]["commit"][:10])
        groups[str(config.optimizer.name)].append(json.loads(path.read_text()))
    print("commits:", ", ".join(sorted(commits)))
    print("| answer | seeds |", " | ".join(METRICS), "|")
    print("|---|---|" + "---|" * len(METRICS))
    for name, runs in sorted(groups.items()):
        cells = [spread([run["test"][metric] for run in runs]) for metric in METRICS]
        print(f"| `optimizer={name}` | {len(runs)} |", " | ".join(cells), "|")
    baselines = next(iter(groups.values()))[0]["baselines"]
    for name, scores in baselines.items():
        cells = ["–" if scores[metric] is None else f"{scores[metric]:.3f}" for metric in METRICS]
        print(f"| {name} | – |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
