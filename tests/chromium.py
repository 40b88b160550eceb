"""A real Chromium for tests of pages, driven by Playwright, which may talk to nobody."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # a container's user namespaces do not always allow one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """`BINRECON_CHROMIUM`, or Debian's, or nothing."""
    return os.environ.get("BINRECON_CHROMIUM") or shutil.which("chromium")


@contextmanager
def run_chromium() -> Iterator["Browser"]:
    """Start one, or skip the test and say how to have one."""
    path = find_chromium()
    if path is None:
        pytest.skip("Chromium is not installed; apt-get install chromium, or set BINRECON_CHROMIUM to one")
    from playwright.sync_api import sync_playwright  # slow to load

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
