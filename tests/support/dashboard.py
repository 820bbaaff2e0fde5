"""A person at the dashboard: Debian's Chromium, driven by Playwright; whatever it complains of is noted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import axe_playwright_python
from browser import SWITCHES
from playwright.sync_api import Browser, Page, sync_playwright

_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
_NOTE = """
window.complaints = [];
document.addEventListener("securitypolicyviolation", (one) =>
  window.complaints.push(`${one.violatedDirective} ${one.blockedURI} ${one.sample}`));
"""

# What tests ask for, in the words of the browser and of htmx: refusals, and questions that were typed over.
_ASKED_FOR = (
    *(f"{words} {code}" for words in ("status of", "Error Code") for code in (404, 409, 422)),
    "htmx:sendAbort",
    "htmx:afterRequest",
)


@dataclass
class Visitor:
    """One window at the pages below `url`."""

    url: str
    page: Page
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(30_000)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on(
            "dialog", lambda dialog: (self.troubles.append(f"dialog: {dialog.message}"), dialog.dismiss())
        )
        self.page.on("console", lambda said: said.type == "error" and self._hear(said.text))
        self.page.add_init_script(_NOTE)

    def _hear(self, text: str) -> None:
        if not any(words in text for words in _ASKED_FOR):
            self.troubles.append(f"console: {text}")

    def go(self, path: str) -> Page:
        """Opens the page of that path."""
        self.page.goto(self.url + path)
        return self.page

    def complaints(self) -> list[str]:
        """What the browser refused or stumbled over so far."""
        return [*self.troubles, *self.page.evaluate("window.complaints")]

    def barriers(self) -> list[str]:
        """What keeps people out of the page, by axe: the rule and the element."""
        # Not as a script of the page, which its policy would refuse: in the world of the test alone.
        self.page.evaluate(_AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run()")["violations"]
        return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without windows."""
    with sync_playwright() as driver:
        switches = [one for one in SWITCHES if not one.startswith("--headless")]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=switches)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visitor(
    browser: Browser, url: str, *, width: int = 1440, dark: bool = False, scripts: bool = True
) -> Iterator[Visitor]:
    """A window of its own, as a phone's or a desktop's, in a zone that is not the server's."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        timezone_id="Asia/Kabul",
        locale="en-GB",
        java_script_enabled=scripts,
    )
    try:
        yield Visitor(url, context.new_page())
    finally:
        context.close()
