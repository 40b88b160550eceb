"""The page in a real Chromium, from disk, without any network: what an auditor sees, enters, and exports."""

import re
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.chromium import run_chromium
from tests.reconciliation import NASTY_NAMES, build_reconciliation

from binrecon.errors import MissingBinError
from binrecon.reconcile.audit import apply_audit, wilson_interval
from binrecon.reconcile.page import PageFacts, write_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chromium")]

BINS, TO_RECOUNT, EMBEDDED = 80, 30, 10


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with run_chromium() as browser:
        yield browser


def draw_photo(bin_id: str) -> bytes:
    """Each bin has a colour of its own; one has no photo."""
    if bin_id == "00001":
        raise MissingBinError(bin_id)
    colour = np.random.default_rng(list(bin_id.encode())).integers(60, 200, size=3)
    content = BytesIO()
    Image.new("RGB", (320, 240), tuple(int(value) for value in colour)).save(content, format="JPEG")
    return content.getvalue()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    table = build_reconciliation(BINS, TO_RECOUNT)
    table.loc[3, "bin_id"] = "=cmd"  # an id is any file name
    return table


@pytest.fixture(scope="module")
def path(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, with photos beside it for all but the last bins."""
    root = tmp_path_factory.mktemp("page")
    photos = root / "bins" / "bin-images"
    photos.mkdir(parents=True)
    for bin_id in table["bin_id"][EMBEDDED:50]:
        if bin_id != "00001":
            (photos / f"{bin_id}.jpg").write_bytes(draw_photo(bin_id))
    facts = PageFacts("run", "bins", "2026-11-26", "40 %", 0.9, notes=NASTY_NAMES, photo_folder=photos)
    write_page(table, facts, draw_photo, root / "out" / "page.html", EMBEDDED)
    return root / "out" / "page.html"


class Watch:
    """What a browser did that it should not."""

    def __init__(self, context: "BrowserContext") -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("console", lambda message: self.complaints.append(message.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    @property
    def strangers(self) -> list[str]:
        return [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]


Open = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: "Browser", path: Path) -> Iterator[Open]:
    """Open the page in a fresh browser profile; at the end, nothing has left it and nothing was complained about."""
    contexts: list[tuple[BrowserContext, Watch]] = []

    def open_page(
        page_path: Path = path,
        script: str | None = None,
        **options: Any,  # noqa: ANN401 - Playwright's own
    ) -> "Page":
        context = browser.new_context(**options)
        contexts.append((context, Watch(context)))
        page = context.new_page()
        if script is not None:
            page.add_init_script(script)
        page.goto(page_path.as_uri())
        page.wait_for_selector("#bins article, #empty:not([hidden])")
        return page

    yield open_page
    for context, watch in contexts:
        context.close()
        assert watch.strangers == []
        missing = [text for text in watch.complaints if "ERR_FILE_NOT_FOUND" not in text]
        assert missing == []


def current(page: "Page") -> str:
    return page.locator('article[aria-current="true"] .bin-id').inner_text()


def shown(page: "Page") -> list[str]:
    return page.locator("#bins .bin-id").all_inner_texts()


def progress(page: "Page") -> str:
    return page.locator("#progress-text").inner_text()


def press(page: "Page", *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Playwright's own waiting evaluates text as a program, which the page's policy forbids."""
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def card(page: "Page", bin_id: str) -> "Locator":
    return page.locator(f'article[aria-label="Bin {bin_id}"]')


def test_page__opens_with_the_bins_to_recount_by_rank(open_page: Open, table: pd.DataFrame) -> None:
    page = open_page()
    assert shown(page) == table["bin_id"].tolist()[:25]
    assert page.locator("#range").inner_text() == "30 bins, 1 to 25 shown"
    assert progress(page) == "0 of 30 counted, 0 finds"
    first = card(page, table["bin_id"][0])
    assert first.locator(".recorded dd").inner_text() == str(table["recorded_count"][0])
    chance = first.locator(".chance dd").inner_text()
    assert chance == f"{100 * table['variance_probability'][0]:.0f} %"
    label = first.locator(".chart svg").get_attribute("aria-label")
    assert re.fullmatch(r"By the photo, 0: .* %, .*, 5: .* %\. Recorded: \d\.", label)


def test_page__shows_names_as_text(open_page: Open) -> None:
    page = open_page()
    names = page.locator("#bins .items").all_inner_texts()
    assert {name.strip() for name in names} == set(NASTY_NAMES)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#bins script, #bins .items img, #bins .items b").count() == 0


def test_page__shows_photos_within_it_and_beside_it(open_page: Open, table: pd.DataFrame) -> None:
    page = open_page()
    page.select_option("#decision", "any")
    page.select_option("#sort", "rank")

    def describe(bin_id: str) -> list[Any]:
        image = card(page, bin_id).locator(".photo img")
        card(page, bin_id).scroll_into_view_if_needed()
        loaded = "image => image.hidden || (image.complete && image.naturalWidth > 0)"
        wait_until(lambda: image.evaluate(loaded))
        return image.evaluate("image => [image.hidden, image.src.slice(0, 5)]")

    assert describe(table["bin_id"][0]) == [False, "data:"]
    assert describe(table["bin_id"][EMBEDDED]) == [False, "file:"]
    page.get_by_role("button", name="Next").first.click()
    page.get_by_role("button", name="Next").first.click()
    assert describe(table["bin_id"][50])[0] is True
    words = card(page, table["bin_id"][50]).locator(".no-photo")
    assert words.inner_text() == "Photo not in this page, nor found beside it"


def test_page__keyboard(open_page: Open, table: pd.DataFrame) -> None:
    ids = table["bin_id"].tolist()
    page = open_page()
    assert current(page) == ids[0]
    press(page, "j")
    press(page, "j", "k")
    assert current(page) == ids[0]
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == f"Bin {ids[0]}"
    press(page, "c")
    assert current(page) == ids[1]
    recorded = int(table["recorded_count"][1])
    press(page, *str(recorded + 10), "Enter")
    assert current(page) == ids[2]
    press(page, "r")
    assert progress(page) == "2 of 30 counted, 1 find"
    assert card(page, ids[1]).locator(".state").inner_text() == f"Find: counted {recorded + 10}, +10"
    assert "2 of 30 counted, 1 find" in page.locator("#spoken").inner_text()
    press(page, "u", "u")
    assert current(page) == ids[1]
    assert progress(page) == "1 of 30 counted, 0 finds"
    press(page, "n", "j", "c", "Enter")
    assert card(page, ids[1]).locator(".state").inner_text() == "Noted, not counted"
    assert card(page, ids[1]).locator(".note").input_value() == "jc", "keys are letters in a field"
    press(page, *("j" * 30))
    assert current(page) == ids[29], "the last bin, on the second page"
    press(page, "?")
    assert page.locator("#help").is_visible()
    press(page, "c", "Escape")
    assert progress(page) == "1 of 30 counted, 0 finds"
    page.locator("#help-open").click()
    page.locator("#keys-on").uncheck()
    press(page, "Escape", "c")
    assert progress(page) == "1 of 30 counted, 0 finds"


def test_page__tab_reaches_everything_in_order(open_page: Open) -> None:
    page = open_page()
    reached = []
    for _ in range(19):
        press(page, "Tab")
        reached.append(
            page.evaluate(
                "(() => { const e = document.activeElement; return e.id || e.dataset.do || e.className || e.textContent; })()"
            )
        )
    assert reached == [
        "skip", "export", "help-open", "How to read this page", "search", "decision", "recorded", "audit", "sort",
        "quiet", "zoom", "count", "main", "confirm", "recount", "note", "zoom", "count", "main",
    ]  # fmt: skip


def test_page__filters_sorts_and_searches(open_page: Open, table: pd.DataFrame) -> None:
    page = open_page()
    page.select_option("#decision", "any")
    assert page.locator("#range").inner_text() == "80 bins, 1 to 25 shown"
    page.select_option("#recorded", "3")
    expected = table[table["recorded_count"] == 3]["bin_id"].tolist()
    assert shown(page) == expected[:25]
    page.select_option("#recorded", "any")
    page.select_option("#sort", "expected_variance")
    by_size = table.sort_values("expected_variance", ascending=False, na_position="last")["bin_id"].tolist()
    assert shown(page) == by_size[:25]
    page.select_option("#sort", "bin_id")
    assert shown(page) == sorted(table["bin_id"])[:25]
    page.fill("#search", "HYPERLINK")
    assert shown(page) == sorted(table[table["items"].map(" ".join).str.contains("HYPERLINK")]["bin_id"])
    page.fill("#search", "nothing like that")
    assert page.locator("#empty").is_visible()
    page.locator("#reset").click()
    assert page.locator("#range").inner_text() == "80 bins, 1 to 25 shown"
    page.select_option("#decision", "not_judged")
    last = card(page, table["bin_id"][BINS - 1])
    assert [last.locator(f".{name} dd").inner_text() for name in ("recorded", "likely", "chance")] == [
        "9",
        "–",
        "–",
    ]


def test_page__filters_by_the_state_of_the_audit(open_page: Open, table: pd.DataFrame) -> None:
    ids = table["bin_id"].tolist()
    page = open_page()
    press(page, "c", "9", "Enter", "r")
    states = {"counted": ids[:2], "find": ids[1:2], "recount": ids[2:3], "open": ids[3:28], "note": []}
    for state, expected in states.items():
        page.select_option("#audit", state)
        assert shown(page) == expected


def export(page: "Page", tmp_path: Path) -> Path:
    with page.expect_download() as download:
        page.locator("#export").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_page__what_is_counted_survives_a_reload_and_comes_back(
    open_page: Open, table: pd.DataFrame, tmp_path: Path
) -> None:
    """The round trip: enter, reload, export, apply."""
    ids, recorded = table["bin_id"].tolist(), table["recorded_count"].tolist()
    page = open_page()
    press(page, "c", *str(recorded[1] + 1), "Enter", "r")
    assert ids[3] == "=cmd"
    fourth = card(page, "=cmd")
    note = '=HYPERLINK("x"), "quoted", Gerät'
    fourth.locator(".note").fill(note)
    fourth.locator(".count").fill("0" if recorded[3] else "1")
    fourth.get_by_role("button", name="Save").click()
    page.reload()
    assert progress(page) == "3 of 30 counted, 2 finds"
    assert fourth.locator(".note").input_value() == note
    precision = page.locator("#precision").inner_text()

    path = export(page, tmp_path)
    assert re.fullmatch(r"audit-r[0-9a-f]{12}\.csv", path.name)
    cells = [cell for line in path.read_text("utf-8-sig").splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.lstrip('"').startswith(("=", "+", "-", "@"))]

    result = apply_audit(path, table)
    assert result.finds["bin_id"].tolist() == [ids[1], "=cmd"]
    assert result.finds["note"].tolist() == ["", note]
    assert result.labels.set_index("bin_id")["recorded_count"].to_dict() == {
        ids[0]: recorded[0],
        ids[1]: recorded[1] + 1,
        "=cmd": 0 if recorded[3] else 1,
    }
    assert (result.recounted.counted, result.workload, result.open_bins) == (3, 30, 1)
    low, high = (round(100 * end) for end in wilson_interval(2, 3))
    expected = round(100 * result.recounted.expected_precision)
    assert precision == f"precision 67 % (95 %: {low} to {high} %), expected {expected} %"


@pytest.mark.parametrize(
    "note", ["=1+1", "'=1", "''@x", "'tis", "-", "+49", "＝1", "@me", '"', "a\u2028b", "semi;colon", "x'y"]
)
def test_page__a_note_comes_back_as_it_was(
    open_page: Open, table: pd.DataFrame, tmp_path: Path, note: str
) -> None:
    page = open_page()
    press(page, "n")
    page.locator("article .note").first.fill(note)
    press(page, "Enter")
    result = apply_audit(export(page, tmp_path), table)
    assert result.bins["note"].tolist() == [note]


def test_page__refuses_what_is_no_count(open_page: Open, table: pd.DataFrame) -> None:
    page = open_page()
    field = page.locator("article .count").first
    for text in ("", "1.5", "-1", "two", "1e3"):
        field.fill(text)
        field.press("Enter")
        assert field.get_attribute("aria-invalid") == "true"
    assert progress(page) == "0 of 30 counted, 0 finds"
    assert "whole number" in page.locator("#spoken").inner_text()


REFUSE = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"


def test_page__warns_where_the_browser_keeps_nothing(
    open_page: Open, table: pd.DataFrame, tmp_path: Path
) -> None:
    page = open_page(script=REFUSE)
    assert page.locator("#warning").inner_text() == (
        "This browser keeps nothing for this page. Export what you enter before you close it."
    )
    press(page, "c")
    assert len(apply_audit(export(page, tmp_path), table).labels) == 1


@pytest.mark.parametrize(
    "kept", ["null", "[1]", "{", '{"KEY": 1}', '{"KEY": {"decision": "burn", "count": null}}']
)
def test_page__is_not_misled_by_what_else_the_browser_keeps(
    open_page: Open, table: pd.DataFrame, path: Path, kept: str
) -> None:
    name = re.findall(r'"reconciliation":"(r[0-9a-f]+)"', path.read_text())[0]
    text = kept.replace("KEY", table["bin_id"][0])
    page = open_page(script=f"localStorage.setItem('binrecon:audit:{name}', {text!r});")
    assert progress(page) == "0 of 30 counted, 0 finds"
    assert page.locator("#warning").is_hidden()


def test_page__another_window_shows_what_was_entered(open_page: Open, path: Path) -> None:
    page = open_page()
    other = page.context.new_page()
    other.goto(path.as_uri())
    press(page, "c")
    wait_until(lambda: progress(other) == "1 of 30 counted, 0 finds")


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page__fits_every_width_and_has_contrast(open_page: Open, width: int, scheme: str) -> None:
    page = open_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    press(page, "j", "9", "Enter", "r", "?")
    press(page, "Escape")
    page.locator("details summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(FIND_WIDE, width) == []
    assert page.evaluate(FIND_FAINT) == []


FIND_WIDE = """width => [...document.querySelectorAll("body *")]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > width + 1
    && !e.closest(".spoken, .skip"))
  .map((e) => e.outerHTML.slice(0, 80))"""

FIND_FAINT = """() => {
  // WCAG 2.2, 1.4.3: text of at least 4.5 to 1 against what lies behind it
  const parse = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if ((colour[3] ?? 1) === 1 && getComputedStyle(at).backgroundColor !== "rgba(0, 0, 0, 0)") return colour;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const faint = [];
  for (const e of document.querySelectorAll("body *")) {
    const isText = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!isText || !e.checkVisibility() || e.matches(":disabled, option, script, style")) continue;
    const style = getComputedStyle(e);
    const ink = parse(e instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${e.outerHTML.slice(0, 80)}`);
  }
  return faint;
}"""


def test_page__has_names_landmarks_and_large_targets(open_page: Open) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True)
    for role in ("banner", "main", "search", "contentinfo"):
        assert page.get_by_role(role).count() == 1  # type: ignore[arg-type]
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.evaluate("document.querySelectorAll('h1').length") == 1
    assert page.evaluate(FIND_UNNAMED) == []
    assert page.evaluate(FIND_SMALL) == []
    assert (
        page.evaluate(
            "[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i)"
        )
        == []
    )


FIND_UNNAMED = """() => [...document.querySelectorAll("button, input, select, progress, [role=img], dialog, nav")]
  .filter((e) => !(e.ariaLabel || e.labels?.length || e.textContent.trim() || e.getAttribute("aria-labelledby")))
  .map((e) => e.outerHTML.slice(0, 80))"""

FIND_SMALL = """() => [...document.querySelectorAll("button, input:not([type=checkbox]), select")]
  .filter((e) => e.checkVisibility() && !e.matches(".link") && e.getBoundingClientRect().height < 44)
  .map((e) => e.outerHTML.slice(0, 80))"""


def test_page__says_nothing_moves_where_it_should_not(open_page: Open) -> None:
    page = open_page(reduced_motion="reduce")
    moving = "[...document.querySelectorAll('*')].filter((e) => getComputedStyle(e).transitionDuration !== '0s').length"
    assert page.evaluate(moving) == 0


def test_page__focus_is_seen(open_page: Open) -> None:
    page = open_page()
    press(page, "Tab", "Tab")
    outline = page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )
    assert outline == "solid3px"


def test_page__enlarges_a_photo(open_page: Open, table: pd.DataFrame) -> None:
    page = open_page()
    press(page, "z")
    dialog = page.locator("#zoom")
    assert dialog.get_by_role("heading").inner_text().startswith(f"Bin {table['bin_id'][0]}, recorded ")
    wait_until(lambda: page.locator("#zoom-photo").evaluate("image => image.naturalWidth > 0"))
    press(page, "Escape")
    assert dialog.is_hidden()


def test_page__of_a_counter_whose_largest_count_is_open_ended(open_page: Open, tmp_path: Path) -> None:
    table = build_reconciliation(8, 4)
    table["decision"] = "recount"
    facts = PageFacts("run", "bins", "2026-11-26", "all", 0.9, is_open_ended=True)
    write_page(table, facts, draw_photo, tmp_path / "page.html", 8)
    last = card(open_page(tmp_path / "page.html"), table["bin_id"][7]).locator(".chart")
    assert [text.inner_html() for text in last.locator(".name").all()] == ["0", "1", "2", "3", "4", "5+"]
    assert last.locator(".name.is-recorded").inner_html() == "5+", "recorded as 9"


def test_page__of_fifty_thousand_bins_stays_quick(open_page: Open, tmp_path: Path) -> None:
    """Generous limits: what matters is that no key costs a pass over all cards."""
    path = tmp_path / "page.html"
    facts = PageFacts("run", "bins", "2026-11-26", "0.5%", 0.9)
    write_page(build_reconciliation(50_000, 250), facts, draw_photo, path, 20)
    assert path.stat().st_size < 20_000_000
    page = open_page(path)
    assert page.locator("#range").inner_text() == "250 bins, 1 to 25 shown"
    page.select_option("#decision", "any")
    took = page.evaluate(TIME_KEYS)
    assert page.locator("#range").inner_text() == "6,250 bins, 1 to 25 shown", "one name of eight"
    assert page.locator("#bins article").count() == 25
    assert max(took.values()) < 2000, took


TIME_KEYS = """() => {
  const took = {};
  const time = (name, act) => { const start = performance.now(); act(); took[name] = performance.now() - start; };
  const set = (id, value, type) => {
    const field = document.getElementById(id);
    field.value = value;
    field.dispatchEvent(new Event(type));
  };
  const key = (name) => document.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  time("sort", () => set("sort", "expected_variance", "change"));
  time("next", () => key("j"));
  time("confirm", () => key("c"));
  time("search", () => set("search", "bold", "input"));
  return took;
}"""
