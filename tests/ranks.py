"""What each of several processes that torchrun starts does in a test: run one command line after another."""

import json
import sys
from pathlib import Path

import torch.distributed as dist

from binrecon.cli import main


def run_all(cases: Path) -> int:
    """Run the command lines of a JSON file; the status is that of the first that fails."""
    dist.init_process_group("gloo")
    for words in json.loads(cases.read_text()):
        if status := main(words):
            return status
    return 0


if __name__ == "__main__":
    sys.exit(run_all(Path(sys.argv[1])))
