"""Trains in forked children that are killed; a process of its own, since a fork wants no threads beside it."""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import torch  # noqa: F401  # loaded once, before the forks

import binrecon.training.run  # noqa: F401  # as above
from binrecon.cli import main
from binrecon.training import results


def fork_training(words: list[str], log: Path) -> int:
    """Start a training in a child, and return its id."""
    if (child := os.fork()) == 0:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os._exit(main(words))
    return child


def finish(words: list[str], log: Path) -> float:
    """Train to the end, and return how long it took, in seconds."""
    started = time.monotonic()
    _, status = os.waitpid(fork_training(words, log), 0)
    if status:
        raise RuntimeError(f"{words} ended with {status}: {log.read_text()[-3000:]}")
    return time.monotonic() - started


def kill_at_random(words: list[str], run: Path, longest_s: float, draw: random.Random) -> bool:
    """Train, `kill -9` the training at a moment of its time, and return whether it was still at work."""
    child = fork_training(words, run.with_suffix(".log"))
    time.sleep(draw.uniform(0.05, 0.95) * longest_s)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def try_case(words: list[str], folder: Path, kills: int, seed: int) -> int:
    """Train undisturbed and, beside it, killed again and again; return how many kills found it at work."""
    draw, whole, killed = random.Random(seed), folder / "whole", folder / "killed"
    folder.mkdir(parents=True)
    log = folder / "whole.log"
    longest_s = finish([*words, f"hydra.run.dir={whole}"], log)
    hits = 0
    for _ in range(kills):
        hits += kill_at_random(words_to_go_on(words, killed), killed, longest_s, draw)
    finish(words_to_go_on(words, killed), killed.with_suffix(".log"))
    return hits


def words_to_go_on(words: list[str], run: Path) -> list[str]:
    """Return what a user would type."""
    if (run / "run.json").exists():
        return ["train", f"resume={run}"]
    shutil.rmtree(run, ignore_errors=True)
    return [*words, f"hydra.run.dir={run}"]


def leave_out_plots() -> None:
    """They take half of such a short run, at whose end a kill has least to break."""
    results._draw = lambda *_: None


if __name__ == "__main__":
    leave_out_plots()
    cases, root, kills = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), int(sys.argv[3])
    hits = [try_case(words, root / name, kills, seed) for seed, (name, words) in enumerate(cases.items())]
    print(sum(hits))
