"""Plain text at 80 columns: standard output, the text half of an e-mail, text files."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.digests.passages import LONGEST, one_line
from monitor.core.digests.render.notes import notes_of, sent_line, silence_command
from monitor.core.digests.render.words import (
    LONGEST_TITLE,
    LONGEST_URL,
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
    name_of,
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
from monitor.core.text.columns import wrap
from monitor.model.digest import ArticleLink, Digest, DigestStory, Links, Message, MessageFormat, Passage

MOST_RULES = 4
SHORT_QUOTE = 160


def text_messages(digest: Digest, title: str, links: Links = NO_LINKS) -> tuple[Message, ...]:
    """One message per 200 stories."""
    given = tiers(digest)
    chunks = [given[i : i + STORIES_A_PART] for i in range(0, len(given), STORIES_A_PART)] or [()]
    return tuple(
        Message(
            MessageFormat.TEXT,
            subject_of(digest, title, part=part, parts=len(chunks)),
            plain_text(digest, title, chunk, part, len(chunks), links),
            moment_of(digest),
            part=part,
            parts=len(chunks),
        )
        for part, chunk in enumerate(chunks, 1)
    )


def plain_text(
    digest: Digest,
    title: str,
    given: Sequence[tuple[Tier, DigestStory]],
    part: int,
    parts: int,
    links: Links = NO_LINKS,
) -> str:
    """One part as text: a head, a block per story, a foot; it ends with a line feed."""
    times = Times(digest)
    blocks = [_head(digest, title, times, part, parts)]
    blocks += [_BY_TIER[tier](story, times) for tier, story in given]
    if foot := _foot([story for _, story in given], links):
        blocks.append(foot)
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _head(digest: Digest, title: str, times: Times, part: int, parts: int) -> list[str]:
    said = [" · ".join(filter(None, (one_line(title), times.full(moment_of(digest)), part_line(part, parts))))]
    since = "" if digest.immediate else f"since {times.short(digest.window.start)} · "
    said.append(f"{since}{summary_line(digest)} · {coverage_line(digest)}")
    said += notes_of(digest, times)
    return [line for paragraph in said for line in wrap(paragraph)]


def _foot(stories: Sequence[DigestStory], links: Links) -> list[str]:
    lines = [f"Why did I get a story?  {WHY_COMMAND}"] if stories else []
    if silence := silence_command(stories):
        lines.append(f"Silence a story:        {silence}")
    if web_url(links.unsubscribe):
        lines.append(f"Unsubscribe:            {links.unsubscribe}")
    return lines


def _card(story: DigestStory, times: Times) -> list[str]:
    """All there is, with an address for each further publisher."""
    names = publisher_names(story)
    more = [one for one in links_of(story) if one.url != story.url]
    return _full(story, times) + [line for one in more for line in _titled(names[one.owner or one.publisher], one)]


def _full(story: DigestStory, times: Times) -> list[str]:
    lines = wrap(f"{_marks(story)}{cut(title_of(story), LONGEST_TITLE)}")
    if update := update_line(story):
        lines += wrap(update, "  ")
    for passage in story.matched[:2]:
        if one_line(passage.text) != one_line(story.headline):
            lines += wrap(f"“{_marked(passage)}”", "  ")
    names = publisher_names(story)
    for article in news_of(story):
        by = names[article.owner or article.publisher]
        lines += wrap(f"new: {cut(article.title, LONGEST_TITLE)} ({by})", "  ") + _address(article)
    lines += wrap(_headline(story), "  ")
    # Counts first: a name from right to left in front would turn the line round in a mail program.
    name = f"story {named}" if (named := name_of(story)) else ""
    about = (counts_line(story), seen_line(story, times), name, publishers_line(story, 5))
    lines += wrap(" · ".join(filter(None, about)), "  ")
    for hit in story.rules[:MOST_RULES]:
        lines += wrap(f"Rule {cut(hit.id, 80)}: {why_line(hit)}", "  ")
    if len(story.rules) > MOST_RULES:
        more = ", ".join(hit.id for hit in story.rules[MOST_RULES:])
        lines += wrap(f"and {len(story.rules) - MOST_RULES} more rules: {cut(more, 200)}", "  ")
    if story.entities:
        lines += wrap(f"Names: {entities_line(story.entities)}", "  ")
    return lines + _address(story)


def _short(story: DigestStory, times: Times) -> list[str]:
    """The fact in the words that matched, and the headline."""
    quotes = [
        f" “{_marked(p, SHORT_QUOTE)}”" for p in story.matched[:1] if one_line(p.text) != one_line(story.headline)
    ]
    lines = wrap(f"{_marks(story)}{cut(title_of(story), 80)}:{''.join(quotes)}", then="  ")
    said = f"{cut(story.headline, LONGEST_TITLE)} ({_by(story)})"
    return lines + wrap(said, "  ") + _address(story)


def _line(story: DigestStory, times: Times) -> list[str]:
    by = _by(story, sent_line(story, times))
    said = f"{cut(title_of(story), 80)}: {cut(story.headline, LONGEST_TITLE)} ({by})"
    return wrap(f"- {_marks(story)}{said}", then="  ") + _address(story)


def _by(story: DigestStory, sent: str = "") -> str:
    return "; ".join(filter(None, (publishers_line(story, 2), sent, name_of(story))))


def _marks(story: DigestStory) -> str:
    return "".join(f"{mark} · " for mark in marks_of(story))


def _address(of: DigestStory | ArticleLink) -> list[str]:
    # Longer ones open in no browser, and would be most of a message.
    return [f"  {address}"] if (address := one_line(of.url)) and len(address) <= LONGEST_URL else []


def _titled(name: str, of: ArticleLink) -> list[str]:
    return [*wrap(f"{name}:", "  "), *_address(of)]


def _headline(story: DigestStory) -> str:
    for passage in story.matched:
        if one_line(passage.text) == one_line(story.headline):
            return _marked(passage)
    return cut(story.headline, LONGEST_TITLE)


def _marked(passage: Passage, longest: int = LONGEST + 20) -> str:
    return "".join(f"[{text}]" if matched else text for text, matched in pieces(passage, longest))


_BY_TIER = {Tier.CARD: _card, Tier.FULL: _full, Tier.SHORT: _short, Tier.LINE: _line}
