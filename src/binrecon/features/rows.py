"""The rows of a feature table: what each is about, and which are computed together."""

from typing import NamedTuple, Self

BLOCK_ROWS = 64
"""Rows in a block: what a kill can cost, and the batch that a backbone sees."""


class Block(NamedTuple):
    """A run of rows that are computed together, always in the same batch."""

    number: int
    start: int
    stop: int


class RowKey(NamedTuple):
    """The key of a row: a photo, named by the SHA-256 of its bytes, and its view."""

    photo_hash: str
    view: int

    def __str__(self) -> str:
        return f"{self.photo_hash}/{self.view}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Turn the text of a key back into it."""
        photo_hash, _, view = text.rpartition("/")
        return cls(photo_hash, int(view))
