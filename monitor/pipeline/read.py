"""read: entry → article. The page is fetched when the feed asks for it; else the feed's own text is used."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.core.articles.compose import feed_text
from monitor.core.articles.extract import extract_article
from monitor.core.stories.fingerprint import content_hash
from monitor.core.text.language import Settled, detect_language, sample_of, settle_language
from monitor.core.text.urls import canonical_url, host_of
from monitor.model.article import EntityMention, Extracted, NewArticle, Quality, ReadOutcome
from monitor.model.entry import Entry
from monitor.model.errors import MonitorError, NotExtractable, SandboxFailed, SandboxReason, StoreError
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose
from monitor.pipeline.in_hand import InHand
from monitor.pipeline.isolation import TRY_AGAIN, named
from monitor.ports import ArticleStore, Clock, EntityRecognizer, Fetcher, Sandbox

BATCH = 100  # entries in memory at a time
# A page that does not answer is asked again after these waits; then the feed's own text has to do, with a note.
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
# What may be over in a minute. Everything else is the page's own answer and final.
_PASSING = frozenset(
    {
        PollOutcome.TIMEOUT,
        PollOutcome.UNREACHABLE,
        PollOutcome.RATE_LIMITED,
        PollOutcome.HTTP_ERROR,
        PollOutcome.PROTOCOL_ERROR,
    }
)


# A child that was killed on a busy machine, or could not be made: the same page may well be read in a minute.
_OUR_TROUBLE = frozenset({SandboxReason.CRASHED, SandboxReason.TIMEOUT, SandboxReason.MEMORY})


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What became of one entry."""

    entry: Entry
    outcome: ReadOutcome
    why: str | None = None


@dataclass(frozen=True, slots=True)
class ReadStage:
    """Reads what waits. `recognizer` adds names to what the rules' own entities will find."""

    articles: ArticleStore
    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock
    recognizer: EntityRecognizer | None = None
    in_hand: InHand = field(default_factory=InHand, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[ReadReport]:
        """Reads until nothing waits and nothing is in flight; one report an entry.

        From `stopping` on it asks for nothing more and waits for what is in flight.
        """
        asked: dict[int, Entry] = {}
        done: list[ReadReport] = []

        def pages() -> Iterator[FetchRequest | None]:
            while not stopping():
                entries = self.articles.waiting(self.clock.now(), BATCH, self.in_hand.rows())
                for entry in entries:
                    if stopping():
                        return
                    if not self.in_hand.take(entry.row):
                        continue
                    asked[entry.row] = entry
                    if wants_page(entry):
                        yield FetchRequest(entry.row, entry.new.parsed.link or "", purpose=Purpose.PAGE)
                    else:
                        # Here and not behind the answers: a page that hangs must not hold up a feed's own text.
                        done.append(self._finished(asked, entry.row, None))
                if not entries:
                    yield None

        try:
            for response in self.fetcher.fetch_many(pages()):
                yield self._finished(asked, response.request.key, response)
                yield from _drained(done)
            yield from _drained(done)
        finally:
            self.in_hand.give_back(asked)

    def _finished(self, asked: dict[int, Entry], row: int, response: FetchResponse | None) -> ReadReport:
        report = self._guarded(asked[row], response)
        del asked[row]
        self.in_hand.give_back([row])
        return report

    def _guarded(self, entry: Entry, response: FetchResponse | None) -> ReadReport:
        """Reads one entry; one that breaks the stage is tried again, at last without its page."""
        try:
            return self._from_page(entry, response) if response else self._from_feed(entry, None)
        except StoreError:
            raise
        except SandboxFailed as error:
            return self._postponed(entry, str(error))
        except Exception as error:
            why = named(error)
        if response is not None and entry.read_attempts >= len(RETRY_AFTER):
            with contextlib.suppress(ValueError, TypeError, LookupError, ArithmeticError):
                return self._from_feed(entry, why)
        self.articles.postpone_read(entry.row, self.clock.now() + TRY_AGAIN)
        return ReadReport(entry, ReadOutcome.POSTPONED, why)

    def _from_page(self, entry: Entry, response: FetchResponse) -> ReadReport:
        if response.outcome is not PollOutcome.OK:
            why = response.error or response.outcome.value
            if _is_passing(response) and entry.read_attempts < len(RETRY_AFTER):
                return self._postponed(entry, why)
            return self._from_feed(entry, why)
        try:
            content_type = response.headers.get("content-type")
            page = self.sandbox.run(extract_article, response.body, response.url, content_type)
        except NotExtractable as error:
            return self._from_feed(entry, str(error))
        except SandboxFailed as error:
            if error.reason in _OUR_TROUBLE and entry.read_attempts < len(RETRY_AFTER):
                return self._postponed(entry, str(error))
            return self._from_feed(entry, str(error))
        self._store(entry, page.text, page.quality, page, None, canonical_url(page.canonical_url or response.url))
        return ReadReport(entry, ReadOutcome.PAGE)

    def _postponed(self, entry: Entry, why: str) -> ReadReport:
        self.articles.postpone_read(entry.row, self.clock.now() + RETRY_AFTER[entry.read_attempts])
        return ReadReport(entry, ReadOutcome.POSTPONED, why)

    def _from_feed(self, entry: Entry, why: str | None) -> ReadReport:
        text, quality = feed_text(entry.new.parsed)
        self._store(entry, text, quality, None, why)
        return ReadReport(entry, ReadOutcome.FALLBACK if why else ReadOutcome.FEED, why)

    def _store(
        self,
        entry: Entry,
        text: str,
        quality: Quality,
        page: Extracted | None,
        note: str | None,
        page_key: str = "",
    ) -> None:
        parsed = entry.new.parsed
        url = parsed.link or ""
        title = parsed.title or (page.title if page else "")
        # Beside a page the feed's own words are kept whole: where the page is a cookie wall they are all.
        summary = feed_text(parsed)[0] if page else parsed.summary
        stated = (page.language if page else None) or parsed.language
        language, about_language = self._language(entry, stated, sample_of(title, summary, text))
        names, about_names = self._names(entry, f"{title}\n\n{text}")
        self.articles.record_read(
            NewArticle(
                entry_row=entry.row,
                feed_id=entry.feed_id,
                feed_name=entry.feed_name,
                feed_tags=tuple(dict.fromkeys((*entry.feed_tags, *parsed.tags))),
                url=url,
                url_key=entry.new.url_key,
                title=title,
                text=text,
                summary=summary,
                publisher=(page.publisher if page else None) or entry.feed_name,
                quality=quality,
                content_hash=content_hash(title, text, host_of(url)),
                first_seen=entry.first_seen,
                published=parsed.published or (page.published if page else None) or parsed.updated,
                language=language.language,
                language_confidence=language.confidence,
                authors=_together(parsed.authors, page.authors if page else ()),
                section=parsed.section or (page.section if page else ""),
                entities=tuple(names),
                dropped=page.dropped if page else (),
                note="; ".join(one for one in (note, about_language, about_names) if one) or None,
                page_key=page_key,
            )
        )

    def _language(self, entry: Entry, stated: str | None, sample: str) -> tuple[Settled, str | None]:
        """The language that counts, and what is odd about it. Raises SandboxFailed for what may be over soon."""
        try:
            settled = settle_language(stated, self.sandbox.run(detect_language, sample))
        except SandboxFailed as error:
            if error.reason in _OUR_TROUBLE and entry.read_attempts < len(RETRY_AFTER):
                raise
            return settle_language(stated, None), f"language not detected: {error}"
        return settled, f"said to be in {settled.overruled}" if settled.overruled else None

    def _names(self, entry: Entry, text: str) -> tuple[Sequence[EntityMention], str | None]:
        """The names in a text, and why there are none. Raises SandboxFailed for what may be over soon."""
        if self.recognizer is None:
            return (), None
        try:
            return self.recognizer.recognise(text), None
        except MonitorError as error:
            # A rule may ask for a person or a place. Once only: one that never works must not hold up alerts.
            if isinstance(error, SandboxFailed) and error.reason in _OUR_TROUBLE and not entry.read_attempts:
                raise
            return (), f"names not recognised: {error}"


def _together(*lists: Sequence[str]) -> tuple[str, ...]:
    """Names that feed and page give, each once: one may know the reporter where the other says "News Desk"."""
    found: dict[str, str] = {}
    for name in (name for names in lists for name in names):
        found.setdefault(name.casefold(), name)
    return tuple(found.values())


def wants_page(entry: Entry) -> bool:
    """Whether the page behind an entry is read: as the feed asks, but for edits of what was never read.

    Of an entry from before the subscription only the feed's words are known, and only those can be compared:
    with its page every old sentence would look new.
    """
    return entry.full_text and bool(entry.new.parsed.link) and not entry.new.words_only


def _drained(reports: list[ReadReport]) -> Iterator[ReadReport]:
    while reports:
        yield reports.pop(0)


def _is_passing(response: FetchResponse) -> bool:
    if response.outcome is PollOutcome.HTTP_ERROR:
        return response.status is not None and response.status >= 500
    return response.outcome in _PASSING
