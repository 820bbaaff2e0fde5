"""Makes model values for tests: every field has a plausible value, a test names what it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.model.article import Article, NewArticle, Quality
from monitor.model.digest import Message, MessageFormat
from monitor.model.entry import Fate, NewEntry, ParsedEntry
from monitor.model.feed import FeedSettings, FeedStatus, PollDecision, PollOutcome, PollReason, Validators
from monitor.model.rule import Explanation, Match, Rule, Span

NOON = datetime(2023, 2, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def parsed(id: str = "e1", title: str = "Torkham closed", **more: Any) -> ParsedEntry:
    return ParsedEntry(id=id, title=title, **{"link": f"https://news.example/{id}", "published": NOON, **more})


def new_entry(id: str = "e1", title: str = "Torkham closed", **more: Any) -> NewEntry:
    fate = more.pop("fate", Fate.WAITING)
    revision_of = more.pop("revision_of", None)
    text_hash = more.pop("text_hash", f"hash of {title}")
    entry = parsed(id, title, **more)
    return NewEntry(entry, entry.link or "", text_hash, fate, revision_of)


def decision(now: datetime = NOON, **more: Any) -> PollDecision:
    values: dict[str, Any] = {
        "next_poll_at": now + timedelta(minutes=15),
        "reason": PollReason.INTERVAL,
        "outcome": PollOutcome.OK,
        "failures": 0,
        "validators": Validators('"etag"', None),
        "url": "https://news.example/feed",
        "status": FeedStatus.ACTIVE,
    }
    return PollDecision(**{**values, **more})


def feed_settings(url: str = "https://news.example/feed", **more: Any) -> FeedSettings:
    return FeedSettings(**{"url": url, "name": "News", **more})


def new_article(
    entry_row: int = 1, title: str = "Torkham closed", text: str = "The crossing.", **more: Any
) -> NewArticle:
    values: dict[str, Any] = {
        "entry_row": entry_row,
        "feed_id": 1,
        "feed_name": "News",
        "feed_tags": ("border",),
        "url": f"https://news.example/{entry_row}",
        "url_key": f"https://news.example/{entry_row}",
        "title": title,
        "text": text,
        "summary": "",
        "publisher": "News",
        "quality": Quality.FULL,
        "content_hash": f"1:{title}",
        "first_seen": NOON,
        "published": NOON,
    }
    return NewArticle(**{**values, **more})


def article(id: int = 1, **more: Any) -> Article:
    own = {
        name: more.pop(name)
        for name in ("story_id", "duplicate_of", "duplicate_reason", "ruleset")
        if name in more
    }
    new = new_article(more.pop("entry_row", id), **more)
    fields = {name: getattr(new, name) for name in NewArticle.__dataclass_fields__}
    return Article(id=id, **fields, **own)


def rule(id: str = "torkham-closed", **more: Any) -> Rule:
    values: dict[str, Any] = {"title": "Torkham closed", "query": "Torkham AND closed", "version": "abcd1234"}
    return Rule(id=id, **{**values, **more})


def match_of(rule_id: str = "torkham-closed", document: str = "1") -> Match:
    span = Span("title", 0, 7, "Torkham")
    return Match(document, rule_id, "abcd1234", (span,), Explanation("Torkham", True, (span,)))


def message(text: str = "Torkham closed", **more: Any) -> Message:
    return Message(**{"format": MessageFormat.TEXT, "subject": "Border: news", "text": text, "date": NOON, **more})
