"""Stories in words: lines at 80 columns for people, JSON with stable keys for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from monitor.app.counting import counted
from monitor.app.stories import (
    Counts,
    OwnerOf,
    Wanted,
    counts_of,
    stories,
)
from monitor.core.digests.passages import one_line
from monitor.core.text.columns import COLUMNS, cut_to, display_width
from monitor.model.story_member import Member
from monitor.model.story_view import ListedStory, StoriesAsked
from monitor.ports import StoryStore

_INDENT = " " * 7
_BESIDE = " " * 14  # as wide as a label
_COUNTED = 10_000  # stories that a list counts: half a second


def list_lines(store: StoryStore, asked: StoriesAsked, wanted: Wanted) -> Iterator[str]:
    """The list under the days of the machine's zone, and a last line on what it leaves out."""
    day, shown = "", 0
    for one in stories(store, asked, wanted.limit):
        shown += 1
        moment = one.newest.first_seen.astimezone()
        if f"{moment:%a %d %b %Y}" != day:
            if day:
                yield ""
            day = f"{moment:%a %d %b %Y}"
            yield day
        yield from _item(one, moment, wanted.owner_of)
    if shown:
        yield ""
    yield from _foot(store, asked, wanted, shown)


def _item(one: ListedStory, moment: datetime, owner_of: OwnerOf) -> Iterator[str]:
    yield cut_to(f"{moment:%H:%M}  {headline(one.roll.lead)}", COLUMNS)
    numbers = in_numbers(counts_of(one.roll.standing, owner_of))
    yield cut_to(f"{_INDENT}{one.id} · {numbers}{_languages(one.roll.languages)}", COLUMNS)
    if one.rules:
        yield cut_to(f"{_INDENT}→ {_some([rule for rule, _ in one.rules], COLUMNS - len(_INDENT) - 2)}", COLUMNS)


def _some(names: Sequence[str], room: int) -> str:
    """As many names as fit, and how many more there are."""
    for shown in range(len(names), 0, -1):
        left = len(names) - shown
        text = ", ".join(names[:shown]) + (f" and {left} more" if left else "")
        if display_width(text) <= room:
            return text
    return names[0]


def headline(member: Member) -> str:
    """The title of an article on one line; its address where it has none."""
    return one_line(member.title) or member.url or "(no title)"


def in_numbers(counts: Counts) -> str:
    """ "3 publishers (2 carrying AP) · 5 articles · 2 copies"."""
    parts = [publishers_of(counts), counted(counts.articles, "article")]
    if counts.copies:
        parts.append(counted(counts.copies, "copy", "copies"))
    return " · ".join(parts)


def publishers_of(counts: Counts) -> str:
    """ "3 publishers (2 carrying AP)"."""
    carrying = ", ".join(f"{number} carrying {wire}" for wire, number in counts.carrying)
    return counted(counts.publishers, "publisher") + (f" ({carrying})" if carrying else "")


def languages_of(members: Sequence[Member]) -> str:
    """ " · en, ur"; nothing where no language is known."""
    return _languages(sorted({one.language for one in members if one.language}))


def _languages(languages: Sequence[str]) -> str:
    return f" · {', '.join(languages)}" if languages else ""


def _foot(store: StoryStore, asked: StoriesAsked, wanted: Wanted, shown: int) -> list[str]:
    span = f"in the last {wanted.since.text}"
    if not shown:
        return [f"No such story {span}. Further back: --since 30d"]
    total = store.count(asked, max(_COUNTED, shown) + 1)
    if total <= shown:
        return [f"{counted(total, 'story', 'stories')} {span}. More on one: monitor stories show ID"]
    if total > _COUNTED:
        return [f"The newest {shown:,} of more than {_COUNTED:,} stories {span}. More of them: --limit N"]
    return [f"The newest {shown:,} of {counted(total, 'story', 'stories')} {span}. All of them: --limit {total}"]


def list_json(one: ListedStory, owner_of: OwnerOf) -> dict[str, Any]:
    """One story of the list with stable keys."""
    lead = one.roll.lead
    return {
        "id": one.id,
        "headline": headline(lead),
        "url": lead.url,
        "first_seen": one.roll.first_seen.isoformat(),
        "last_updated": one.newest.first_seen.isoformat(),
        **counts_json(counts_of(one.roll.standing, owner_of)),
        "languages": list(one.roll.languages),
        "rules": [{"id": rule, "articles": articles} for rule, articles in one.rules],
    }


def counts_json(counts: Counts) -> dict[str, Any]:
    """The numbers with stable keys."""
    return {
        "publishers": counts.publishers,
        "independent_publishers": counts.independent,
        "carrying": dict(counts.carrying),
        "articles": counts.articles,
        "copies": counts.copies,
    }
