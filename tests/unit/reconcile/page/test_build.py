import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.reconciliation import NASTY_NAMES, build_reconciliation

from binrecon.errors import MissingBinError, OutputError
from binrecon.reconcile.identity import name_reconciliation
from binrecon.reconcile.page import PageFacts, write_page

FACTS = PageFacts(
    counter="outputs/train/1",
    source="bins",
    created="2026-11-26 10:00",
    budget="0.5%",
    coverage=0.9,
    notes=("Records are wrong in 1 % of bins. <script>",),
)


def no_photo(bin_id: str) -> bytes:
    raise MissingBinError(bin_id)


def read_block(page: str) -> dict[str, Any]:
    (block,) = re.findall(r'<script type="application/json" id="block">(.*?)</script>', page, re.DOTALL)
    return dict(json.loads(block))


def test_write_page__holds_every_bin_by_rank(tmp_path: Path) -> None:
    table = build_reconciliation()
    write_page(table.sample(frac=1, random_state=1), FACTS, no_photo, tmp_path / "page.html", 3)
    block = read_block((tmp_path / "page.html").read_text())
    assert block["rows"]["bin_id"] == table["bin_id"].tolist()
    assert block["reconciliation"] == name_reconciliation(table)
    assert (block["thumbnails"], block["folder"], block["counts"]) == ([None] * 3, None, [0, 1, 2, 3, 4, 5])


def test_write_page__needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    write_page(build_reconciliation(), FACTS, no_photo, tmp_path / "page.html", 0)
    page = (tmp_path / "page.html").read_text()
    assert not re.findall(r"(?:src|href)=[\"'](?!#)", page)
    assert not re.findall(r"url\(|@import|\bfetch\(|XMLHttpRequest|WebSocket|innerHTML|eval\(", page)
    addresses = set(re.findall(r"https?://[^\"' ]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}, "a name, not an address"


def test_write_page__allows_its_own_script_and_style_alone(tmp_path: Path) -> None:
    write_page(build_reconciliation(), FACTS, no_photo, tmp_path / "page.html", 0)
    page = (tmp_path / "page.html").read_text()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    policy = policy.replace("&#39;", "'")
    for tag, part in (('<script type="module">', "script"), ("<style>", "style")):
        content = page.partition(tag)[2].partition(f"</{part}>")[0]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{part}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "connect-src 'none'" in policy
    assert "img-src data:;" in policy


def test_write_page__has_one_script_besides_its_data_whatever_names_hold(tmp_path: Path) -> None:
    write_page(build_reconciliation(), FACTS, no_photo, tmp_path / "page.html", 0)
    page = (tmp_path / "page.html").read_text()
    assert page.count("<script") == page.count("</script>") == 2
    assert {name for names in read_block(page)["rows"]["items"] for name in names} == set(NASTY_NAMES)
    assert "in 1 % of bins. &lt;script&gt;" in page


def test_write_page__links_photos_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "my bins" / "bin-images"
    facts = PageFacts("c", "s", "t", "b", 0.9, photo_folder=folder)
    page = tmp_path / "outputs" / "reconcile" / "page.html"
    write_page(build_reconciliation(), facts, no_photo, page, 0)
    text = page.read_text()
    assert read_block(text)["folder"] == "../../my%20bins/bin-images/"
    assert "img-src data: &#39;self&#39; file:;" in text


def test_write_page__holds_as_many_bins_as_a_browser_likes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("binrecon.reconcile.page.build.MOST_ROWS", 5)
    table = build_reconciliation()
    write_page(table, FACTS, no_photo, tmp_path / "page.html", 100)
    page = (tmp_path / "page.html").read_text()
    block = read_block(page)
    assert block["rows"]["bin_id"] == table["bin_id"].tolist()[:5]
    assert len(block["thumbnails"]) == 5
    assert block["reconciliation"] == name_reconciliation(table), "of all bins: an audit is applied to them"
    assert "This page holds the first 5 bins by rank." in page


def test_write_page__says_what_is_expected(tmp_path: Path) -> None:
    table = build_reconciliation()
    table["variance_probability"] = [0.5, 0.5, 0.25, 0.75, 0.9, 0.9, 0.9, 0.9]
    write_page(table, FACTS, no_photo, tmp_path / "page.html", 0)
    words = " ".join(re.sub("<[^>]*>", "", (tmp_path / "page.html").read_text()).split())
    assert "4 of 8 bins are to be recounted (budget 0.5%). About 2 of them (50 %) should turn out" in words


def test_write_page__says_what_to_do_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"page\.html' cannot be written .*; choose another output_dir"):
        write_page(build_reconciliation(), FACTS, no_photo, tmp_path / "file" / "page.html", 0)
