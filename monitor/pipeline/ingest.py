"""ingest: documents that were handed over → entries that wait to be read, a passive feed a publisher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.feeds.document import entry_of_document, publisher_of
from monitor.core.stories.identity import judge_listing, stale_rows, url_keys
from monitor.model.article import Document
from monitor.model.entry import Fate, NewEntry, ParsedEntry, Verdict
from monitor.model.feed import Feed
from monitor.ports import Clock, FeedStore


@dataclass(frozen=True, slots=True)
class IngestStage:
    """Takes documents in. The same document again is known, the same id with other words a revision."""

    feeds: FeedStore
    clock: Clock
    _passive: dict[str, Feed] = field(default_factory=dict)  # by publisher

    def take(self, documents: Sequence[Document]) -> list[Verdict]:
        """Stores what is new of these documents, which count in their order; a verdict each.

        What was handed over by a person is never too old: it waits to be read whatever its date. One
        transaction for each run of documents of one publisher; raises StoreError, after which the same
        documents can be taken again.
        """
        now = self.clock.now()
        entries = [entry_of_document(document, now) for document in documents]
        keys = url_keys(entries)
        by_publisher: dict[str, list[int]] = {}
        for index, document in enumerate(documents):
            by_publisher.setdefault(publisher_of(document), []).append(index)
        verdicts = [Verdict.NEW] * len(documents)
        for publisher, indexes in by_publisher.items():
            feed = self._feed(publisher, now)
            for run in _runs(indexes, entries, keys):
                found = self._take(feed, [entries[one] for one in run], [keys[one] for one in run], now)
                for index, verdict in zip(run, found, strict=True):
                    verdicts[index] = verdict
        return verdicts

    def _feed(self, publisher: str, now: datetime) -> Feed:
        if publisher not in self._passive:
            self._passive[publisher] = self.feeds.passive_feed(publisher, now)
        return self._passive[publisher]

    def _take(
        self, feed: Feed, entries: Sequence[ParsedEntry], keys: Sequence[str], now: datetime
    ) -> list[Verdict]:
        known = self.feeds.known_entries(feed.id, [entry.id for entry in entries], keys)
        judged = judge_listing(entries, keys, known, now)
        new = [
            NewEntry(
                one.entry,
                one.url_key,
                one.text_hash,
                Fate.WAITING,
                revision_of=one.known.row if one.known is not None else None,
            )
            for one in judged
            if one.verdict is not Verdict.KNOWN
        ]
        self.feeds.record_documents(feed.id, new, now, listed=stale_rows(judged, now))
        return [one.verdict for one in judged]


def _runs(indexes: Sequence[int], entries: Sequence[ParsedEntry], keys: Sequence[str]) -> Iterator[list[int]]:
    """The documents in their order, cut before each that shares an id or an address with one of its run.

    Within a run they are judged as if side by side; the later of two with one id may revise the earlier.
    """
    run: list[int] = []
    seen: set[tuple[str, str]] = set()
    for index in indexes:
        names = {("id", entries[index].id)} | ({("url", keys[index])} if keys[index] else set())
        if names & seen:
            yield run
            run, seen = [], set()
        run.append(index)
        seen |= names
    if run:
        yield run
