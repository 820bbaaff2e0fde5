"""HTML for e-mail and files: Jinja2 templates (autoescaped) with their styles written into each element.

Mail programs drop style sheets, so each fragment goes through css-inline; the rules for dark mode and phones
stay in the head. Fragments are inlined one by one: their sizes add up, and a message can be cut before 80 kB.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import css_inline
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from monitor.core.digests.passages import LONGEST, one_line
from monitor.core.digests.render.text_form import plain_text
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
    links_of,
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
    web_url,
    why_line,
)
from monitor.model.digest import ArticleLink, Digest, DigestStory, Message, MessageFormat
from monitor.model.rule import Severity

LONGEST_HTML = 80_000  # bytes; Gmail clips at about 102 kB, and its own wrapping counts
MOST_RULES = 4
SHORT_QUOTE, SHORT_HEADLINE = 80, 64  # two lines each on a phone of 360 px

# Read once, at import: rendering itself touches no file.
_FILES = files("monitor.core.digests") / "templates"
_NAMES = ("digest.html", "head.html", "story.html", "foot.html")
_JINJA = Environment(
    loader=DictLoader({name: (_FILES / name).read_text("utf-8") for name in _NAMES}),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=False,
)
_CSS = (_FILES / "digest.css").read_text("utf-8")
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)

_Block = tuple[Tier, DigestStory, Markup]


def html_messages(digest: Digest, title: str, form: MessageFormat) -> tuple[Message, ...]:
    """E-mail: parts of at most 80 kB of HTML, each with its text. HTML files: 200 stories a part."""
    times = Times(digest)
    blocks = [(tier, story, _fragment("story.html", s=_view(tier, story, times))) for tier, story in tiers(digest)]
    chunks = _by_size(digest, title, blocks) if form is MessageFormat.EMAIL else _by_number(blocks)
    messages = []
    for part, chunk in enumerate(chunks, 1):
        subject = subject_of(digest, title, part=part, parts=len(chunks))
        given = [(tier, story) for tier, story, _ in chunk]
        messages.append(
            Message(
                form,
                subject,
                plain_text(digest, title, given, part, len(chunks)),
                moment_of(digest),
                html=_page(digest, title, subject, chunk, part, len(chunks)),
                part=part,
                parts=len(chunks),
            )
        )
    return tuple(messages)


def _by_number(blocks: Sequence[_Block]) -> list[Sequence[_Block]]:
    return [blocks[i : i + STORIES_A_PART] for i in range(0, len(blocks), STORIES_A_PART)] or [()]


def _by_size(digest: Digest, title: str, blocks: Sequence[_Block]) -> list[Sequence[_Block]]:
    """Fills parts in order; a part always takes its first story."""
    # Measured with the longest part numbers there can be, and room for the preheader.
    frame = len(_page(digest, title, "x" * 600, (), 99_999, 99_999).encode()) + 2_400
    chunks: list[list[_Block]] = [[]]
    size = frame
    for block in blocks:
        needed = len(block[2].encode()) + 1
        if chunks[-1] and size + needed > LONGEST_HTML:
            chunks.append([])
            size = frame
        chunks[-1].append(block)
        size += needed
    return list(chunks)


def _page(digest: Digest, title: str, subject: str, chunk: Sequence[_Block], part: int, parts: int) -> str:
    times = Times(digest)
    since = "" if digest.immediate else f" · since {times.short(digest.window.start)}"
    of = part_line(part, parts)
    head = _fragment(
        "head.html",
        dateline=times.full(moment_of(digest)) + since,
        title=one_line(title) + (f" ({of})" if of else ""),
        summary=f"{summary_line(digest)} · {coverage_line(digest)}",
        late=notice_line(times, digest),
        failing=failing_names(digest),
        held=held_line(digest),
        silenced=silenced_line(digest),
    )
    foot = _fragment("foot.html", command=WHY_COMMAND if digest.stories else "", part=of)
    return _JINJA.get_template("digest.html").render(
        subject=subject,
        preheader=_preheader([story for _, story, _ in chunk], digest),
        head=_OPENING + head,
        stories=Markup("\n").join(block for _, _, block in chunk),
        foot=foot,
    )


def _preheader(stories: Sequence[DigestStory], digest: Digest) -> str:
    """The line mail programs show beside the subject: the first fact, in the words that matched."""
    for story in stories:
        said = "".join(text for text, _ in pieces(story.matched[0], 160)) if story.matched else story.headline
        return f"{cut(title_of(story), 80)}: {cut(said, 170)}"
    return f"{summary_line(digest)}; {coverage_line(digest)}"


def _fragment(name: str, **values: Any) -> Markup:
    # Markup: the template escaped what came from outside, and css-inline writes it back escaped.
    return Markup(_INLINER.inline_fragment(_JINJA.get_template(name).render(**values).strip(), _CSS))  # noqa: S704


def _view(tier: Tier, story: DigestStory, times: Times) -> dict[str, Any]:
    """What the story template shows, everything cut to its room."""
    short = tier in (Tier.SHORT, Tier.LINE)
    names = publisher_names(story)
    same = [p for p in story.matched if one_line(p.text) == one_line(story.headline)]
    headline = pieces(same[0], LONGEST) if same and not short else ((cut(story.headline, LONGEST_TITLE), False),)
    if short:
        headline = ((cut(story.headline, SHORT_HEADLINE), False),)
    quotes = [pieces(p, SHORT_QUOTE if short else LONGEST + 20) for p in story.matched[:2] if p not in same]
    return {
        "tier": tier.value,
        "id": cut(story.id, 80).replace(" ", "_"),
        "high": story.severity is Severity.HIGH,
        "badges": [BADGES[badge] for badge in story.badges],
        "rule": cut(title_of(story), 80 if short else LONGEST_TITLE),
        "headline": headline,
        "url": web_url(story.url),
        "news": update_line(story),
        "new": [
            {"url": web_url(a.url), "title": cut(a.title, LONGEST_TITLE), "publisher": names[_owner(a)]}
            for a in news_of(story)
        ],
        "quotes": quotes,
        "publishers": publishers_line(story, 1 if short else 3, room=60 if short else 120),
        "counts": counts_line(story),
        "seen": seen_line(story, times),
        "rules": [
            {"id": cut(h.id, 80), "title": cut(h.title, LONGEST_TITLE), "why": why_line(h)}
            for h in story.rules[:MOST_RULES]
        ],
        "more_rules": max(0, len(story.rules) - MOST_RULES),
        "entities": entities_line(story.entities),
        "links": [{"url": web_url(a.url), "publisher": names[_owner(a)]} for a in links_of(story)],
    }


def _owner(article: ArticleLink) -> str:
    return article.owner or article.publisher


def _opening() -> Markup:
    """The two open boxes round everything: inlined with their ends, which the page template writes itself."""
    boxes = _INLINER.inline_fragment('<div class="wrap"><div class="sheet"></div></div>', _CSS)
    return Markup(boxes.replace("</div>", ""))  # noqa: S704 - our own text


_OPENING = _opening()
