"""From a reconciliation to its page: one HTML file that needs nothing but a browser."""

import base64
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from binrecon.errors import OutputError
from binrecon.formulas import FORMULA_STARTS
from binrecon.reconcile.audit_words import AUDIT_COLUMNS, LARGEST_COUNT
from binrecon.reconcile.identity import name_reconciliation
from binrecon.reconcile.page.rows import DECISIONS, MOST_ROWS, find_counts, list_rows, write_block
from binrecon.reconcile.page.thumbnails import embed_photos
from binrecon.sources.layout import PHOTO_SUFFIX
from binrecon.whole_file import write_text

_SCRIPTS = ("rows.js", "audit.js", "csv.js", "choose.js", "chart.js", "card.js", "view.js", "page.js")
"""Joined in this order into one module; each uses only what stands in those before it."""


@dataclass(frozen=True)
class PageFacts:
    """The summary that the page shows of a reconciliation; texts of any origin, which are escaped.

    Args:
        counter: Which counter looked at the photos, for instance its run folder.
        source: Where the bins lie.
        created: When the reconciliation was made.
        budget: What was asked for: `0.5%`, `200 bins` or `1:40`.
        coverage: How often a count set holds the true count, as it was asked for, between 0 and 1.
        is_open_ended: Whether the largest count stands for all above it too, as with `data.above_range=clip`.
        notes: Assumptions and warnings, a sentence each.
        photo_folder: A source's `bin-images`, from which photos that are not embedded are shown as long as
            the page can reach it; None if there is none.
    """

    counter: str
    source: str
    created: str
    budget: str
    coverage: float
    is_open_ended: bool = False
    notes: tuple[str, ...] = ()
    photo_folder: Path | None = None


def write_page(
    table: pd.DataFrame,
    facts: PageFacts,
    photo_reader: Callable[[str], bytes],
    path: Path,
    embedded: int,
) -> None:
    """Write the page of a reconciliation.

    It holds the first `MOST_ROWS` bins by rank, and says so where there are more.

    Args:
        table: The reconciliation, a row per bin, with the names of its items as a list.
        facts: What is said about it as a whole.
        photo_reader: Returns the bytes of a bin's photo; a `BinreconError` means that there is none.
        path: Where the page goes.
        embedded: How many bins, from the first on, have their photo within the page.

    Raises:
        OutputError: If the page cannot be written.
    """
    ranked = table.sort_values("rank", na_position="last", kind="stable")
    shown = ranked.head(MOST_ROWS)
    block = {
        "reconciliation": name_reconciliation(table),
        "columns": AUDIT_COLUMNS,
        "formulaStarts": FORMULA_STARTS,
        "largestCount": LARGEST_COUNT,
        "coverage": facts.coverage,
        "counts": find_counts(table),
        "isOpenEnded": facts.is_open_ended,
        "decisions": DECISIONS,
        "rows": list_rows(shown),
        "thumbnails": embed_photos(shown["bin_id"].head(embedded), photo_reader),
        "folder": _link_folder(facts.photo_folder, path),
        "suffix": PHOTO_SUFFIX,
    }
    try:
        write_text(path, _render(block, facts, table, len(shown)))
    except OSError as error:
        raise OutputError(
            f"the page '{path}' cannot be written ({error.strerror}); choose another output_dir, or make room"
        ) from error


def _render(block: dict[str, object], facts: PageFacts, table: pd.DataFrame, shown: int) -> str:
    style, script = _read("page.css"), "\n".join(map(_read, _SCRIPTS))
    to_recount = table[table["decision"] == "recount"]
    return _load_template().render(
        facts=facts,
        name=block["reconciliation"],
        bins=len(table),
        shown=shown,
        workload=len(to_recount),
        expected_finds=float(to_recount["variance_probability"].sum()),
        policy=_write_policy(style, script, has_folder=block["folder"] is not None),
        style=Markup(style),  # noqa: S704  # our own file
        script=Markup(script),  # noqa: S704  # our own files
        block=Markup(write_block(block)),  # noqa: S704  # cannot leave its element: see write_block
    )


def _write_policy(style: str, script: str, *, has_folder: bool) -> str:
    """Allow this very style and script, photos within the page and beside it, and no connection anywhere."""
    photos = "data: 'self' file:" if has_folder else "data:"
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src {photos}; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _link_folder(folder: Path | None, page: Path) -> str | None:
    """Return the way from the page to the folder of photos as a relative URL that ends in a slash."""
    if folder is None:
        return None
    try:
        relative = os.path.relpath(folder.resolve(), page.parent.resolve())
    except ValueError:  # on Windows, another drive
        return folder.resolve().as_uri() + "/"
    return quote(Path(relative).as_posix()) + "/"


@cache
def _read(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


@cache
def _load_template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_read("page.html.jinja"))
