"""HTML for e-mail and files: Jinja2 templates, autoescaped, filled story by story.

The sizes of stories add up, so a message can be cut before it is too long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from monitor.core.digests.passages import LONGEST, one_line
from monitor.core.digests.render import sheet
from monitor.core.digests.render.notes import further_notes, pressing_notes, sent_line, silence_command
from monitor.core.digests.render.text_form import plain_text
from monitor.core.digests.render.words import (
    LONGEST_TITLE,
    NO_LINKS,
    STORIES_A_PART,
    WHY_COMMAND,
    Tier,
    Times,
    counts_line,
    coverage_line,
    cut,
    entities_line,
    links_of,
    marks_of,
    moment_of,
    news_of,
    part_line,
    pieces,
    publisher_names,
    publishers_line,
    seen_line,
    subject_of,
    summary_line,
    tiers,
    title_of,
    update_line,
    web_url,
    why_line,
)
from monitor.model.digest import ArticleLink, Digest, DigestStory, Links, Message, MessageFormat, Passage

MOST_RULES = 4
SHORT_FACT, SHORT_QUOTE, SHORT_HEADLINE = 86, 40, 60  # characters of two lines each on a phone of 360 px

_TEMPLATES = {Tier.CARD: sheet.FULL, Tier.FULL: sheet.FULL, Tier.SHORT: sheet.SHORT, Tier.LINE: sheet.LINE}

_Block = tuple[Tier, DigestStory, Markup]
_Pieces = Sequence[tuple[str, bool]]


def html_messages(digest: Digest, title: str, form: MessageFormat, links: Links = NO_LINKS) -> tuple[Message, ...]:
    """E-mail: parts of at most 80 kB of HTML, each with its text. HTML files: 200 stories a part."""
    times = Times(digest)
    blocks = [
        (tier, story, sheet.fragment(_TEMPLATES[tier], **_view(tier, story, times)))
        for tier, story in tiers(digest)
    ]
    chunks = _by_size(digest, title, links, blocks) if form is MessageFormat.EMAIL else _by_number(blocks)
    messages = []
    for part, chunk in enumerate(chunks, 1):
        subject = subject_of(digest, title, part=part, parts=len(chunks))
        given = [(tier, story) for tier, story, _ in chunk]
        messages.append(
            Message(
                form,
                subject,
                plain_text(digest, title, given, part, len(chunks), links),
                moment_of(digest),
                html=_page(digest, title, subject, links, chunk, part, len(chunks)),
                part=part,
                parts=len(chunks),
            )
        )
    return tuple(messages)


def _by_number(blocks: Sequence[_Block]) -> list[Sequence[_Block]]:
    return [blocks[i : i + STORIES_A_PART] for i in range(0, len(blocks), STORIES_A_PART)] or [()]


def _by_size(digest: Digest, title: str, links: Links, blocks: Sequence[_Block]) -> list[Sequence[_Block]]:
    """Fills parts in order; a part always takes its first story."""
    # Measured with the longest part numbers there can be, and room for the preheader and the command to silence.
    frame = len(_page(digest, title, "x" * 600, links, (), 99_999, 99_999).encode()) + 2_800
    chunks: list[list[_Block]] = [[]]
    size = frame
    for block in blocks:
        needed = len(block[2].encode()) + 1
        if chunks[-1] and size + needed > sheet.LONGEST_HTML:
            chunks.append([])
            size = frame
        chunks[-1].append(block)
        size += needed
    return list(chunks)


def _page(
    digest: Digest, title: str, subject: str, links: Links, chunk: Sequence[_Block], part: int, parts: int
) -> str:
    times = Times(digest)
    since = "" if digest.immediate else f" · since {times.short(digest.window.start)}"
    of = part_line(part, parts)
    head = sheet.fragment(
        sheet.HEAD,
        dateline=times.full(moment_of(digest)) + since,
        title=one_line(title) + (f" ({of})" if of else ""),
        summary=f"{summary_line(digest)} · {coverage_line(digest)}",
        pressing=pressing_notes(digest, times),
        notes=further_notes(digest, times),
    )
    foot = sheet.fragment(
        sheet.FOOT,
        why=WHY_COMMAND if digest.stories else "",
        silence=silence_command(story for _, story, _ in chunk),
        part=of,
        unsubscribe=web_url(links.unsubscribe),
        title=cut(title, 60),
    )
    return sheet.DIGEST.render(
        subject=subject,
        preheader=_preheader([story for _, story, _ in chunk], digest),
        head=head,
        stories=Markup("\n").join(block for _, _, block in chunk),
        foot=foot,
    )


def _preheader(stories: Sequence[DigestStory], digest: Digest) -> str:
    """The line mail programs show beside the subject: the first fact that is news, in the words that matched."""
    for story in sorted(stories, key=lambda one: one.sent_before is not None)[:1]:
        said = "".join(text for text, _ in pieces(story.matched[0], 160)) if story.matched else story.headline
        return f"{cut(title_of(story), 80)}: {cut(said, 170)}"
    return f"{summary_line(digest)}; {coverage_line(digest)}"


def _view(tier: Tier, story: DigestStory, times: Times) -> dict[str, Any]:
    """What the story's template shows, everything cut to its room."""
    short = tier in (Tier.SHORT, Tier.LINE)
    languages = {one.id: one.language for one in story.articles}
    same = [p for p in story.matched if one_line(p.text) == one_line(story.headline)]
    headline: _Pieces = ((cut(story.headline, SHORT_HEADLINE if short else LONGEST_TITLE), False),)
    if same and not short:
        headline = pieces(same[0], LONGEST)
    language = next((one.language for one in story.articles if one.url == story.url), None)
    direction = sheet.direction(story.headline, language)
    marks = marks_of(story)
    title = cut(title_of(story), 80 if short else LONGEST_TITLE)
    view: dict[str, Any] = {
        "id": cut(story.id, 80).replace(" ", "_"),
        "marks": marks,
        "rule": title,
        "headline": sheet.marked(headline),
        "direction": direction,
        "spoken": sheet.spoken(direction, language),
        "url": web_url(story.url),
        "publishers": publishers_line(story, 1 if short else 3, room=60 if short else 120),
    }
    if tier is Tier.LINE:
        return view | {"sent": sent_line(story, times)}
    room = max(SHORT_QUOTE, SHORT_FACT - len("  ".join([*marks, title]))) if short else LONGEST + 20
    quotes = [p for p in story.matched[: 1 if short else 2] if p not in same]
    view["quotes"] = [_quote(p, room, languages.get(p.article_id)) for p in quotes]
    return view if short else view | _details(story, times) | {"card": tier is Tier.CARD}


def _quote(passage: Passage, room: int, language: str | None) -> dict[str, Any]:
    direction = sheet.direction(passage.text, language)
    return {
        "text": sheet.marked(pieces(passage, room)),
        "direction": direction,
        "spoken": sheet.spoken(direction, language),
    }


def _details(story: DigestStory, times: Times) -> dict[str, Any]:
    """What only a story with room shows."""
    names = publisher_names(story)
    links = links_of(story)
    return {
        "name": cut(story.id, 40),
        "news": update_line(story),
        "new": [
            {"url": web_url(a.url), "title": cut(a.title, LONGEST_TITLE), "publisher": names[_owner(a)]}
            for a in news_of(story)
        ],
        "counts": counts_line(story),
        "seen": seen_line(story, times),
        "rules": [
            {"id": cut(h.id, 80), "title": cut(h.title, LONGEST_TITLE), "why": why_line(h)}
            for h in story.rules[:MOST_RULES]
        ],
        "more_rules": max(0, len(story.rules) - MOST_RULES),
        "entities": entities_line(story.entities),
        "links": [{"url": web_url(a.url), "publisher": names[_owner(a)]} for a in links],
        "more_publishers": story.publishers - len(links),
    }


def _owner(article: ArticleLink) -> str:
    return article.owner or article.publisher
