"""HTML to article: main text and what the page says about itself. Called through the Sandbox port.

Extraction is trafilatura's, tuned for precision, between guards of ours: foreign text in an article makes rules
fire falsely, and text that a guard takes for foreign is hidden from them. What was left out is kept with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.core.articles.blocks import Block, Kind, blocks_of
from monitor.core.articles.dates import doubt, spoken_date
from monitor.core.articles.engines import by_captions, by_json_ld, by_readability, by_trafilatura
from monitor.core.articles.guards.cut import MAX_DROPPED, without_foreign
from monitor.core.articles.guards.h1_cut import cut_from, h1_cut
from monitor.core.articles.guards.top import dated_on_top
from monitor.core.articles.json_ld import text_of
from monitor.core.articles.lines import beside_page, restore
from monitor.core.articles.metadata import Facts, page_facts
from monitor.core.articles.page import page_tree
from monitor.core.articles.walls import SHORT, wall_on
from monitor.model.article import Dropped, DropReason, Engine, Extracted, Quality, WallKind
from monitor.model.errors import NotExtractable

MIN_TEXT = 200  # code points; less is a cookie wall, a login or a video page
_FULLER = 2  # times as long as a short text found on the page: then the page's own data have the article
_WALL_TEXT = 2_000  # code points that are kept of a wall


def extract_article(html: bytes, url: str, content_type: str | None, now: datetime | None = None) -> Extracted:
    """The article on a page: title, main text with a blank line between paragraphs, and its metadata.

    `published` is in UTC; a date without a time is that day's midnight; before 1995 and, where `now` is given,
    more than a day ahead it is not believed (`date_flag`). `canonical_url` is given only on the page's own
    registrable domain. A wall gives quality STUB and no text. Raises NotExtractable when the body is no HTML or
    holds no main text of MIN_TEXT code points.
    """
    tree = page_tree(html, content_type)
    facts = page_facts(tree, url, now)
    page = blocks_of(tree)
    dropped: list[Dropped] = []
    if not facts.live and (place := h1_cut(page, facts.title)) is not None:
        dropped.append(_left_out(page[place:], DropReason.H1_CUT, MAX_DROPPED))
        cut_from(page[place].element)
        page = page[:place]
    wall: WallKind | None = None
    spare: Extracted | None = None  # a short text, where the page's own data hold much more
    longest = 0
    for engine, main in _engines(tree, facts, url, page):
        lines = beside_page(main, page)
        restore(lines, facts.title)
        facts = _dated(facts, lines, now)
        left_out = without_foreign(lines, facts.title, live=facts.live)
        text = _text(lines)
        longest = max(longest, len(text))
        if engine is Engine.TRAFILATURA:
            wall = wall_on(lines, page, facts.title, facts.articles, url)
        # Behind a wall only the page's own data may still hold the whole article.
        if len(text) >= MIN_TEXT and (wall is None or (engine is Engine.JSON_LD and len(text) > SHORT)):
            found = _extracted(facts, text, engine, (*left_out, *dropped))
            if engine is Engine.TRAFILATURA and _is_part(text, facts):
                spare = found
            elif spare is None or len(text) > len(spare.text):
                return found
        if spare is not None and engine is not Engine.TRAFILATURA:
            return spare
    if wall is not None:
        return _extracted(facts, "", Engine.TRAFILATURA, (_left_out(page, DropReason.WALL, _WALL_TEXT),), wall)
    raise NotExtractable(f"no main text: {longest} characters after the page's frame is removed")


def _is_part(text: str, facts: Facts) -> bool:
    """Whether a short text is only the beginning of what the page's own data hold."""
    return len(text) < SHORT and len(text_of(facts.articles, "articleBody")) > _FULLER * len(text)


def _engines(tree: Any, facts: Facts, url: str, page: Sequence[Block]) -> Iterator[tuple[Engine, list[Block]]]:
    """The engines' main texts, each asked only when the one before it did not do. At most one may break."""
    broken: NotExtractable | None = None
    try:
        yield Engine.TRAFILATURA, by_trafilatura(tree, url)
    except NotExtractable as error:
        broken = error
    yield Engine.JSON_LD, by_json_ld(facts.articles)
    yield Engine.READABILITY, by_readability(tree)
    yield Engine.CAPTIONS, by_captions(page)
    if broken is not None:
        raise broken


def _dated(facts: Facts, lines: Sequence[Block], now: datetime | None) -> Facts:
    """With the date beside the headline, where the page's data have none that is believed."""
    if facts.published is None:
        for line in dated_on_top(lines, facts.title):
            moment = spoken_date(line.text)
            if moment is not None and doubt(moment, now) is None:
                return replace(facts, published=moment, date_flag=None)
    return facts


def _left_out(lines: Sequence[Block], reason: DropReason, limit: int) -> Dropped:
    return Dropped(reason, "\n\n".join(line.text for line in lines)[:limit])


def _text(lines: Sequence[Block]) -> str:
    """The kept lines with a blank line between paragraphs; items of a list stay together."""
    out: list[str] = []
    in_list = False
    for line in lines:
        if not line.kept:
            continue
        is_item = line.kind is Kind.ITEM
        if out:
            out.append("\n" if in_list and is_item else "\n\n")
        out.append(f"- {line.text}" if is_item else line.text)
        in_list = is_item
    return "".join(out)


def _extracted(
    facts: Facts, text: str, engine: Engine, dropped: tuple[Dropped, ...], wall: WallKind | None = None
) -> Extracted:
    return Extracted(
        title=facts.title,
        text=text,
        quality=Quality.FULL if wall is None else Quality.STUB,
        published=facts.published,
        publisher=facts.publisher,
        language=facts.language,
        authors=facts.authors,
        section=facts.section,
        canonical_url=facts.canonical_url,
        dropped=dropped,
        engine=engine,
        wall=wall,
        date_flag=facts.date_flag,
    )
