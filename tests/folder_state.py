"""Every file of a folder by its content, to show that something left it as it was."""

import hashlib
from pathlib import Path


def hash_folder(folder: Path) -> dict[str, str]:
    """Return a hash of every file below a folder by its relative path, and an empty one for every folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }
