"""The pictures of the dashboard in docs/pictures: the pages of `monitor demo --serve`, as Chromium draws them.

    .venv/bin/python bench/dashboard_pictures.py                 all of them into docs/pictures: half a minute
    .venv/bin/python bench/dashboard_pictures.py --into /tmp/x   elsewhere

Needs chromium (Debian: apt install chromium fonts-noto-core), and Pillow for a third of the size. Never a gate.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))

from dashboard import Browser, chromium, visitor
from documents import ROOT
from pictures import smaller

WIDE, PHONE = 1200, 360  # pixels
HIGHEST = 1_100  # of a longer page so much is shown
PAGES = {
    "now": "/",
    "stories": "/stories?since=30d",
    "story": "/stories/s_1",
    "search": "/search?query=%40torkham+AND+(closed+OR+reopened)&since=30d",
    "rules": "/rules?sort=busy",
    "rule": "/rules/torkham-closed?query=SENTENCE(%40torkham+AND+(clos*+OR+shut&since=30d",
    "trial": "/rules/torkham-closed?since=30d",
    "feeds": "/feeds",
    "feed": "/feeds/1",
    "digests": "/digests",
    "told": "/deliveries/3",
    "deliveries": "/deliveries",
    "silences": "/silences",
    "receivers": "/receivers",
}
ON_A_PHONE = ("now", "story", "trial")


def main() -> None:
    """Draws them all and says how large they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "pictures", help="the folder to write to")
    into = parser.parse_args().into
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder) / "demo") as url, chromium() as browser:
        for name, path in {**PAGES, "why": why(browser, url)}.items():
            draw(browser, url, path, into / f"dashboard-{name}-{WIDE}-light.png", WIDE, dark=False)
            if name in ON_A_PHONE:
                draw(browser, url, path, into / f"dashboard-{name}-{PHONE}-dark.png", PHONE, dark=True)


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """A demo that serves; its address."""
    line = [sys.executable, "-m", "monitor", "demo", "--serve", "--output", str(folder)]
    # Colours and the width of a terminal are not asked for: its lines are read.
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ)
    try:
        assert process.stdout is not None
        for said in process.stdout:
            if found := re.search(r"(http://127\.0\.0\.1:\d+); stop with", said):
                yield found[1]
                return
        sys.exit("the demo ended without an address")
    finally:
        process.terminate()
        process.wait(30)


def why(browser: Browser, url: str) -> str:
    """The page of why an article of the first story was told."""
    with visitor(browser, url) as one:
        path = one.go(PAGES["story"]).get_by_role("link", name="why?").first.get_attribute("href")
    assert path is not None
    return path


def draw(browser: Browser, url: str, path: str, target: Path, width: int, *, dark: bool) -> None:
    """One page as a picture."""
    with visitor(browser, url, width=width, dark=dark) as one:
        page = one.go(path)
        page.wait_for_load_state("networkidle")
        height = min(HIGHEST, page.evaluate("document.documentElement.scrollHeight"))
        page.set_viewport_size({"width": width, "height": height})
        picture = smaller(page.screenshot())
    target.write_bytes(picture)
    print(f"{target.name:40} {len(picture) / 1000:6.1f} kB")


if __name__ == "__main__":
    main()
