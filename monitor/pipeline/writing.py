"""The article that is made of an entry and the text that counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from monitor.core.articles.compose import feed_text
from monitor.core.articles.dating import settle_date
from monitor.core.stories.fingerprint import content_hash
from monitor.core.text.language import settle_language
from monitor.core.text.urls import host_of
from monitor.model.article import EntityMention, Extracted, NewArticle, Quality
from monitor.model.entry import Entry
from monitor.model.errors import MonitorError, SandboxFailed, SandboxReason
from monitor.pipeline.page_text import PageText
from monitor.pipeline.study import Studied, study_article
from monitor.ports import EntityRecognizer, Sandbox

# A child that was killed on a busy machine, could not be made, or had no time:
# the same page may well be read in a minute.
OUR_TROUBLE = frozenset({SandboxReason.CRASHED, SandboxReason.TIMEOUT, SandboxReason.MEMORY, SandboxReason.BUSY})


class Counted(NamedTuple):
    """The text that counts for an entry, and what is known of where it is from.

    `page` is given only for a page's own text: what a wall says of itself is not believed.
    """

    text: str
    quality: Quality
    page: Extracted | None = None
    found: PageText | None = None
    note: str | None = None


class _Words(NamedTuple):
    """What `study_article` takes."""

    title: str
    summary: str
    text: str
    stated: str | None
    names: tuple[str, ...]
    authors: tuple[str, ...]
    compared: str
    host: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes articles. `recognizer` adds names to what the rules' own entities will find."""

    sandbox: Sandbox
    recognizer: EntityRecognizer | None = None

    def article(self, entry: Entry, counted: Counted, now: datetime, *, patient: bool) -> NewArticle:
        """The article as it is stored. Raises SandboxFailed for what may soon be over, while it is `patient`."""
        parsed, page, found = entry.new.parsed, counted.page, counted.found
        url = parsed.link or ""
        title = parsed.title or (page.title if page else "")
        # Beside a page the feed's own words are kept whole: where the page is a cookie wall they are all.
        summary = feed_text(parsed)[0] if page else parsed.summary
        compared = feed_text(parsed)[0] if found is not None and found.unsure else counted.text
        names, about_names = self._names(entry, f"{title}\n\n{counted.text}")
        stated = (page.language if page else None) or parsed.language
        authors = _together(parsed.authors, page.authors if page else ())
        called = tuple(mention.name for mention in names)
        studied, about_words = self._study(
            _Words(title, summary, counted.text, stated, called, authors, compared, host_of(url)), patient=patient
        )
        dated = settle_date(parsed, page, entry.first_seen, now)
        notes = (counted.note, dated.note, about_words, about_names)
        return NewArticle(
            entry_row=entry.row,
            feed_id=entry.feed_id,
            feed_name=entry.feed_name,
            feed_tags=tuple(dict.fromkeys((*entry.feed_tags, *parsed.tags))),
            url=url,
            url_key=entry.new.url_key,
            title=title,
            text=counted.text,
            summary=summary,
            publisher=(page.publisher if page else None) or entry.feed_name,
            quality=counted.quality,
            content_hash=studied.content_hash,
            first_seen=entry.first_seen,
            published=dated.published,
            language=studied.language.language,
            language_confidence=studied.language.confidence,
            authors=authors,
            section=parsed.section or (page.section if page else ""),
            entities=tuple(names),
            dropped=found.dropped if found else (),
            note="; ".join(one for one in notes if one) or None,
            page_key=found.page_key if found else "",
            wire=studied.wire,
            fingerprint=studied.fingerprint,
        )

    def _study(self, words: _Words, *, patient: bool) -> tuple[Studied, str | None]:
        """What a child makes of the words, and what is odd there. Raises SandboxFailed for what may soon be over.

        Without a child the language is as stated, and copies are found by the article's address and words only.
        """
        try:
            studied = self.sandbox.run(study_article, *words)
        except SandboxFailed as error:
            if patient and error.reason in OUR_TROUBLE:
                raise
            hashed = content_hash(words.title, words.compared, words.host)
            return Studied(settle_language(words.stated, None), hashed), f"language not detected: {error}"
        overruled = studied.language.overruled
        return studied, f"said to be in {overruled}" if overruled else None

    def _names(self, entry: Entry, text: str) -> tuple[Sequence[EntityMention], str | None]:
        """The names in a text, and why there are none. Raises SandboxFailed for what may soon be over."""
        if self.recognizer is None:
            return (), None
        try:
            return self.recognizer.recognise(text), None
        except MonitorError as error:
            # A rule may ask for a person or a place. Once only: one that never works must not hold up alerts.
            first = not entry.read_attempts and not entry.rereads
            if isinstance(error, SandboxFailed) and error.reason in OUR_TROUBLE and first:
                raise
            return (), f"names not recognised: {error}"


def _together(*lists: Sequence[str]) -> tuple[str, ...]:
    """Names that feed and page give, each once: one may know the reporter where the other says "News Desk"."""
    found: dict[str, str] = {}
    for name in (name for names in lists for name in names):
        found.setdefault(name.casefold(), name)
    return tuple(found.values())
