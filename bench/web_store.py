"""A large invented store for `bench/web.py`: all that pages read, in the proportions of a busy desk.

Of the feeds 3 % fail, 1 % are late, 1 % are gone. Articles are spread evenly over `days`; two in three join a
story of the last hours, one in six of these as a copy, and one story of the last days has thousands. Rules match
one article in ten, the first rules most; each match is alerted and stands in a morning's digest. Left out is what
only the stages read: bands, keys and fingerprints.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from search import Texts
from web_rows import Writer

from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import indexed_articles
from monitor.adapters.store.full_text import spelled
from monitor.adapters.store.rows import (
    CADENCE,
    article_columns,
    delivery_columns,
    entry_columns,
    fresh_columns,
    match_columns,
)
from monitor.adapters.store.sql import SqlStore
from monitor.core.rules import RuleSet, because
from monitor.core.text.terms import TERMS_VERSION, terms_of
from monitor.model.article import Document, DuplicateReason, NewArticle, Quality
from monitor.model.cadence import Cadence
from monitor.model.delivery import ChannelKind, DeliveryState, NewDelivery
from monitor.model.digest import Message, MessageFormat
from monitor.model.entry import Fate, NewEntry, ParsedEntry
from monitor.model.feed import FeedOrigin, FeedSettings, PollOutcome, PollReason
from monitor.model.ledger import NewMatch, RoutingState
from monitor.model.rule import Match
from monitor.model.silence import NewSilence, SilenceMode

END = datetime(2026, 11, 27, 12, tzinfo=UTC)
"""Now, as the pages are told."""
RULES = 100
TEXTS, TITLES = 400, 5_000
MATCHED = 0.1
CHUNK = 20_000
PENDING = 300  # matches that wait for the morning
_OPEN = 2_000  # stories that still grow
_LARGE_DAYS = timedelta(days=5)
_LARGE = 5_000  # articles of the largest story, where there are 1,000,000
_LANGUAGES = ("en",) * 7 + ("ur", "ur", "ps")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is stored: so many feeds and articles, which came in so many days, of so many words each."""

    feeds: int
    articles: int
    days: int
    words: int

    def seen(self, number: int) -> datetime:
        """When an article was first seen; the last one just now."""
        return END - timedelta(days=self.days) * (self.articles - 1 - number) / self.articles


def rule_words(texts: Texts, number: int) -> tuple[str, str]:
    """The two words that a rule asks for: rare ones."""
    return texts.words[50_000 + 2 * number], texts.words[50_001 + 2 * number]


def rules_toml(texts: Texts) -> str:
    """The rules as a file."""
    queries = [f"{one} AND {other}" for one, other in (rule_words(texts, number) for number in range(RULES))]
    return "".join(
        f'[[rules]]\nid = "rule-{number}"\ntitle = "Rule {number}"\nquery = "{query}"\n'
        f'tags = ["desk-{number % 7}"]\n'
        for number, query in enumerate(queries)
    )


def fill(store: SqlStore, size: Size, texts: Texts, rules: RuleSet, files: Sequence[Path]) -> None:
    """Fills an empty store. SQLite's indexes are made at the end, which sorts once."""
    store.articles.record_ruleset(rules.version, [(one.name, one.read_text()) for one in files], END)
    for name in ("alerts", "morning"):
        store.digests.open_digest(name, END - timedelta(days=size.days))
    for number in range(40):
        days = timedelta(days=number)
        new = NewSilence(
            SilenceMode.HOLD, END - days, END - days + timedelta(hours=20), "Anna", "known", (f"rule-{number}",)
        )
        store.silences.add(new, END - days)
    with Writer(store._db) as writer:
        writer.write(t.feeds, _feeds(size))
        writer.write(t.poll_counts, _polls())
        _Articles(size, texts, rules, writer).write()


def _feeds(size: Size) -> Iterator[dict[str, Any]]:
    for number in range(size.feeds):
        url = f"https://paper{number}.example/feed.xml"
        settings = FeedSettings(url, f"Paper {number}", (f"tag-{number % 20}",), origin=FeedOrigin.STORE)
        ill = number % 100
        yield fresh_columns(settings, END - timedelta(days=size.days)) | {
            "id": number + 1,
            "status": "gone" if ill == 0 else "active",
            "next_poll_at": END + timedelta(minutes=-30 if ill == 1 else number % 15),
            "etag": f'"{number}"',
            "last_modified": None,
            "listed_at": END - timedelta(minutes=number % 15),
            "first_success_at": END - timedelta(days=size.days),
            "last_polled_at": END - timedelta(minutes=number % 15),
            "last_success_at": END - timedelta(minutes=number % 15),
            "last_outcome": (PollOutcome.HTTP_ERROR if ill in (2, 3, 4) else PollOutcome.NOT_MODIFIED).value,
            "last_error": "HTTP 503 Service Unavailable" if ill in (2, 3, 4) else None,
            "last_reason": PollReason.RATE.value,
            "failures": 3 if ill in (2, 3, 4) else 0,
            "cadence": CADENCE.dump_python(Cadence(), mode="json"),
            "rhythm": None,
        }


def _polls() -> Iterator[dict[str, Any]]:
    for minute in range(2 * 24 * 60):
        for outcome, polls in (
            (PollOutcome.NOT_MODIFIED, 500),
            (PollOutcome.OK, 140),
            (PollOutcome.HTTP_ERROR, 20),
        ):
            yield {"minute": END - timedelta(minutes=minute), "outcome": outcome.value, "polls": polls}


@dataclass(frozen=True, slots=True)
class _Place:
    """A story that grows."""

    root: int
    event: int


class _Articles:
    """Entries, articles and all that hangs on them, made anew on each run by the same dice."""

    def __init__(self, size: Size, texts: Texts, rules: RuleSet, writer: Writer) -> None:
        self._size, self._writer, self._dice = size, writer, random.Random(5)
        bodies = [texts.of(number, size.words) for number in range(TEXTS)]
        self._bodies = [(body, _line(("", "", body))) for body in bodies]
        self._titles = [texts.of(-number - 1, 8).strip() for number in range(TITLES)]
        self._title_lines = [_line((title, "", "")) for title in self._titles]
        self._sentences = [
            " ".join(("Reports of", *rule_words(texts, number), "came in.")) for number in range(RULES)
        ]
        self._sentence_lines = [_line(("", "", one)) for one in self._sentences]
        self._matches = [self._match(rules, number) for number in range(RULES)]
        self._weights = [1 / (1 + number) for number in range(RULES)]
        self._ruleset = rules.version
        self._entry = entry_columns(NewEntry(ParsedEntry("", "", ""), "", "", Fate.READ), "", "", END)
        article = NewArticle(
            entry_row=0, feed_id=1, feed_name="", feed_tags=(), url="https://paper.example/", url_key="", title="",
            text="", summary="", publisher="", quality=Quality.FULL, content_hash="", first_seen=END,
            published=END,
        )  # fmt: skip
        self._article = article_columns(article) | {
            "story_id": "", "duplicate_of": None, "duplicate_reason": None, "duplicate_why": None,
            "ruleset": self._ruleset, "stage": "matched",
        }  # fmt: skip
        self._delivery = delivery_columns(_alert(size), DeliveryState.SENT, END) | {
            "sent_at": END, "attempts": 1, "last_error": None, "receipt": "250 taken",
        }  # fmt: skip
        self._open: list[_Place] = []
        self._large: _Place | None = None
        self._deliveries = self._matched = 0
        self._told: set[int] = set()

    def write(self) -> None:
        """All of them, the oldest first."""
        numbers = iter(range(self._size.articles))
        while some := list(islice(numbers, CHUNK)):
            rows: dict[str, list[dict[str, Any]]] = {}
            for number in some:
                self._one(number, rows)
            for name in _ORDER:
                self._writer.write(_TABLES[name], rows.get(name, ()))
        self._writer.write(t.batches, self._mornings())

    def _one(self, number: int, rows: dict[str, list[dict[str, Any]]]) -> None:
        dice, row, seen = self._dice, number + 1, self._size.seen(number)
        place = self._story(row, seen)
        title_number, text_number = (place.event * 7) % TITLES, number % TEXTS
        body, line = self._bodies[text_number]
        rule = dice.choices(range(RULES), self._weights)[0] if dice.random() < MATCHED else None
        if rule is not None:
            body, line = f"{self._sentences[rule]} {body}", f"{self._sentence_lines[rule]} {line}"
        feed = dice.randrange(self._size.feeds)
        url = f"https://paper{feed}.example/news/{number}.html"
        title = f"{self._titles[title_number]} {number}"
        rows.setdefault("entries", []).append(self._entry | {
            "id": row, "feed_id": feed + 1, "identity": url, "entry_id": url, "id_hash": url, "url_key": url,
            "link": url, "title": title, "summary": body[:300], "text_hash": url, "published": seen,
            "first_seen": seen, "listed_at": seen, "next_read_at": seen,
        })  # fmt: skip
        copy = place.root != row and number % 6 == 0
        rows.setdefault("articles", []).append(self._article | {
            "id": row, "entry_row": row, "feed_id": feed + 1, "feed_name": f"Paper {feed}",
            "feed_tags": [f"tag-{feed % 20}"], "url": url, "url_key": url, "title": title, "text": body,
            "publisher": f"Paper {feed}", "content_hash": url, "first_seen": seen, "published": seen,
            "language": _LANGUAGES[place.event % len(_LANGUAGES)], "page_key": url,
            "story_id": f"s_{place.root:x}",
            "entities": [_named((place.event + one) % 500) for one in range(3)],
            "duplicate_of": place.root if copy else None,
            "duplicate_reason": DuplicateReason.NEAR_DUPLICATE.value if copy else None,
            "duplicate_why": "0.93 of its words" if copy else None,
        })  # fmt: skip
        if not copy:
            rows.setdefault("story_nodes", []).append({
                "root": row, "article_id": row, "dated": seen, "language": "en", "title_only": False,
                "content_order": str(row), "seen": seen,
            })  # fmt: skip
            if place.root != row:
                rows.setdefault("story_edges", []).append(
                    {"one": place.root, "other": row, "weight": dice.random()}
                )
        rows.setdefault("article_index", []).append(
            {"rowid": row, "tokens": f"{self._title_lines[title_number]} {line}"}
        )
        rows.setdefault("indexed_articles", []).append(
            {"article_id": row, "analyser": TERMS_VERSION, "state": "held"}
        )
        if rule is not None:
            self._matched_by(rule, row, place, seen, rows)

    def _story(self, row: int, seen: datetime) -> _Place:
        dice = self._dice
        late = END - seen < _LARGE_DAYS
        share = _LARGE * self._size.days / (_LARGE_DAYS.days * 1_000_000)
        if late and dice.random() < share:
            self._large = self._large or _Place(row, row)
            return self._large
        if self._open and dice.random() < 2 / 3:
            return dice.choice(self._open)
        made = _Place(row, row)
        self._open.append(made)
        if len(self._open) > _OPEN:
            self._open[dice.randrange(_OPEN)] = self._open.pop()
        return made

    def _matched_by(
        self, rule: int, row: int, place: _Place, seen: datetime, rows: dict[str, list[dict[str, Any]]]
    ) -> None:
        self._matched += 1
        match, at = self._matched, seen + timedelta(seconds=5)
        rows.setdefault("matches", []).append(
            self._matches[rule] | {"id": match, "article_id": row, "matched_at": at}
        )
        batch, first = f"s_{place.root:x}#1", place.root not in self._told
        planned, merged = RoutingState.PLANNED.value, RoutingState.MERGED.value
        rows.setdefault("routings", []).append(
            _routing(match, "alerts", planned if first else merged, batch if first else None)
        )
        waits = self._size.articles - row < PENDING / MATCHED
        rows["routings"].append(
            _routing(
                match,
                "morning",
                RoutingState.PENDING.value if waits else planned,
                None if waits else f"{seen:%Y-%m-%d}",
            )
        )
        if first:
            self._told.add(place.root)
            self._deliveries += 1
            number, sent = self._deliveries, at + timedelta(seconds=30)
            ill = number > 20 and self._size.articles - row < 100 / MATCHED
            state = (DeliveryState.DEAD if number % 2 else DeliveryState.WAITING) if ill else DeliveryState.SENT
            rows.setdefault("batches", []).append(_batch("alerts", batch, at, 1))
            rows.setdefault("deliveries", []).append(self._delivery | {
                "id": number, "key": f"key{number:032x}", "batch": batch, "created_at": at, "next_attempt_at": at,
                "state": state.value, "sent_at": None if ill else sent,
                "last_error": "temporary: 451 later" if ill else None,
            })  # fmt: skip
            rows.setdefault("attempts", []).append(
                {"id": number, "delivery_id": number, "at": sent, "outcome": "sent", "detail": "250 taken"}
            )

    def _mornings(self) -> Iterator[dict[str, Any]]:
        for day in range(1, self._size.days + 1):
            at = END - timedelta(days=day)
            yield _batch("morning", f"{at:%Y-%m-%d}", at, 30)

    def _match(self, rules: RuleSet, number: int) -> dict[str, Any]:
        """The columns of a match of a rule, as the rule itself makes it."""
        document = Document(id="1", title="", body=self._sentences[number])
        (match,) = (
            one for one in rules.match(document) if isinstance(one, Match) and one.rule == f"rule-{number}"
        )
        new = NewMatch(match, rules.rule(match.rule), because(match.explanation), (), (f"sentence {number}",))
        return match_columns(0, new, END)


def _line(texts: tuple[str, str, str]) -> str:
    return " ".join(sorted(map(spelled, terms_of(texts))))


def _named(number: int) -> dict[str, str]:
    return {"name": f"Name {number}", "type": "person", "id": f"n{number}"}


def _routing(match: int, digest: str, state: str, batch: str | None) -> dict[str, Any]:
    return {"match_id": match, "digest": digest, "state": state, "batch": batch}


def _batch(digest: str, batch: str, at: datetime, stories: int) -> dict[str, Any]:
    return {
        "digest": digest, "batch": batch, "draft": False, "window_start": at - timedelta(minutes=1),
        "window_end": at, "stories": stories, "planned_at": at,
    }  # fmt: skip


def _alert(size: Size) -> NewDelivery:
    """A message as long as an alert of one story: 6 kB."""
    text = "A crossing was closed. " * 60
    message = Message(MessageFormat.EMAIL, "A crossing was closed", text, END, html=f"<p>{text * 3}</p>")
    return NewDelivery("", "alerts", "", "desk", ChannelKind.EMAIL, "desk@example.org", message)


_ARTICLE_INDEX = sa.table("article_index", sa.column("rowid", sa.Integer), sa.column("tokens", sa.Text))
_TABLES: Mapping[str, Any] = {
    **{name: t.metadata.tables[name] for name in (
        "entries", "articles", "story_nodes", "story_edges", "matches", "routings", "batches", "deliveries",
        "attempts",
    )},
    "indexed_articles": indexed_articles,
    "article_index": _ARTICLE_INDEX,
}  # fmt: skip
_ORDER = tuple(_TABLES)
