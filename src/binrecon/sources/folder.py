"""The files of one folder of bins: photos or records, those that cannot be any, and what else is there."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from binrecon.errors import SourceError
from binrecon.escaping import escape_name
from binrecon.sources.layout import FOLDERS, ID_RULE, PHOTO_SUFFIXES, SUFFIXES, Part, is_bin_id

_NO_BINS = ("Thumbs.db", "desktop.ini")
"""Files that systems leave beside photos, unasked; others begin with a dot."""


@dataclass
class FolderListing:
    """The photos or the records of a folder.

    Args:
        ids: Sorted; a file whose name is not an id stands there with its name escaped, which is none either.
        faults: Why nothing is read of some of the ids.
        others: How many files are neither photos nor records, nor hidden.
        example: The name of one of them, escaped.
    """

    ids: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    others: int = 0
    example: str | None = None


def list_folder(root: Path, part: Part) -> FolderListing:
    """List the photos or the records below a root; none if there is no folder.

    Raises:
        SourceError: If the folder cannot be listed.
    """
    listing = FolderListing()
    folder = root / FOLDERS[part][0]
    try:
        odd = _scan(folder, part, listing)
    except FileNotFoundError:
        return listing
    except OSError as error:
        raise SourceError(
            f"source.root: '{folder}' cannot be listed ({error.strerror}); "
            "mend the disk or your rights to it, or name another folder"
        ) from error
    for stem, names in odd.items():
        _add_odd(folder, part, stem, names, listing)
    listing.ids.sort()
    return listing


def describe_others(part: Part, listing: FolderListing) -> str | None:
    """Describe how many files are left out because of their suffix; None if there are none."""
    if not listing.others:
        return None
    allowed = ".jpg or .jpeg" if SUFFIXES[part] == PHOTO_SUFFIXES else " or ".join(SUFFIXES[part])
    are = "entry is" if listing.others == 1 else "entries are"
    return (
        f"{FOLDERS[part][0]}: {listing.others:,} {are} no {part} (a file that ends in {allowed}) and left "
        f"out, for instance '{listing.example}'"
    )


def _scan(folder: Path, part: Part, listing: FolderListing) -> dict[str, list[str]]:
    """Put what is named as usual into the listing; return the stems of other files with their names."""
    odd: dict[str, list[str]] = {}
    usual = SUFFIXES[part][0]
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _NO_BINS:
                continue
            stem, suffix = _split(entry.name, part)
            if suffix is None or _is_folder(entry):
                listing.others += 1
                listing.example = listing.example or escape_name(entry.name)
            elif suffix == usual and is_bin_id(stem):
                listing.ids.append(stem)
            else:
                odd.setdefault(stem, []).append(entry.name)
    return odd


def _add_odd(folder: Path, part: Part, stem: str, names: list[str], listing: FolderListing) -> None:
    """Put a bin into the listing whose file has another suffix, or a name that is no id."""
    if not is_bin_id(stem):
        shown = escape_name(stem)
        listing.faults[shown] = f"its file name is not {ID_RULE}"
        listing.ids.append(shown)
        return
    usual = f"{stem}{SUFFIXES[part][0]}"
    has_usual = os.path.lexists(folder / usual)
    if not has_usual:
        listing.ids.append(stem)
    if has_usual or len(names) > 1:
        found = sorted([usual, *names] if has_usual else names)
        shown = ", ".join(f"'{name}'" for name in found)
        listing.faults[stem] = f"{shown} are {len(found)} files of one bin; keep one"


def _split(name: str, part: Part) -> tuple[str, str | None]:
    """Split a file name into stem and suffix; no suffix if it is not one of a photo or record."""
    for suffix in SUFFIXES[part]:
        if name.endswith(suffix):
            return name[: -len(suffix)], suffix
    return name, None


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads nowhere, or to itself: reading it will say so
        return False
