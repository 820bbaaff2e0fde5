"""Pages of our own wording on which nothing is foreign (tests/data/pages): what a guard cuts there it hides."""

from __future__ import annotations

from html import escape
from itertools import groupby
from pathlib import Path

_FILE = Path(__file__).parents[1] / "data" / "pages" / "clean.txt"


def _pages() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Title and lines of each page by its name; the file's head says what the marks before lines mean."""
    found = {}
    for page in _FILE.read_text(encoding="utf-8").split("\n=== ")[1:]:
        name, title, *lines = page.splitlines()
        found[name] = (title, tuple(line for line in lines if line.strip()))
    return found


PAGES = _pages()
SHAPES = ("article", "divs", "sections", "headings_h1")


def clean_page(name: str, shape: str) -> str:
    """A page in one of the SHAPES: an article element; div soup; a section for each subhead; subheads as h1."""
    title, lines = PAGES[name]
    subhead = {"article": "h2", "divs": "div", "sections": "h2", "headings_h1": "h1"}[shape]
    body: list[str] = []
    opened = False
    for is_item, run in groupby(lines, key=lambda line: line.startswith("- ")):
        if is_item:
            body.append("<ul>" + "".join(f"<li>{escape(line[2:])}</li>" for line in run) + "</ul>")
            continue
        for line in run:
            if line.startswith("# ") and shape == "sections":
                body.append(("</section>" if opened else "") + "<section>")
                opened = True
            body.append(_line(line, subhead, "div" if shape == "divs" else "p"))
    whole = "".join(body) + ("</section>" if opened else "")
    around = {"divs": ("<div><div>", "</div></div>")}.get(shape, ("<article>", "</article>"))
    headline = f"<div>{escape(title)}</div>" if shape == "divs" else f"<h1>{escape(title)}</h1>"
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{escape(title)} | The Lamp</title>'
        f'<meta property="og:title" content="{escape(title)}"></head>'
        f'<body><nav><a href="/">Home</a> <a href="/n">News</a></nav>{around[0]}{headline}{whole}{around[1]}'
        "<footer>© The Lamp. All rights reserved.</footer></body></html>"
    )


def _line(line: str, subhead: str, paragraph: str) -> str:
    if line.startswith("# "):
        return f"<{subhead}>{escape(line[2:])}</{subhead}>"
    if line.startswith("@ "):
        return f'<div><a href="/a/1">{escape(line[2:])}</a></div>'
    if line.startswith("~ "):
        return f"<div><span>{escape(line[2:])}</span></div>"
    return f"<{paragraph}>{escape(line)}</{paragraph}>"
