"""Where a feed begins in a text, and what the text is when it is none. Pure."""

from __future__ import annotations

import html
import re

from monitor.core.text.html import one_line
from monitor.model.errors import NotAFeed

_MARK = re.compile(r"<!--|<!ENTITY|<!DOCTYPE\s+html|<(?:[\w.-]{1,40}:)?([A-Za-z][\w.-]{0,60})", re.I)
_HTML_TITLE = re.compile(r"<title[^>]{0,100}>([^<]{1,300})", re.I)
_HTML_ROOTS = frozenset({"html", "head", "body", "script", "meta", "title", "iframe", "form"})
SITEMAP_ROOTS = frozenset({"urlset", "sitemapindex"})
_ROOTS = frozenset({"rss", "rdf", "feed"}) | SITEMAP_ROOTS
_BOT_CUES = (
    "just a moment",
    "cf-chl",
    "challenge-platform",
    "captcha",
    "are you a robot",
    "attention required",
    "access denied",
    "ddos-guard",
    "_incapsula_",
    "enable javascript and cookies",
)
_LOGIN_CUES = ('type="password"', "type='password'", "type=password")
_ROOT_WITHIN = 100_000  # code points searched for the root: PHP warnings and comments may stand before it


def find_root(text: str, start: str) -> tuple[str, str]:
    """The lower-case name of the feed's root element, and the text from there on.

    Junk, comments, declaration and DOCTYPE before it are dropped. `start` is shown to the user. Raises NotAFeed.
    """
    first, position = None, 0
    while mark := _MARK.search(text, position, _ROOT_WITHIN):
        kind, name = mark[0].upper(), (mark[1] or "").lower()
        if kind == "<!--":
            position = text.find("-->", mark.end()) + 3
            if position < 3:
                break
            continue
        if kind == "<!ENTITY":
            # No living feed needs its own entities; expanding them is how XML bombs work, opening them
            # how files leak.
            raise NotAFeed("the XML declares entities of its own, which is refused", start)
        if name in _ROOTS:
            return name, text[mark.start() :]
        if not name or (first is None and name in _HTML_ROOTS):
            raise NotAFeed(_what_page(text), start)
        first = first or name
        position = mark.end()
    if first is None:
        raise NotAFeed("plain text, no feed", start)
    raise NotAFeed(f"XML or HTML, but no feed: its first element is <{first}>", start)


def _what_page(text: str) -> str:
    page = text[:200_000]
    lower = page.lower()
    title = _HTML_TITLE.search(page)
    named = f' ("{one_line(html.unescape(title[1]), 100)}")' if title else ""
    if any(cue in lower for cue in _BOT_CUES):
        return f"the server sent a bot challenge or an access page, not a feed{named}"
    if any(cue in lower for cue in _LOGIN_CUES):
        return f"the server sent a login page, not a feed{named}"
    return f"the server sent an HTML page, not a feed{named}"
