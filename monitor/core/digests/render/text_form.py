"""Plain text at 80 columns: standard output, the text half of an e-mail, text files."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.digests.passages import LONGEST, one_line
from monitor.core.digests.render.words import (
    BADGES,
    LONGEST_TITLE,
    STORIES_A_PART,
    WHY_COMMAND,
    Tier,
    Times,
    counts_line,
    coverage_line,
    cut,
    entities_line,
    failing_names,
    held_line,
    moment_of,
    news_of,
    notice_line,
    part_line,
    pieces,
    publisher_names,
    publishers_line,
    seen_line,
    silenced_line,
    subject_of,
    summary_line,
    tiers,
    title_of,
    update_line,
    why_line,
)
from monitor.core.text.columns import wrap
from monitor.model.digest import ArticleLink, Digest, DigestStory, Message, MessageFormat, Passage
from monitor.model.rule import Severity

MOST_RULES = 4


def text_messages(digest: Digest, title: str) -> tuple[Message, ...]:
    """One message per 200 stories."""
    given = tiers(digest)
    chunks = [given[i : i + STORIES_A_PART] for i in range(0, len(given), STORIES_A_PART)] or [()]
    return tuple(
        Message(
            MessageFormat.TEXT,
            subject_of(digest, title, part=part, parts=len(chunks)),
            plain_text(digest, title, chunk, part, len(chunks)),
            moment_of(digest),
            part=part,
            parts=len(chunks),
        )
        for part, chunk in enumerate(chunks, 1)
    )


def plain_text(
    digest: Digest, title: str, given: Sequence[tuple[Tier, DigestStory]], part: int, parts: int
) -> str:
    """One part as text: a head, a block per story, a foot; it ends with a line feed."""
    times = Times(digest)
    blocks = [_head(digest, title, times, part, parts)]
    blocks += [_line(story) if tier is Tier.LINE else _block(story, times) for tier, story in given]
    if given:
        blocks.append([f"Why did I get a story?  {WHY_COMMAND}"])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _head(digest: Digest, title: str, times: Times, part: int, parts: int) -> list[str]:
    said = [" · ".join(filter(None, (one_line(title), times.full(moment_of(digest)), part_line(part, parts))))]
    since = "" if digest.immediate else f"since {times.short(digest.window.start)} · "
    said.append(f"{since}{summary_line(digest)} · {coverage_line(digest)}")
    if notice := notice_line(times, digest):
        said.append(notice)
    if digest.coverage.failing_names:
        said.append(f"failing: {failing_names(digest)}")
    if held := held_line(digest):
        said.append(held)
    if silenced := silenced_line(digest):
        said.append(silenced)
    return [line for paragraph in said for line in wrap(paragraph)]


def _block(story: DigestStory, times: Times) -> list[str]:
    marks = ["HIGH"] if story.severity is Severity.HIGH else []
    marks += [BADGES[badge] for badge in story.badges]
    lines = wrap(" · ".join([*marks, cut(title_of(story), LONGEST_TITLE)]))
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
    about = f"{publishers_line(story, 5)} · {counts_line(story)} · {seen_line(story, times)}"
    lines += wrap(about, "  ")
    for hit in story.rules[:MOST_RULES]:
        lines += wrap(f"Rule {cut(hit.id, 80)}: {why_line(hit)}", "  ")
    if len(story.rules) > MOST_RULES:
        more = ", ".join(hit.id for hit in story.rules[MOST_RULES:])
        lines += wrap(f"and {len(story.rules) - MOST_RULES} more rules: {cut(more, 200)}", "  ")
    if story.entities:
        lines += wrap(f"Names: {entities_line(story.entities)}", "  ")
    return lines + _address(story)


def _line(story: DigestStory) -> list[str]:
    said = f"- {cut(title_of(story), 80)}: {cut(story.headline, LONGEST_TITLE)} ({publishers_line(story, 2)})"
    return wrap(said, then="  ") + _address(story)


def _address(of: DigestStory | ArticleLink) -> list[str]:
    return [f"  {one_line(of.url)}"] if one_line(of.url) else []


def _headline(story: DigestStory) -> str:
    for passage in story.matched:
        if one_line(passage.text) == one_line(story.headline):
            return _marked(passage)
    return cut(story.headline, LONGEST_TITLE)


def _marked(passage: Passage) -> str:
    return "".join(f"[{text}]" if matched else text for text, matched in pieces(passage, LONGEST + 20))
