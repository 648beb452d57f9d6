"""A real Chromium, headless, with an empty profile, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser. Each `new_context` of it is a person of their own, with an empty profile.

    Playwright keeps an event loop running in this thread meanwhile: no test with a loop of its own may run inside.
    """
    program = shutil.which("chromium")
    if program is None:
        raise RuntimeError("chromium is missing; try: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()
