"""Photograph the page of a reconciliation in Chromium: `python screenshot.py OUT.png [PAGE.html]`.

Without a page it makes one of rendered bins with made-up probabilities: it shows the page, not how well bins
are counted. On the left as on a desk, on the right as on a phone at night.
"""

import os
import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from binrecon.manifest.record import parse_record
from binrecon.reconcile.page import PageFacts, write_page
from binrecon.sources.synthetic.source import SyntheticSource

DESK, PHONE = (1180, 844), (390, 844)
"""Width and height in pixels."""

COLOURS = 128
"""Of the PNG; photos lose a little, text nothing."""


def main() -> None:
    """Write one picture of both."""
    out = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        page = Path(sys.argv[2]) if len(sys.argv) > 2 else make_page(Path(folder))
        with sync_playwright() as playwright:
            path = os.environ.get("BINRECON_CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox"])
            desk = photograph(browser, page, DESK, "light")
            phone = photograph(browser, page, PHONE, "dark")
            browser.close()
    sheet = Image.new("RGB", (desk.width + phone.width, desk.height))
    sheet.paste(desk, (0, 0))
    sheet.paste(phone, (desk.width, 0))
    sheet.quantize(COLOURS, dither=Image.Dither.NONE).save(out, optimize=True)


def photograph(browser: Browser, page_path: Path, size: tuple[int, int], scheme: str) -> Image.Image:
    """Enter a few counts, then show the bins that come next."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.goto(page_path.resolve().as_uri())
    for key in ("c", "1", "Enter", "c", "2", "Enter", "k"):
        page.keyboard.press(key)
    page.wait_for_timeout(1000)  # photos in sight are decoded
    picture = Image.open(BytesIO(page.screenshot()))
    context.close()
    return picture.convert("RGB")


def make_page(folder: Path) -> Path:
    """Write the page of 120 rendered bins."""
    source = SyntheticSource(folder, bin_count=120, seed=7)
    source.prepare()
    facts = PageFacts(
        counter="made-up probabilities",
        source="source=synthetic",
        created="an example",
        budget="10%",
        coverage=0.9,
    )
    write_page(make_up_table(source), facts, source.read_photo, folder / "page.html", embedded=30)
    return folder / "page.html"


def make_up_table(source: SyntheticSource) -> pd.DataFrame:
    """Rank bins by probabilities around their true count; every twelfth record is wrong."""
    rng, counts = np.random.default_rng(1), np.arange(6)
    rows = []
    for bin_id in source.list_bins().photo_ids:
        record = parse_record(source.read_record(bin_id))
        true = min(record.recorded_count, 5)
        recorded = true if rng.random() > 1 / 12 else int(np.clip(true + rng.choice([-1, 1, 2]), 0, 5))
        shares = np.exp(-np.abs(counts - true - rng.normal(0, 0.7)) * rng.uniform(0.8, 1.8))
        shares /= shares.sum()
        weights = shares * np.where(counts == recorded, 0.97, 0.006)
        chance = weights / weights.sum()
        rows.append(
            {
                "bin_id": bin_id,
                "recorded_count": recorded,
                "predicted_count": int(shares.argmax()),
                "mean_count": float(shares @ counts),
                **{f"p_{count}": shares[count] for count in counts},
                "variance_probability": 1 - chance[recorded],
                "likely_count": int(chance.argmax()),
                "expected_variance": float(chance @ np.abs(counts - recorded)),
                "count_set": f"{max(0, shares.argmax() - 1)} to {min(5, shares.argmax() + 1)}",
                "items": [item.name or "(no name)" for item in record.items],
            }
        )
    table = pd.DataFrame(rows).sort_values("variance_probability", ascending=False, ignore_index=True)
    is_first = table.index < len(table) // 10
    return table.assign(
        rank=table.index + 1,
        decision=np.where(is_first, "recount", "confirm"),
        reason=[
            f"the photo looks like {row.predicted_count}, the record says {row.recorded_count}"
            for row in table.itertuples()
        ],
        pair_bin_id=None,
        pair_change_probability=np.nan,
    )


if __name__ == "__main__":
    main()
