"""The manifest as a Parquet file."""

import os
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from binrecon.errors import ManifestError
from binrecon.manifest.schema import Manifest


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write a manifest so that `path` holds, at any moment, the old file or the whole new one.

    Raises:
        OSError: If the folder does not exist or cannot be written.
    """
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with draft.open("xb") as file:
            pq.write_table(manifest.table, file, compression="zstd", write_page_checksum=True)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest that `write_manifest` wrote.

    Raises:
        ManifestError: If the file does not exist or is not a manifest.
    """
    try:
        with path.open("rb") as file:
            return Manifest(pq.ParquetFile(file, page_checksum_verification=True).read())
    except FileNotFoundError as error:
        raise ManifestError(f"manifest '{path}' does not exist; build it first") from error
    except ManifestError as error:
        raise ManifestError(f"manifest '{path}': {error}") from error
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's own: no permission, a folder, a broken disk
        raise ManifestError(f"manifest '{path}' cannot be read: {error}; build it anew") from error
