"""The hash of a block: says that its features are there, of which photos, and by which network."""

import hashlib

import numpy as np

HASH_BYTES = hashlib.sha256().digest_size
NOT_DONE = bytes(HASH_BYTES)
"""Stands for the hash of a block while its features are not there."""


def hash_block(store_key: str, keys: memoryview, features: memoryview | bytes) -> bytes:
    """Hash a block so that other bytes, other photos, another order or another store give another hash.

    Args:
        store_key: Of the fingerprint.
        keys: Of the block's rows, a line each.
        features: The bytes of its rows.
    """
    digest = hashlib.sha256(f"{store_key}\n".encode())
    digest.update(keys)
    digest.update(features)
    return digest.digest()


def parse_hashes(content: bytes, block_count: int) -> np.ndarray:
    """Return the hashes of `blocks.bin`, uint8 of shape (blocks, 32)."""
    return np.frombuffer(content, np.uint8, block_count * HASH_BYTES).reshape(-1, HASH_BYTES)


def are_done(hashes: np.ndarray) -> np.ndarray:
    """Tell for each block whether its features are there, bool."""
    return np.asarray(hashes.any(axis=1))
