"""One hash for everything that a table holds, whatever way it is stored."""

import hashlib
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def hash_table(table: pa.Table) -> str:
    """Hash every value of every row of a table of integers, texts, and lists and structs of them.

    Each column goes into a few streams of bytes: which values are null, how long each text or list is, and
    the values themselves. A stream is the same whatever chunks the column comes in, and nothing that stands
    behind a null reaches it.

    Returns:
        64 hexadecimal digits.

    Raises:
        TypeError: If a column is of another type.
    """
    streams: defaultdict[str, hashlib._Hash] = defaultdict(hashlib.sha256)
    for name, column in zip(table.column_names, table.columns, strict=True):
        for chunk in filter(len, column.chunks):
            _feed(streams, name, chunk)
    parts = [f"{name} {streams[name].hexdigest()}" for name in sorted(streams)]
    return hashlib.sha256("\n".join([str(len(table)), *parts]).encode()).hexdigest()


def _feed(streams: defaultdict[str, "hashlib._Hash"], name: str, values: pa.Array) -> None:
    """Send a chunk of a column to its streams."""
    streams[f"{name}:valid"].update(values.is_valid().to_numpy(zero_copy_only=False))
    kind = values.type
    if pa.types.is_list(kind):
        streams[f"{name}:length"].update(_as_bytes(pc.list_value_length(values)))
        _feed(streams, f"{name}[]", values.flatten())
    elif pa.types.is_struct(kind):
        for field in kind:
            _feed(streams, f"{name}.{field.name}", pc.struct_field(values, field.name))
    elif pa.types.is_string(kind):
        streams[f"{name}:length"].update(_as_bytes(pc.binary_length(values)))
        streams[f"{name}:text"].update(join_texts(values.drop_null()))
    elif pa.types.is_integer(kind):
        streams[f"{name}:value"].update(_as_bytes(values))
    else:
        raise TypeError(f"no hash of a column of {kind}")


def _as_bytes(numbers: pa.Array) -> bytes:
    """Return integers as 64-bit little-endian bytes, without the nulls."""
    return np.asarray(numbers.drop_null()).astype("<i8").tobytes()


def join_texts(texts: pa.Array) -> memoryview:
    """Return the UTF-8 bytes of texts one after another; none of them is null."""
    _, offset_buffer, text_buffer = texts.buffers()
    if len(texts) == 0 or text_buffer is None:
        return memoryview(b"")
    offsets = np.frombuffer(offset_buffer, np.int32)
    first, last = offsets[texts.offset], offsets[texts.offset + len(texts)]
    return memoryview(text_buffer)[first:last]
