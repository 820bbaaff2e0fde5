"""The pictures of docs/pictures: fixed digests, as Chromium draws them on a phone and a desktop, light and dark.

    .venv/bin/python bench/pictures.py                 all of them into docs/pictures: some seconds
    .venv/bin/python bench/pictures.py --into /tmp/x   elsewhere

Needs chromium and chromedriver (Debian: apt install chromium-driver fonts-noto-core), and Pillow (pip install
pillow), which makes a picture a third as large. Letters depend on the fonts of the machine. Never a gate.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))

import pictured  # the digests live with the tests, and so does the browser
from browser import browser, missing
from documents import ROOT

from monitor.core.digests.render import render, render_notice
from monitor.model.digest import Digest, MessageFormat
from monitor.model.notice import Notice

WIDTHS = {360: 1_560, 1200: 1_000}  # pixels, and how much of a longer page is shown
COLOURS = 64  # enough for letters with soft edges on a plain ground
SHOWN: dict[str, Digest | Notice] = {
    "one-story": pictured.ONE_STORY,
    "200-stories": pictured.many(200),
    "right-to-left": pictured.RIGHT_TO_LEFT,
    "after-quiet-hours": pictured.CATCHING_UP,
    "health": pictured.HEALTH,
    "urgent": pictured.URGENT,
}


def page_of(shown: Digest | Notice) -> str:
    """The HTML of the e-mail, or of the first of several."""
    draw = render_notice if isinstance(shown, Notice) else render
    html = draw(shown, MessageFormat.EMAIL)[0].html  # type: ignore[operator]  # each takes its own
    assert html is not None
    return html


def smaller(png: bytes) -> bytes:
    """The same picture with few colours, packed as well as can be; without Pillow as it is."""
    try:
        from PIL import Image
    except ImportError:
        return png
    packed = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return packed.getvalue()


def main() -> None:
    """Draws them all and says how large they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "pictures", help="the folder to write to")
    into = parser.parse_args().into
    if lacking := missing():
        sys.exit(f"not found: {lacking}; on Debian: apt install chromium-driver")
    into.mkdir(parents=True, exist_ok=True)
    with browser() as window, tempfile.TemporaryDirectory() as folder:
        for name, shown in SHOWN.items():
            for width, height in WIDTHS.items():
                for dark in (False, True):
                    window.show(page_of(shown), Path(folder), width=width, dark=dark)
                    picture = smaller(window.picture(width=width, height=height))
                    target = into / f"{name}-{width}-{'dark' if dark else 'light'}.png"
                    target.write_bytes(picture)
                    print(f"{target.name:40} {len(picture) / 1000:6.1f} kB")


if __name__ == "__main__":
    main()
