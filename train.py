"""Train a bin counter: `python train.py model=resnet50 optimizer=adam`; the same as `binrecon train …`."""

import sys

from binrecon.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]], is_whole_process=True))
