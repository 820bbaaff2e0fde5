"""One story as blocks for Slack, in its tier, and what is new of it as a reply."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.digests.passages import LONGEST, one_line
from monitor.core.digests.render.notes import sent_line
from monitor.core.digests.render.slack_text import (
    LONGEST_SECTION,
    Block,
    bold,
    context,
    escape,
    fit,
    isolated,
    link,
    section,
    short_link,
    unmarked,
)
from monitor.core.digests.render.words import (
    BADGES,
    Tier,
    Times,
    counts_line,
    cut,
    links_of,
    name_of,
    news_of,
    pieces,
    publisher_names,
    publishers_line,
    seen_line,
    title_of,
    update_line,
    why_line,
)
from monitor.model.digest import DigestStory
from monitor.model.rule import Severity

_ROOM_AFTER = 330  # publishers and the story's name may follow the lines of a section


@dataclass(frozen=True, slots=True)
class Placed:
    """A story in its tier, as blocks, with their size as JSON."""

    tier: Tier
    story: DigestStory
    blocks: tuple[Block, ...]
    characters: int
    bytes: int


def place(tier: Tier, story: DigestStory, times: Times, room: tuple[int, int]) -> Placed:
    """The story as large as its tier says and as the room (characters, bytes) of one message allows."""
    smaller = [] if tier is Tier.LINE else [one for one in (Tier.SHORT, Tier.LINE) if one is not tier]
    for one in (tier, *smaller):
        blocks = _blocks(one, story, times)
        characters, size = size_of(blocks)
        if characters <= room[0] and size <= room[1]:
            break
    return Placed(one, story, tuple(blocks), characters, size)


def size_of(value: object) -> tuple[int, int]:
    """Characters and bytes of a value as the JSON that is sent."""
    raw = json.dumps(value, ensure_ascii=False)
    return len(raw), len(raw.encode())


def news_blocks(story: DigestStory) -> tuple[Block, ...]:
    """What is new of a story that was told before, whole in itself: its parent may be gone."""
    lines = [_fact(story, 150), *_quotes(story, 1, LONGEST), *_new(story, 3), _lead(story)]
    why = [_why(hit.id, why_line(hit)) for hit in story.rules[:2]]
    said = [f"{fit(publishers_line(story, 5), 500)} · {fit(counts_line(story), 200)}", *why]
    return section(_fitting(lines)), context(said)


def _blocks(tier: Tier, story: DigestStory, times: Times) -> list[Block]:
    if tier is Tier.LINE:
        return [section(f"• {_lead(story)} · {fit(cut(title_of(story), 80), 200)}{_by(story, times)}")]
    if tier is Tier.SHORT:
        lines = [_fact(story, 100), *_quotes(story, 1, 140), _lead(story)]
        return [section(_fitting(lines) + _by(story, times))]
    lines = [_fact(story, 150), *_quotes(story, 1, LONGEST), *_new(story, 1), _lead(story)]
    about = [publishers_line(story, 5), counts_line(story), seen_line(story, times), sent_line(story, times)]
    name = f" · story {named}" if (named := name_of(story)) else ""
    elements = [
        fit(" · ".join(filter(None, about)), 870) + name,
        *(_why(hit.id, why_line(hit)) for hit in story.rules[:3]),
    ]
    if tier is Tier.CARD:
        elements += _links(story)
    return [{"type": "divider"}, section(_fitting(lines)), context(elements)]


def _fact(story: DigestStory, longest: int) -> str:
    marks = ["HIGH"] if story.severity is Severity.HIGH else []
    marks += [BADGES[badge] for badge in story.badges]
    flags = "".join(f"`{mark}` " for mark in marks)
    update = f" · {fit(update, 200)}" if (update := update_line(story)) else ""
    return f"{flags}*{fit(cut(title_of(story), longest), 600)}*{update}"


def _why(rule: str, why: str) -> str:
    return f"{fit(rule, 100)}: {fit(why, 500)}"


def _by(story: DigestStory, times: Times) -> str:
    before = sent_line(story, times)
    by = isolated(fit(publishers_line(story, 2, room=80), 200))
    return "".join(f" · {said}" for said in (by, before and fit(before, 98), name_of(story)) if said)


def _quotes(story: DigestStory, most: int, longest: int) -> list[str]:
    """Quoted passages with their matched words bold; none that only repeats the headline."""
    quotes = []
    for passage in story.matched[:most]:
        if one_line(passage.text) == one_line(story.headline):
            continue
        said = pieces(passage, longest)
        marked = _marked(said)
        # A line full of ampersands grows fivefold: plain words then, cut to the room there is.
        plain = fit("".join(text for text, _ in said), 600)
        quotes.append("> " + (marked if len(marked) <= 600 else plain))
    return quotes


def _marked(said: Sequence[tuple[str, bool]]) -> str:
    """The pieces with the matched ones bold; none inside a word, where Slack would show the stars."""
    # Unmarked as a whole, which keeps every length: an ":emoji:" may lie across two pieces.
    whole, shown, at = unmarked("".join(text for text, _ in said)), "", 0
    for place, (text, matched) in enumerate(said):
        after = said[place + 1][0][:1] if place + 1 < len(said) else ""
        before = said[place - 1][0][-1:] if place else ""
        inside = any(unicodedata.category(one)[0] in "LMN" for one in before + after)
        plain = whole[at : at + len(text)]
        at += len(text)
        shown += bold(plain) if matched and not inside else escape(plain)
    return shown


def _lead(story: DigestStory) -> str:
    return link(story.url, cut(story.headline, 200))


def _new(story: DigestStory, most: int) -> list[str]:
    """The articles in which the news of an update stands."""
    names = publisher_names(story)
    return [
        f"new: {short_link(one.url, cut(one.title, 150))} · {fit(names[one.owner or one.publisher], 200)}"
        for one in news_of(story)[:most]
    ]


def _links(story: DigestStory) -> list[str]:
    """Further publishers; together bounded, so that one story never fills a message alone."""
    elements = []
    room = 1_500
    names = publisher_names(story)
    for article in links_of(story):
        made = link(article.url, names[article.owner or article.publisher])
        room -= len(made)
        if article.url != story.url and room >= 0 and "<" in made:
            elements.append(made)
    return elements


def _fitting(lines: Sequence[str]) -> str:
    """The lines without those before the last that find no room: Slack refuses the whole message otherwise."""
    lines = list(lines)
    while len(lines) > 2 and sum(map(len, lines)) + len(lines) > LONGEST_SECTION - _ROOM_AFTER:
        lines = [*lines[:-2], lines[-1]]
    return "\n".join(lines)
