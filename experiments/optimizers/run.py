"""Tune four optimizers with one budget each and compare their winners: `python run.py DATA SOURCE_WORD …`.

For instance `python run.py real source.root=data/abid` or `python run.py synthetic source=synthetic
source.bin_count=3000`. Studies and runs go to `outputs/optimizers/DATA`; the comparison comes back here.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
from omegaconf import OmegaConf

OPTIMIZERS = ("sgd", "sgdr", "adam", "adamw")
SHARED = (
    "model=efficientnet_lite0",
    "trainer.max_epochs=15",  # 1 + 2 + 4 + 8: sgdr ends where a cycle does
    "sweep=head",
    "sweep.trials=100",
    "sweep.final_seeds=10",
)
HERE = Path(__file__).parent
KEPT = ("leaderboard.md", "leaderboard.png", "curves.png", "pairs.csv")
PLOTS = ("history.png", "slices.png")
"""Of the search for `adam`, which stands for the others."""


def read_winner(study: Path) -> dict[str, object]:
    """Return what the winner of a study sets, and its best validation value."""
    recipe = OmegaConf.load(study / "best.yaml")
    trials = pd.read_csv(study / "trials.csv")
    return {
        "optimizer": OmegaConf.to_container(recipe.optimizer),
        "dropout": OmegaConf.select(recipe, "head.dropout", default=0.0),
        "val/nll": round(float(trials["objective val/nll"].min()), 4),
        "states": trials["state"].value_counts().to_dict(),
    }


def main() -> None:
    """Run what has not run yet; write the comparison and how long each study took."""
    data, *source = sys.argv[1:]
    root = Path("outputs/optimizers") / data
    seconds = {}
    for optimizer in OPTIMIZERS:
        started = time.monotonic()
        words = [
            f"optimizer={optimizer}",
            f"sweep.study={optimizer}",
            f"output_root={root}",
            *SHARED,
            *source,
        ]
        subprocess.run([sys.executable, "-m", "binrecon", "sweep", *words], check=True)
        seconds[optimizer] = round(time.monotonic() - started)
    finals = [str(root / "sweeps" / optimizer / "final") for optimizer in OPTIMIZERS]
    results = root / "compare"
    words = [*finals, "group_by=[optimizer]", f"output_dir={results}"]
    subprocess.run([sys.executable, "-m", "binrecon", "compare", *words], check=True)
    kept = HERE / data
    kept.mkdir(exist_ok=True)
    for name in KEPT:
        shutil.copy(results / name, kept / name)
    for name in PLOTS:
        plot = root / "sweeps" / "adam" / "plots" / name
        if plot.exists():  # a study of two trials has nothing to draw
            shutil.copy(plot, kept / f"adam_{name}")
    winners = {optimizer: read_winner(root / "sweeps" / optimizer) for optimizer in OPTIMIZERS}
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    facts = {"commit": commit.strip(), "seconds": seconds, "winners": winners}
    (kept / "facts.json").write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
