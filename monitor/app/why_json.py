"""The answer of `monitor why` as JSON with stable keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.app.left_out import LeftOut
from monitor.app.standing import Standing
from monitor.app.times import iso_time
from monitor.app.why import Why
from monitor.app.why_answers import RuleAnswer, Went
from monitor.app.why_fetched import page_json
from monitor.app.why_page import reread_json
from monitor.app.why_sent import is_one_line
from monitor.app.why_words import is_revision
from monitor.core.digests.plan import batch_kind
from monitor.model.delivery import Delivery, DeliveryState
from monitor.model.ledger import EntryFate, Routing
from monitor.model.retention import Gone


def why_json(answer: Why) -> list[dict[str, Any]]:
    """The answer as JSON lines: one object per entry, or one that says it was never seen."""
    if not answer.fates:
        return [
            {
                "url": answer.url,
                "seen": False,
                "covering_feeds": [
                    {
                        "name": feed.name,
                        "url": feed.url,
                        "status": feed.status.value,
                        "last_polled_at": iso_time(feed.last_polled_at),
                        "next_poll_at": iso_time(feed.next_poll_at),
                        "error": feed.last_error,
                        "may_have_lost_at": iso_time(feed.may_have_lost_at),
                    }
                    for feed in answer.covering
                ],
                "page": page_json(answer.page),
            }
        ]
    return [_fate_json(answer, fate, answers) for fate, answers in answer.fates]


def _fate_json(answer: Why, fate: EntryFate, answers: Sequence[RuleAnswer]) -> dict[str, Any]:
    return {
        "url": answer.url,
        "seen": True,
        "feed": fate.feed.name,
        "feed_id": fate.feed.id,
        "entry": fate.row,
        "first_seen": iso_time(fate.first_seen),
        "pushed": fate.pushed,
        "published": iso_time(fate.entry.parsed.published),
        "title": fate.entry.parsed.title,
        "fate": fate.entry.fate.value,
        "revision": is_revision(fate),
        "reread": reread_json(fate.reread),
        "text_gone": _gone_json(fate.text_gone),
        "article": _article_json(fate, answer.left_out.get(fate.row, ())),
        "rules_kept": fate.row not in answer.lost_rules,
        "would_match": list(answer.in_its_words.get(fate.row, ())),
        "rules": [
            {
                "rule": one.rule,
                "called_then": one.called or None,
                "match": one.match,
                "version": one.version,
                "analyser_version": one.analyser_version,
                "matched": one.matched,
                "because": one.because,
                "was_there": one.there,
                "now": one.now or None,
            }
            for one in answers
        ],
        "digests": [_went_json(one, went, answer.standing) for one in answers for went in one.went],
    }


def _article_json(fate: EntryFate, left_out: Sequence[LeftOut]) -> dict[str, Any] | None:
    article = fate.article
    if article is None:
        return None
    return {
        "id": article.id,
        "quality": article.quality.value,
        "publisher": article.publisher,
        "words": len(article.text.split()),
        "text_gone": _gone_json(article.text_gone),
        "note": article.note,
        "language": article.language,
        "language_confidence": article.language_confidence,
        "section": article.section or None,
        "authors": list(article.authors),
        "entities": [{"name": one.name, "type": one.type} for one in article.named],
        "story": article.story_id,
        "story_articles": len(fate.story),
        "duplicate_of": fate.original.url if fate.original else None,
        "duplicate_reason": article.duplicate_reason.value if article.duplicate_reason else None,
        "duplicate_why": article.duplicate_why or None,
        "wire": article.wire or None,
        "left_out": [{"reason": one.reason, "words": one.words, "rules": list(one.rules)} for one in left_out],
        "ruleset": article.ruleset,
    }


def _went_json(answer: RuleAnswer, went: Went, standing: Standing) -> dict[str, Any]:
    routing, facts = went.routing, went.routing.facts
    return {
        "digest": routing.digest,
        "rule": answer.rule,
        "match": answer.match,
        "state": routing.state.value,
        "why": routing.why and routing.why.value,
        "said": went.words,
        "waits": went.wait and {"for": went.wait.reason.value, "until": iso_time(went.wait.until)},
        "silence": routing.silence,
        "batch": routing.batch,
        "kind": routing.batch and batch_kind(routing.batch).value,
        "planned_at": facts and facts.planned_at.isoformat(),
        "window": facts and {"start": facts.window.start.isoformat(), "end": facts.window.end.isoformat()},
        "stories": facts and facts.stories,
        "place": facts and facts.place,
        "one_line": is_one_line(routing, standing),
        "deliveries": [_delivery_json(one, standing) for one in routing.deliveries],
        **not_in_full_json(routing),
    }


def _delivery_json(one: Delivery, standing: Standing) -> dict[str, Any]:
    refuses = standing.refuses(one)
    waits = one.state is DeliveryState.WAITING
    return {
        "id": one.id,
        "key": one.new.key,
        "receiver": one.new.receiver,
        "also": list(one.new.also),
        "channel": one.new.channel.value,
        "recipient": one.new.recipient,
        "part": one.new.message.part,
        "parts": one.new.message.parts,
        "thread": one.new.thread,
        "state": one.state.value,
        "sent_at": iso_time(one.sent_at),
        "receipt": one.receipt,
        "attempts": one.attempts,
        "next_attempt_at": iso_time(one.next_attempt_at) if waits else None,
        "error": one.last_error,
        "refuses_since": iso_time(refuses.since) if refuses is not None and waits else None,
        "in_config": standing.knows(one),
    }


def not_in_full_json(routing: Routing) -> dict[str, Any]:
    """Who has less of it than the others, as keys of a JSON object."""
    return {
        "sent_before": [
            {
                "receiver": one.receiver,
                "channel": one.channel.value,
                "recipient": one.recipient,
                "shown": one.shown.value,
                "by_digest": one.by_digest,
                "by_batch": one.by_batch,
                "sent_at": one.sent_at.isoformat(),
            }
            for one in routing.sent_before
        ],
        "unsubscribed": [
            {"recipient": address, "since": since and since.isoformat()} for address, since in routing.unsubscribed
        ],
    }


def _gone_json(gone: Gone | None) -> dict[str, str] | None:
    return None if gone is None else {"reason": gone.reason.value, "at": gone.at.isoformat()}
