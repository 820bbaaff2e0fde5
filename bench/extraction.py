"""How much of a page's article is read, how much foreign text with it, and what that costs.

    .venv/bin/python bench/extraction.py

First the demo's stories in each wrapping: words of the story kept, words of rails and appended articles leaked,
ours beside bare trafilatura with the same options. Then pairs of the clean pages of tests/data/pages, one
appended to the other in five ways, and with five teasers behind each; those pages are short, about 100 words,
which makes it hard to know what they speak of. Last pages in the manner of thirty publishers in seven languages,
each alone and with foreign text, and the paragraphs of articles lost in them. The guards were tuned on the
first four wrappings and the first half of the publishers, and saw the other five, the pairs and the second half
afterwards. Then CPU time a page as a ratio to bare trafilatura, for short pages and for those as long as long
reports, and the memory of a fresh process that extracts all of them. Never a gate: a test only runs it.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from monitor.core.articles.extract import extract_article
from monitor.demo.layout import BlockKind, layout
from monitor.demo.pages import Wrapping, page_html
from monitor.demo.samples import press_samples
from monitor.demo.stories import own_stories

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from publisher_pages import LOOKED_AT, UNSEEN, Styles
from publisher_pages import pages as publisher_pages

PAGES_FILE = Path(__file__).parents[1] / "tests" / "data" / "pages" / "clean.txt"
URL = "https://lamp.example/2024/03/a.html"
FURNITURE = '<div class="widget"><a href="/x"><span>Weather</span></a><script>var a = {"b": 1};</script></div>'
LONG = (1, 4, 12)  # texts of how many pages a generated page holds
NO_TEXT = (BlockKind.CAPTION, BlockKind.FURNITURE, BlockKind.HEADLINE)

Texts = dict[str, tuple[str, list[str]]]


class Page(NamedTuple):
    """A page, the words of its article, and those of what is foreign on it."""

    html: str
    main: Counter[str]
    foreign: Counter[str]
    paragraphs: tuple[str, ...] = ()

    def paragraphs_lost(self) -> int:
        """How many of the article's paragraphs are not whole in the text that we read."""
        text = _folded(ours(self.html))
        return sum(_folded(one) not in text for one in self.paragraphs)


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def words(text: str) -> Counter[str]:
    """The words of a text, case folded, counted."""
    return Counter(re.findall(r"\w+", text.casefold()))


def bare(html: str) -> str:
    """trafilatura alone, with our options and its own metadata."""
    from trafilatura import bare_extraction

    found: Any = bare_extraction(
        html,
        url=URL,
        favor_precision=True,
        include_comments=False,
        include_tables=False,
        with_metadata=True,
        date_extraction_params={"original_date": True, "extensive_search": False},
    )
    return (found.text or "") if found is not None else ""


def ours(html: str) -> str:
    """The main text as rules read it, "" where there is none."""
    from monitor.model.errors import NotExtractable

    try:
        return extract_article(html.encode("utf-8"), URL, "text/html; charset=utf-8").text
    except NotExtractable:
        return ""


def wrapped(wrapping: Wrapping) -> list[Page]:
    """The demo's stories, the press samples where the checkout has them."""
    found = []
    for story in (*(press_samples() or ()), *own_stories()):
        laid = layout(story)
        main = words("\n".join(block.text for block in laid.story if block.kind not in NO_TEXT))
        foreign = words("\n".join(block.text for block in laid.tail)) - main
        found.append(Page(page_html(story, "https://lamp.example" + story.path, wrapping), main, foreign))
    return found


def publishers(styles: Styles) -> list[Page]:
    """Pages in the manner of publishers."""
    found = []
    for page in publisher_pages(styles):
        main = words(" ".join(page.main))
        foreign = words(" ".join(page.foreign)) - main
        found.append(Page(page.html.decode("utf-8"), main, foreign, tuple(page.main)))
    return found


def clean_texts() -> Texts:
    """Title and lines of the clean pages."""
    found = {}
    for page in PAGES_FILE.read_text(encoding="utf-8").split("\n=== ")[1:]:
        name, title, *lines = page.splitlines()
        found[name] = (title, [line for line in lines if line.strip()])
    return found


def _lines(lines: list[str], subhead: str, paragraph: str = "p") -> str:
    out = []
    for line in lines:
        kind = subhead if line.startswith("# ") else "div" if line[:2] in ("- ", "@ ", "~ ") else paragraph
        out.append(f"<{kind}>{escape(_plain(line))}</{kind}>")
    return "".join(out)


def _plain(line: str) -> str:
    return line[2:] if line[:2] in ("# ", "- ", "@ ", "~ ") else line


def _soup(title: str, lines: list[str], other: str, more: list[str]) -> str:
    head = f"<div>{other}</div><div>Updated 06 February 2026</div><div>Follow</div><div>{other}</div>"
    return f"<div><div>{title}</div>{_lines(lines, 'div', 'div')}{head}{_lines(more, 'div', 'div')}</div>"


def _dated(title: str, lines: list[str], other: str, more: list[str]) -> str:
    head = f"<h2>{other}</h2><div>By Jane Doe</div><div>5 March 2024</div>"
    return f"<article><h1>{title}</h1>{_lines(lines, 'h3')}{head}{_lines(more, 'h3')}</article>"


def _siblings(title: str, lines: list[str], other: str, more: list[str]) -> str:
    first = f"<article><h1>{title}</h1>{_lines(lines, 'h2')}</article>"
    return f"<main>{first}<article><h1>{other}</h1>{_lines(more, 'h2')}</article></main>"


def _second_h1(title: str, lines: list[str], other: str, more: list[str]) -> str:
    first = f"<div><h1>{title}</h1>{_lines(lines, 'h2')}</div>"
    return f"<div>{first}<div><h1>{other}</h1>{_lines(more, 'h2')}</div></div>"


def _no_cue(title: str, lines: list[str], other: str, more: list[str]) -> str:
    return f"<div><h1>{title}</h1>{_lines(lines, 'h2')}<h2>{other}</h2>{_lines(more, 'h3')}</div>"


APPENDED: dict[str, Callable[[str, list[str], str, list[str]], str]] = {
    "soup, doubled headline": _soup,
    "h2, byline and date": _dated,
    "articles side by side": _siblings,
    "a second h1": _second_h1,
    "an h2 and nothing else": _no_cue,
}


def appended(make: Callable[[str, list[str], str, list[str]], str], texts: Texts) -> Iterator[Page]:
    """Each clean page with three others behind it, one at a time."""
    names = list(texts)
    for place, name in enumerate(names):
        for step in (1, 5, 9):
            (title, lines), (other, more) = texts[name], texts[names[(place + step) % len(names)]]
            main = words(" ".join(map(_plain, lines)))
            body = make(escape(title), lines, escape(other), more)
            yield Page(document(title, body), main, words(" ".join(map(_plain, more))) - main)


def rails(texts: Texts) -> Iterator[Page]:
    """Each clean page with five teasers behind it, linked and not."""
    names = list(texts)
    for place, (title, lines) in enumerate(texts.values()):
        for linked in (True, False):
            teasers = [texts[names[(place + step) % len(names)]] for step in (3, 5, 7, 11, 13)]
            rail = "".join(_teaser(escape(other), escape(_first(more)), linked) for other, more in teasers)
            body = f"<div><h1>{escape(title)}</h1>{_lines(lines, 'h2')}<h3>More stories</h3>{rail}</div>"
            main = words(" ".join(map(_plain, lines)))
            yield Page(document(title, body), main, words(" ".join(_first(more) for _, more in teasers)) - main)


def _first(lines: list[str]) -> str:
    return next(line for line in lines if _plain(line) == line)


def _teaser(title: str, text: str, linked: bool) -> str:
    if linked:
        return f'<h4><a href="/x">{title}</a></h4><p>{text}</p>'
    return f"<h4>{title}</h4><p>{text}</p><span>Read more</span>"


def document(title: str, body: str) -> str:
    """A page with its frame."""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} | The Lamp</title>'
        f'<meta property="og:title" content="{escape(title)}"></head><body><nav><a href="/">Home</a></nav>{body}'
        "<footer>© The Lamp</footer></body></html>"
    )


def long_page(texts: Texts, count: int) -> str:
    """A report of so many texts, between widgets as pages have them."""
    some = list(texts.values())[:count]
    body = "".join(_lines(lines, "h2") for _, lines in some)
    around = FURNITURE * (20 * count)
    return document(some[0][0], f"{around}<article><h1>{escape(some[0][0])}</h1>{body}</article>{around}")


def shares(pages: list[Page], read: Callable[[str], str]) -> tuple[float, float]:
    """Per cent of the main words kept, and of the foreign words leaked, over all pages."""
    main = foreign = kept = leaked = 0
    for page in pages:
        got = words(read(page.html))
        main, kept = main + page.main.total(), kept + (page.main & got).total()
        foreign, leaked = foreign + page.foreign.total(), leaked + (page.foreign & (got - page.main)).total()
    return 100 * kept / main, 100 * leaked / max(1, foreign)


def ratio(pages: list[str], rounds: int) -> tuple[float, float]:
    """Milliseconds a page of ours, and the median of its ratios to bare trafilatura, taken in turns."""
    mine, ratios = [], []
    for _ in range(rounds):
        spent = []
        for read in (ours, bare):
            started = time.process_time()
            for page in pages:
                read(page)
            spent.append(time.process_time() - started)
        mine.append(1000 * spent[0] / len(pages))
        ratios.append(spent[0] / spent[1])
    return statistics.median(mine), statistics.median(ratios)


def memory() -> str:
    """VmHWM of a fresh process that has read every page once."""
    line = [sys.executable, __file__, "--memory-only"]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()


def peak() -> int:
    """This process's highest resident set in megabytes (proc(5))."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only-wrappings", action="store_true", help="without the pairs: seconds")
    parser.add_argument("--memory-only", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    texts = clean_texts()
    short = [page.html for wrapping in Wrapping for page in wrapped(wrapping)]
    if arguments.memory_only:
        for page in (*short, *(long_page(texts, count) for count in LONG)):
            ours(page)
        print(peak())
        return
    print(f"{'per cent of words':34}{'kept':>7}{'leaked':>8}{'bare: kept':>13}{'leaked':>8}")
    rows = [(str(wrapping), wrapped(wrapping)) for wrapping in Wrapping]
    if not arguments.only_wrappings:
        rows += [(name, list(appended(make, texts))) for name, make in APPENDED.items()]
        rows.append(("five teasers behind", list(rails(texts))))
    styles = [
        ("publishers, styles looked at", publishers(LOOKED_AT)),
        ("publishers, unseen styles", publishers(UNSEEN)),
    ]
    rows += styles
    for name, pages in rows:
        (kept, leaked), (bare_kept, bare_leaked) = shares(pages, ours), shares(pages, bare)
        print(f"{name:34}{kept:7.1f}{leaked:8.1f}{bare_kept:13.1f}{bare_leaked:8.1f}")
    for name, pages in styles:
        print(f"{name}: {sum(page.paragraphs_lost() for page in pages)} paragraphs lost on {len(pages)} pages")
    print(f"\n{'CPU':34}{'ms/page':>8}{'× bare trafilatura':>20}")
    sets = [("the demo's pages", short)] + [
        (f"{count} texts, widgets", [long_page(texts, count)] * 5) for count in LONG
    ]
    for name, some in sets:
        spent, times = ratio(some, arguments.rounds)
        print(f"{name:34}{spent:8.2f}{times:20.2f}")
    print(f"\npeak memory of a process that read all of them: {memory()} MB")


if __name__ == "__main__":
    main()
