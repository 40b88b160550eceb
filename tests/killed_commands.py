"""Runs commands in forked children that are killed; a process of its own, since a fork wants no threads beside it."""

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch  # noqa: F401  # loaded once, before the forks

import binrecon.reconcile.command  # as above
import binrecon.reconcile.page
import binrecon.sweep.command  # noqa: F401  # as above
from binrecon.cli import main
from binrecon.sweep import results
from binrecon.training import results as run_results


def fork_command(words: list[str], log: Path) -> int:
    """Start a command in a child that leads a process group, and return its id."""
    if (child := os.fork()) == 0:
        os.setpgid(0, 0)
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os._exit(main(words))
    with contextlib.suppress(PermissionError, ProcessLookupError):  # the child was faster
        os.setpgid(child, child)
    return child


def finish(words: list[str], log: Path) -> float:
    """Run a command to its end, and return how long it took, in seconds."""
    started = time.monotonic()
    _, status = os.waitpid(fork_command(words, log), 0)
    if status:
        raise RuntimeError(f"{words} ended with {status}: {log.read_text()[-3000:]}")
    return time.monotonic() - started


def kill_after(words: list[str], log: Path, seconds: float) -> bool:
    """Run a command, `kill -9` its process group after some time, and return whether it was still at work."""
    child = fork_command(words, log)
    time.sleep(seconds)
    os.killpg(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def try_command(words: list[str], place: Path, kills: int, seed: int) -> int:
    """Run a command undisturbed, and then killed again and again; return how many kills found it at work.

    Every run works in `place`, since paths stand in what it writes, and is moved away when it has ended:
    to `PLACE.whole`, and to `PLACE.0`, `PLACE.1`, … whenever a kill came too late.
    """
    draw, log, hits, ended = random.Random(seed), place.with_suffix(".log"), 0, 0
    longest_s = finish(words, log)
    place.rename(place.with_suffix(".whole"))
    moments = [(number + draw.random()) / kills * longest_s for number in range(kills)]
    draw.shuffle(moments)
    for moment in moments:
        if kill_after(words, log, moment):
            hits += 1
        else:
            place.rename(place.with_suffix(f".{ended}"))
            ended += 1
    finish(words, log)
    place.rename(place.with_suffix(f".{ended}"))
    return hits


def leave_out_plots() -> None:
    """They take most of such a short command, and show what its tables hold."""
    run_results._draw = lambda *_: None
    results.plot_study = lambda *_: []


if __name__ == "__main__":
    leave_out_plots()
    cases, root, kills = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), int(sys.argv[3])
    hits = {name: try_command(cases[name], root / name, kills, seed) for seed, name in enumerate(cases)}
    print(json.dumps(hits))
