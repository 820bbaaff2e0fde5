"""The templates of e-mails and HTML files, their styles written into each element once, when they are loaded.

Mail programs drop style sheets, so css-inline says what each class comes to and the templates carry it; the
rules for dark mode and phones stay in the head. Gmail, Outlook and Yahoo know none of the logical properties
(border-inline-start and its like: caniemail.com, tests of 2022 and 2024), so directions are spelled out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape
from importlib.resources import files

import css_inline
from jinja2 import DictLoader, Environment, StrictUndefined, Template
from markupsafe import Markup

LONGEST_HTML = 80_000  # bytes; Gmail clips at about 102 kB, and its own wrapping counts

_NAMES = (
    "digest.html",
    "head.html",
    "foot.html",
    "full.html",
    "short.html",
    "line.html",
    "mark.html",
    "notice_head.html",
    "notice.html",
)
_CLASS = re.compile(r'class="([a-z -]+)"')
_STYLE = re.compile(r'style="([^"]*)"')
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "prs", "ps", "sd", "ug", "ur", "yi"})
_LETTERS = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")  # Hebrew to Arabic, and their old forms
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


def _templates() -> Environment:
    """Read once, at import: rendering itself touches no file and inlines nothing."""
    folder = files("monitor.core.digests") / "templates"
    sources = {name: (folder / name).read_text("utf-8") for name in _NAMES}
    used = sorted({found for source in sources.values() for found in _CLASS.findall(source)})
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    sheet = "".join(f'<i class="{classes}"></i>' for classes in used)
    inlined = inliner.inline_fragment(sheet, (folder / "digest.css").read_text("utf-8"))
    # One element for each set of classes, in their order.
    styles = dict(zip(used, _STYLE.findall(inlined), strict=True))
    ready = {
        name: _CLASS.sub(lambda found: f'{found[0]} style="{_short(styles[found[1]])}"', source)
        for name, source in sources.items()
    }
    return Environment(loader=DictLoader(ready), autoescape=True, undefined=StrictUndefined)


def _short(style: str) -> str:
    """The declarations without the blanks of css-inline: styles are most of a message's bytes."""
    return style.replace("; ", ";").replace(": ", ":").rstrip(";")


_JINJA = _templates()
DIGEST, HEAD, FOOT, FULL, SHORT, LINE, _MARK, NOTICE_HEAD, NOTICE = map(_JINJA.get_template, _NAMES)
_MARKED = tuple(_MARK.render().split("%s"))  # what stands before and after a matched word


def fragment(template: Template, **values: object) -> Markup:
    """A part of a page: the template escaped what came from outside."""
    return Markup(template.render(values))  # noqa: S704


def marked(pieces: Iterable[tuple[str, bool]]) -> Markup:
    """Pieces of a passage, escaped, the matched ones marked."""
    before, after = _MARKED
    said = [before + escape(text) + after if matched else escape(text) for text, matched in pieces]
    return Markup("".join(said))  # noqa: S704 - each of them was escaped


def direction(text: str, language: str | None = None) -> str:
    """ "rtl" or "ltr": by the language where it is one from right to left, else by the first strong letter.

    An Urdu headline that begins with "UNHCR:" runs from right to left all the same, which `dir="auto"` (UAX #9,
    P2 and P3) cannot know; nor does Outlook on Windows know "auto". A language is believed only of a text that
    has such letters.
    """
    if text.isascii():
        return "ltr"
    if (language or "").partition("-")[0] in _RIGHT_TO_LEFT and _LETTERS.search(text):
        return "rtl"
    strong = (kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL"))
    return "rtl" if next(strong, "L") != "L" else "ltr"


def spoken(direction: str, language: str | None) -> Markup:
    """The dir and lang attributes of an element that holds such a text; lang only where that is a tag.

    BCP 47 in its usual forms, two or three letters and a few short parts: feeds write anything there, and what is
    let through can hold no quotation mark.
    """
    tag = f' lang="{language}"' if language and _LANGUAGE.fullmatch(language) else ""
    return Markup(f' dir="{direction}"{tag}')  # noqa: S704
