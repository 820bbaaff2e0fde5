"""Walls: a paywall, a login, a consent page, a bot check or nothing at all stands where the article should be.

A wall is short and says so in a line of its own; a page that is not there says so in its headline. A report about
cookies is neither, and a line that asks to
subscribe below a whole article is no wall.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.core.articles.blocks import Block
from monitor.core.articles.json_ld import Node, is_locked
from monitor.core.articles.phrases import BOT, CONSENT, COOKIES, LOGIN, NOT_FOUND, PAY, TITLES
from monitor.core.text.urls import host_of
from monitor.model.article import WallKind

SHORT = 900  # code points of text, about 150 words: more is an article, whatever stands beside it
_LONGEST_LINE = 240  # code points of a line that is a wall's own
_LINES = 400  # of the page that are looked at
_LOCKED_LINES = 2  # a page of this many running lines that says it is locked is a teaser

_TITLES = re.compile(TITLES + r"\b.{0,40}", re.I)
_SITE = r"[!.]?(?:\s*[|:·–—-]\s*.{0,60})?"  # a name behind a headline
_NOT_FOUND = re.compile(NOT_FOUND + _SITE, re.I)
_CONSENT = re.compile(CONSENT + _SITE, re.I)
_CHECK = re.compile(TITLES + _SITE, re.I)
_WALLS = tuple(
    (kind, re.compile(r"\W*" + phrases, re.I))
    for kind, phrases in (
        (WallKind.BOT_CHECK, BOT),
        (WallKind.LOGIN, LOGIN),
        (WallKind.PAYWALL, PAY),
        (WallKind.COOKIES, COOKIES),
    )
)
_COOKIE_SHARE = 0.5  # of the text's code points that speak of consent
_PAST = 6  # lines behind the last of the text in which a paywall shows itself


def wall_on(
    lines: Sequence[Block], page: Sequence[Block], title: str, articles: tuple[Node, ...], url: str
) -> WallKind | None:
    """What stands before the article, None = nothing; `lines` are the main text's beside the page's."""
    kept = [line for line in lines if line.kept]
    length = sum(len(line.text) for line in kept)
    headline = next((line.text for line in page[:_LINES] if line.level in (1, 2)), title)
    # Of any length: such pages list what is popular.
    if _NOT_FOUND.fullmatch(title) and (length <= SHORT or _NOT_FOUND.fullmatch(headline)):
        return WallKind.NOT_FOUND
    if length > SHORT:
        return None
    checked = any(_kind_of(line) is WallKind.BOT_CHECK for line in page[:_LINES])
    if (_TITLES.fullmatch(title) and checked) or all(map(_CHECK.fullmatch, (title, headline))):
        return WallKind.BOT_CHECK
    if any(map(_CONSENT.fullmatch, (title, headline))) and any(
        _kind_of(line) is WallKind.COOKIES for line in kept
    ):
        return WallKind.COOKIES
    own = sum(len(line.text) for line in kept if _kind_of(line) in (WallKind.COOKIES, WallKind.BOT_CHECK))
    if kept and own >= _COOKIE_SHARE * length:
        return next(kind for line in kept if (kind := _kind_of(line)))
    if host_of(url).startswith("consent.") and not any(len(line.text) > 400 for line in kept):
        return WallKind.COOKIES
    for line in _around_the_end(lines):
        if (kind := _kind_of(line)) in (WallKind.PAYWALL, WallKind.LOGIN):
            return kind
    if is_locked(articles) and len([line for line in kept if len(line.text) > 60]) <= _LOCKED_LINES:
        return WallKind.PAYWALL
    if not kept:
        return next((kind for line in page[:_LINES] if (kind := _kind_of(line))), None)
    return None


def _kind_of(line: Block) -> WallKind | None:
    if len(line.text) > _LONGEST_LINE:
        return None
    return next((kind for kind, phrases in _WALLS if phrases.match(line.text)), None)


def _around_the_end(lines: Sequence[Block]) -> Sequence[Block]:
    """The text's last lines and those of the page just behind them: there a paywall stands."""
    last = max((place for place, line in enumerate(lines) if line.kept), default=-1)
    if last < 0:
        return ()
    return [*[line for line in lines[: last + 1] if line.kept][-3:], *lines[last + 1 : last + 1 + _PAST]]
