"""A page as it is read, in words for people: what rules see, what is known of it, what was left out and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.app.counting import counted
from monitor.core.text.columns import COLUMNS, cut_to, wrap
from monitor.core.text.html import one_line
from monitor.model.article import DateFlag, DropReason, WallKind

_MARGIN = " " * 14
_WALLS = {
    WallKind.PAYWALL: "behind a paywall: rules read the feed's own words",
    WallKind.LOGIN: "behind a login: rules read the feed's own words",
    WallKind.COOKIES: "a consent page: rules read the feed's own words",
    WallKind.BOT_CHECK: "a bot check: rules read the feed's own words",
}
_DATES = {DateFlag.ABSURD: "the page states one before 1995", DateFlag.FUTURE: "the page states one to come"}
_REASONS = {
    DropReason.H1_CUT: "a second page headline and all behind it",
    DropReason.CUE_CUT: "a list of other articles, or one with a head of its own",
    DropReason.COHESION_CUT: "a headline with words of something else behind it",
    DropReason.SEE_ALSO: "a line that points elsewhere",
    DropReason.DOUBLED_HEADING: "between a headline and its repetition",
    DropReason.FURNITURE: "a button or date above the text",
    DropReason.HOST_BOILERPLATE: "a paragraph of many pages of the site",
    DropReason.WALL: "what stands there instead of the article",
}


def page_lines(page: dict[str, Any]) -> Iterator[str]:
    """One extract line of the contract (with or without "error") at 80 columns."""
    if "error" in page:
        yield from wrap(f"{page['file']}: {page['error']}")
        return
    yield from wrap(one_line(page["title"]) or "(no title)")
    yield ""
    for name, value in _facts(page):
        yield from wrap(value, f"{name:<{len(_MARGIN)}}", then=_MARGIN)
    if page["text"]:
        yield ""
    for paragraph in page["text"].splitlines():
        yield from wrap(paragraph, then="  " if paragraph.startswith("- ") else "") if paragraph else [""]
    for dropped in page["dropped"]:
        words = counted(len(dropped["text"].split()), "word")
        reason = dropped["reason"]
        yield ""
        yield from wrap(f"Left out, {words}: {reason} ({_REASONS[DropReason(reason)]})")
        yield cut_to(f"  {one_line(dropped['text'])}", COLUMNS)


def _facts(page: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "File", page["file"]
    date = page["published"] or ("unknown" + (f": {_DATES[page['date_flag']]}" if page["date_flag"] else ""))
    yield "Published", date
    yield "Publisher", page["publisher"] or "unknown"
    yield "Authors", ", ".join(page["authors"]) or "unknown"
    yield "Language", f"{page['language']}, as the page says" if page["language"] else "not stated"
    if page["section"]:
        yield "Section", page["section"]
    if page["canonical_url"]:
        yield "Address", page["canonical_url"]
    wall = page["wall"]
    yield "Quality", page["quality"] + (f": {_WALLS[wall]}" if wall else "")
    if not wall:
        yield "Text", f"{counted(len(page['text'].split()), 'word')}, found by {page['engine']}"
