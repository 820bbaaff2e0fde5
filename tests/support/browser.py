"""Chromium by way of chromedriver: what a page looks like, and what its letters come to.

Spoken to over HTTP (W3C WebDriver, https://www.w3.org/TR/webdriver2/), which needs no package. Debian:
`apt install chromium-driver fonts-noto-core`.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def missing() -> str:
    """What the machine lacks, "" for nothing."""
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return " and ".join(lacking)


@dataclass
class Browser:
    """One window."""

    address: str

    def show(self, html: str, folder: Path, *, width: int, dark: bool = False, height: int = 780) -> None:
        """Opens the page as a phone or desktop of that width in CSS pixels has it."""
        page = folder / "page.html"
        page.write_text(html, encoding="utf-8")
        mobile = width < 600
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.command("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._ask("POST", "/url", {"url": page.as_uri()})

    def run(self, script: str) -> Any:
        """What the script returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def picture(self, *, width: int, height: int) -> bytes:
        """The first `height` pixels as PNG, or all of a shorter page."""
        whole = min(
            height, int(self.run("return Math.ceil(document.documentElement.getBoundingClientRect().height)"))
        )
        clip = {"x": 0, "y": 0, "width": width, "height": whole, "scale": 1}
        taken = self.command("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        return base64.b64decode(taken["data"])

    def command(self, name: str, params: dict[str, Any]) -> Any:
        """One command of the DevTools protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": name, "params": params})

    def _ask(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return ask(method, self.address + path, body)


@contextmanager
def browser() -> Iterator[Browser]:
    """A window of its own profile, closed at the end with the driver that it was opened by."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(
        ["chromedriver", f"--port={port}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    session = ""
    try:
        assert driver.stdout is not None
        for line in driver.stdout:
            if "started successfully" in line:
                break
        with tempfile.TemporaryDirectory() as profile:
            options = {
                "binary": shutil.which("chromium"),
                "args": [*SWITCHES, f"--user-data-dir={profile}"],
            }
            capabilities = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
            root = f"http://127.0.0.1:{port}/session"
            session = f"{root}/{ask('POST', root, {'capabilities': capabilities})['sessionId']}"
            try:
                yield Browser(session)
            finally:
                ask("DELETE", session, None)
    finally:
        driver.terminate()
        driver.wait(timeout=20)


def ask(method: str, address: str, body: dict[str, Any] | None) -> Any:
    raw = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, raw, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["value"]
