"""Damages the files of a folder at random, in every way that a disk, a user or a killed process might."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path


def flip_bit(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes()) or bytearray(1)
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def overwrite(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    start = rng.randrange(len(content) + 1)
    stop = min(len(content), start + rng.randint(1, 200))
    content[start:stop] = rng.choice([b"\xff", b"\0", rng.randbytes(1)]) * (stop - start)
    path.write_bytes(content)


def cut(path: Path, rng: random.Random) -> None:
    os.truncate(path, rng.randrange(path.stat().st_size + 1))


def cut_off_the_beginning(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes()[rng.randrange(path.stat().st_size + 1) :])


def empty(path: Path, rng: random.Random) -> None:
    path.write_bytes(b"")


def grow(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes() + rng.randbytes(rng.randint(1, 100)))


def fill_with_noise(path: Path, rng: random.Random) -> None:
    path.write_bytes(rng.randbytes(path.stat().st_size))


def remove(path: Path, rng: random.Random) -> None:
    path.unlink()


def make_folder(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.mkdir()


def make_pipe(path: Path, rng: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def swap_with_neighbour(path: Path, rng: random.Random) -> None:
    other = rng.choice(sorted(path.parent.iterdir()))
    aside = path.with_name("aside")
    path.rename(aside)
    if other != path:
        other.rename(path)
    aside.rename(other)


DAMAGES: list[Callable[[Path, random.Random], None]] = [
    flip_bit,
    flip_bit,
    overwrite,
    overwrite,
    cut,
    cut_off_the_beginning,
    empty,
    grow,
    fill_with_noise,
    remove,
    make_folder,
    make_pipe,
    swap_with_neighbour,
]


def damage(folder: Path, other: Path, rng: random.Random) -> list[str]:
    """Damage some files of a folder, or put those of another one in their place; say what was done."""
    done = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        path = rng.choice(sorted(one for one in folder.iterdir() if one.is_file()) or [folder / "none"])
        if not path.exists():
            continue
        if rng.random() < 0.15 and (other / path.name).is_file():
            shutil.copy(other / path.name, path)
            done.append(f"{path.name} of another")
            continue
        change = rng.choice(DAMAGES)
        change(path, rng)
        done.append(f"{change.__name__} {path.name}")
    return done
