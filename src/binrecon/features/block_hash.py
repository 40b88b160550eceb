"""The hash of a block: says that its features are there, of which photos, and by which network.

28 bytes of a SHA-256, which `binrecon features verify` compares, and a CRC-32 of the same, which is compared
whenever a run opens the store: as fast as memory, and as good against damage that nobody made on purpose.
"""

import hashlib
import zlib

import numpy as np

HASH_BYTES = 32
NOT_DONE = bytes(HASH_BYTES)
"""Stands for the hash of a block while its features are not there."""

_SUM_BYTES = 4


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
    return digest.digest()[:-_SUM_BYTES] + _sum_block(store_key, keys, features)


def is_sum_of(found: bytes, store_key: str, keys: memoryview, features: memoryview) -> bool:
    """Tell quickly if a hash is that of a block, by its CRC-32; the arguments are those of `hash_block`."""
    return found[-_SUM_BYTES:] == _sum_block(store_key, keys, features)


def _sum_block(store_key: str, keys: memoryview, features: memoryview | bytes) -> bytes:
    start = zlib.crc32(keys, zlib.crc32(store_key.encode()))
    return zlib.crc32(features, start).to_bytes(_SUM_BYTES, "little")


def parse_hashes(content: bytes, block_count: int) -> np.ndarray:
    """Return the hashes of `blocks.bin`, uint8 of shape (blocks, 32)."""
    return np.frombuffer(content, np.uint8, block_count * HASH_BYTES).reshape(-1, HASH_BYTES)


def are_done(hashes: np.ndarray) -> np.ndarray:
    """Tell for each block whether its features are there, bool."""
    return np.asarray(hashes.any(axis=1))
