"""Between rows and the model's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.engine import RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.packed import fingerprint_of, pack_features, pack_sketch
from monitor.core.stories.series import series_key
from monitor.core.text.shown_url import without_query
from monitor.core.text.urls import host_of
from monitor.model.article import (
    Article,
    Dropped,
    DuplicateReason,
    EntityMention,
    NewArticle,
    Quality,
)
from monitor.model.cadence import Boost, Cadence, HubOffer, Rhythm
from monitor.model.delivery import ChannelKind, Delivery, DeliveryState, NewDelivery
from monitor.model.digest import Message
from monitor.model.entry import Entry, EntryFlag, Fate, NewEntry, ParsedEntry
from monitor.model.feed import (
    Feed,
    FeedOrigin,
    FeedSettings,
    FeedStatus,
    Pause,
    PollOutcome,
    PollReason,
    Validators,
)
from monitor.model.ledger import NewMatch, StoredMatch
from monitor.model.retention import Gone, GoneReason
from monitor.model.rule import Explanation, Match, Rule, Span
from monitor.model.telling import Earlier

# JSON columns hold model values; pydantic checks them on the way back.
MESSAGE = TypeAdapter(Message)
RULE = TypeAdapter(Rule)
SPANS = TypeAdapter(tuple[Span, ...])
EXPLANATION = TypeAdapter(Explanation)
MENTIONS = TypeAdapter(tuple[EntityMention, ...])
DROPPED = TypeAdapter(tuple[Dropped, ...])
# Calls of an enumeration are slow, and a story may have thousands of articles.
QUALITIES = {one.value: one for one in Quality}
REASONS = {one.value: one for one in DuplicateReason}
CADENCE = TypeAdapter(Cadence)
RHYTHM = TypeAdapter(Rhythm)


def gone_of(written: str | None) -> Gone | None:
    """A column `text_gone`: "retention 2024-03-28T12:00:00+00:00"."""
    if written is None:
        return None
    reason, _, at = written.partition(" ")
    return Gone(GoneReason(reason), datetime.fromisoformat(at))


def gone_text(gone: Gone) -> str:
    """The same as it is written into the column: all of one reason sort together."""
    return f"{gone.reason.value} {gone.at.isoformat()}"


def feed_of(row: RowMapping) -> Feed:
    """A row of `feeds`."""
    interval = row["interval_seconds"]
    return Feed(
        id=row["id"],
        settings=FeedSettings(
            url=row["declared_url"],
            name=row["declared_name"],
            tags=tuple(row["tags"]),
            interval=None if interval is None else timedelta(seconds=interval),
            full_text=row["full_text"],
            backfill=timedelta(seconds=row["backfill_seconds"]),
            origin=FeedOrigin(row["origin"]),
        ),
        url=row["url"],
        name=row["name"],
        subscribed_at=row["subscribed_at"],
        next_poll_at=row["next_poll_at"],
        validators=Validators(row["etag"], row["last_modified"]),
        body_hash=row["body_hash"],
        first_success_at=row["first_success_at"],
        last_polled_at=row["last_polled_at"],
        last_success_at=row["last_success_at"],
        last_outcome=PollOutcome(row["last_outcome"]) if row["last_outcome"] else None,
        last_error=row["last_error"],
        last_reason=PollReason(row["last_reason"]) if row["last_reason"] else None,
        failures=row["failures"],
        status=FeedStatus(row["status"]),
        listed_at=row["listed_at"],
        may_have_lost_at=row["may_have_lost_at"],
        cadence=CADENCE.validate_python(row["cadence"]) if row["cadence"] else Cadence(),
        rhythm=RHYTHM.validate_python(row["rhythm"]) if row["rhythm"] else None,
        boost=boost_of(row["boost_seconds"], row["boost_until"]),
        hub=HubOffer(row["hub_url"], row["hub_topic"]) if row["hub_url"] else None,
        pushed_until=row["pushed_until"],
        pause=_pause_of(row),
        lists=row["lists"],
        lease_token=row["lease_token"],
    )


def _pause_of(row: RowMapping) -> Pause | None:
    """Who paused the feed, while it is paused: what left the config and came back is polled again."""
    paused = row["status"] == FeedStatus.PAUSED.value and row["paused_at"] is not None
    return Pause(row["paused_by"] or "", row["paused_at"]) if paused else None


def boost_of(seconds: float | None, until: datetime | None) -> Boost | None:
    """The columns of a boost; it may be over."""
    return None if seconds is None or until is None else Boost(timedelta(seconds=seconds), until)


def declared_columns(settings: FeedSettings) -> dict[str, Any]:
    """What a subscription says, as columns of `feeds`."""
    return {
        "declared_url": settings.url,
        "declared_name": settings.name,
        "tags": list(settings.tags),
        "interval_seconds": settings.interval.total_seconds() if settings.interval else None,
        "full_text": settings.full_text,
        "backfill_seconds": settings.backfill.total_seconds(),
        "origin": settings.origin.value,
    }


def fresh_columns(settings: FeedSettings, now: datetime) -> dict[str, Any]:
    """A new subscription as columns of `feeds`: due at once."""
    return {
        **declared_columns(settings),
        "url": settings.url,
        "name": settings.name or without_query(settings.url),  # a digest names it: a token stays out of it
        "status": FeedStatus.ACTIVE.value,
        "subscribed_at": now,
        "next_poll_at": now,
    }


def new_entry_of(row: RowMapping) -> NewEntry:
    """The stored words of a row of `entries`."""
    return NewEntry(
        parsed=ParsedEntry(
            id=row["entry_id"],
            title=row["title"],
            link=row["link"],
            published=row["published"],
            updated=row["updated"],
            summary=row["summary"],
            content=row["content"],
            authors=tuple(row["authors"]),
            flags=tuple(EntryFlag(flag) for flag in row["flags"]),
            language=row["language"],
            section=row["section"] or "",
            tags=tuple(row["tags"] or ()),
        ),
        url_key=row["url_key"],
        text_hash=row["text_hash"],
        fate=Fate(row["fate"]),
        revision_of=row["revision_of"],
        words_only=row["words_only"],
    )


# What an entry to be read takes along of its feed.
FEED_OF_ENTRY = (t.feeds.c.name, t.feeds.c.tags.label("feed_tags"), t.feeds.c.full_text, t.feeds.c.declared_url)


def entry_of(row: RowMapping) -> Entry:
    """A row of `entries` with FEED_OF_ENTRY."""
    return Entry(
        row=row["id"],
        new=new_entry_of(row),
        feed_id=row["feed_id"],
        feed_name=row["name"],
        feed_tags=tuple(row["feed_tags"]),
        full_text=row["full_text"],
        first_seen=row["first_seen"],
        read_attempts=row["read_attempts"],
        feed_url=row["declared_url"],
    )


def entry_columns(entry: NewEntry, identity: str, id_hash: str, now: datetime) -> dict[str, Any]:
    """A new entry as columns of `entries`, but for its feed."""
    parsed = entry.parsed
    return {
        "identity": identity,
        "entry_id": parsed.id,
        "id_hash": id_hash,
        "url_key": entry.url_key,
        "link": parsed.link,
        "title": parsed.title,
        "summary": parsed.summary,
        "content": parsed.content,
        "authors": list(parsed.authors),
        "language": parsed.language,
        "section": parsed.section or None,
        "tags": list(parsed.tags) or None,
        "flags": [flag.value for flag in parsed.flags],
        "published": parsed.published,
        "updated": parsed.updated,
        "text_hash": entry.text_hash,
        "revision_of": entry.revision_of,
        "words_only": entry.words_only,
        "first_seen": now,
        "listed_at": now,
        "fate": entry.fate.value,
        "next_read_at": now,
    }


def article_of(row: RowMapping | Mapping[str, Any]) -> Article:
    """A row of `articles`."""
    reason = row["duplicate_reason"]
    return Article(
        id=row["id"],
        entry_row=row["entry_row"],
        feed_id=row["feed_id"],
        feed_name=row["feed_name"],
        feed_tags=tuple(row["feed_tags"]),
        url=row["url"],
        url_key=row["url_key"],
        title=row["title"],
        text=row["text"],
        summary=row["summary"],
        publisher=row["publisher"],
        quality=QUALITIES[row["quality"]],
        content_hash=row["content_hash"],
        first_seen=row["first_seen"],
        published=row["published"],
        language=row["language"],
        language_confidence=row["language_confidence"],
        authors=tuple(row["authors"]),
        section=row["section"] or "",
        entities=MENTIONS.validate_python(row["entities"]) if row["entities"] else (),
        dropped=DROPPED.validate_python(row["dropped"]) if row["dropped"] else (),
        note=row["note"],
        page_key=row["page_key"],
        wire=row["wire"] or "",
        fingerprint=fingerprint_of(row["sketch"], row["features"]),
        story_id=row["story_id"],
        duplicate_of=row["duplicate_of"],
        duplicate_reason=REASONS[reason] if reason else None,
        duplicate_why=row["duplicate_why"] or "",
        series=bool(row["series"]),
        ruleset=row["ruleset"],
        stage_error=row["stage_error"],
        text_gone=gone_of(row["text_gone"]),
    )


_a = t.articles.c
OUTLINE = (
    *(_a.id, _a.entry_row, _a.feed_id, _a.feed_name, _a.url, _a.url_key, _a.title, _a.publisher, _a.quality),
    *(_a.content_hash, _a.first_seen, _a.published, _a.language, _a.wire, _a.story_id, _a.duplicate_of),
    _a.duplicate_reason,
)
"""The columns of `outline_of`."""


def outline_of(row: Sequence[Any]) -> Article:
    """A row of `OUTLINE`: what a digest tells of an article that no rule matched. By place, since a story may have
    thousands."""
    id_, entry_row, feed_id, feed_name, url, url_key, title, publisher, quality, content_hash, *rest = row
    first_seen, published, language, wire, story_id, duplicate_of, reason = rest
    return Article(
        id=id_,
        entry_row=entry_row,
        feed_id=feed_id,
        feed_name=feed_name,
        feed_tags=(),
        url=url,
        url_key=url_key,
        title=title,
        text="",
        summary="",
        publisher=publisher,
        quality=QUALITIES[quality],
        content_hash=content_hash,
        first_seen=first_seen,
        published=published,
        language=language,
        wire=wire or "",
        story_id=story_id,
        duplicate_of=duplicate_of,
        duplicate_reason=REASONS[reason] if reason else None,
    )


def article_columns(article: NewArticle) -> dict[str, Any]:
    """A new article as columns of `articles`."""
    return {
        "entry_row": article.entry_row,
        "feed_id": article.feed_id,
        "feed_name": article.feed_name,
        "feed_tags": list(article.feed_tags),
        "url": article.url,
        "url_key": article.url_key,
        "title": article.title,
        "text": article.text,
        "summary": article.summary,
        "publisher": article.publisher,
        "quality": article.quality.value,
        "content_hash": article.content_hash,
        "first_seen": article.first_seen,
        "published": article.published,
        "language": article.language,
        "language_confidence": article.language_confidence,
        "authors": list(article.authors),
        "section": article.section or None,
        "entities": MENTIONS.dump_python(article.entities, mode="json"),
        "dropped": DROPPED.dump_python(article.dropped, mode="json"),
        "note": article.note,
        "page_key": article.page_key,
        "wire": article.wire or None,
        "sketch": pack_sketch(article.fingerprint.sketch) if article.fingerprint else None,
        "features": pack_features(article.fingerprint.features) if article.fingerprint else None,
        "series_key": series_key(article.title, host_of(article.url)),
        "stage": "read",
    }


def match_of(row: RowMapping, article: Article, digests: tuple[str, ...] = ()) -> StoredMatch:
    """A row of `matches` and its article."""
    as_it_was = RULE.validate_python(row["rule"])
    renamed = as_it_was.id != row["rule_id"]
    rule = replace(as_it_was, id=row["rule_id"]) if renamed else as_it_was
    match = Match(
        document=str(article.id),
        rule=row["rule_id"],
        rule_version=row["rule_version"],
        spans=SPANS.validate_python(row["spans"]),
        explanation=EXPLANATION.validate_python(row["explanation"]),
    )
    sentences = tuple(row["sentences"])
    new = NewMatch(
        match=match,
        rule=rule,
        because=row["because"],
        digests=digests,
        sentences=sentences,
        news=row["news"],
        analyser_version=row["analyser_version"],
        names=tuple(row["names"] or ()),
        figures=tuple(row["figures"] or ()),
        bare=tuple(row["bare"] or row["sentences"]),
        earlier=Earlier(row["earlier"]) if row["earlier"] else None,
        called=as_it_was.id if renamed else "",
    )
    return StoredMatch(row["id"], new, article, row["matched_at"])


def match_columns(article_id: int, new: NewMatch, now: datetime) -> dict[str, Any]:
    """A new match as columns of `matches`."""
    return {
        "article_id": article_id,
        "rule_id": new.rule.id,
        "rule_version": new.rule.version,
        "analyser_version": new.analyser_version,
        "rule": RULE.dump_python(new.rule, mode="json"),
        "spans": SPANS.dump_python(new.match.spans, mode="json"),
        "explanation": EXPLANATION.dump_python(new.match.explanation, mode="json"),
        "because": new.because,
        "sentences": list(new.sentences),
        "names": list(new.names),
        "figures": list(new.figures),
        "bare": list(new.bare),
        "earlier": new.earlier.value if new.earlier else None,
        "news": new.news,
        "matched_at": now,
    }


def delivery_of(row: RowMapping, message: Message | None = None) -> Delivery:
    """A row of `deliveries`; with a `message` in place of its own, the row need not have that."""
    return Delivery(
        id=row["id"],
        new=NewDelivery(
            key=row["key"],
            digest=row["digest"],
            batch=row["batch"],
            receiver=row["receiver"],
            channel=ChannelKind(row["channel"]),
            recipient=row["recipient"],
            message=message or MESSAGE.validate_python(row["message"]),
            thread=row["thread"],
            also=tuple(row["also"] or ()),
        ),
        state=DeliveryState(row["state"]),
        created_at=row["created_at"],
        next_attempt_at=row["next_attempt_at"],
        attempts=row["attempts"],
        last_error=row["last_error"],
        sent_at=row["sent_at"],
        receipt=row["receipt"],
        retried_at=row["retried_at"],
        reference=row["reference"],
        lease_until=row["lease_until"],
    )


def delivery_columns(new: NewDelivery, state: DeliveryState, now: datetime) -> dict[str, Any]:
    """A new delivery as columns of `deliveries`."""
    return {
        "key": new.key,
        "digest": new.digest,
        "batch": new.batch,
        "receiver": new.receiver,
        "channel": new.channel.value,
        "recipient": new.recipient,
        "thread": new.thread,
        "also": list(new.also) or None,
        "message": MESSAGE.dump_python(new.message, mode="json"),
        "state": state.value,
        "created_at": now,
        "next_attempt_at": now,
    }
