"""One log line per decision, with its named reason.

The same thing has the same name in every line, and in `monitor why`: `feed_id`, `entry`, `article`, `story`,
`match`, `digest` and `batch`, `delivery` and `key`. A line names what it is about and what it came from, so that
the way of an entry can be followed by ids alone. No line holds a feed's address, nor the query of any other, which
may be secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from monitor.core.health.incidents import Tell
from monitor.core.stories.idf import Idf
from monitor.core.text.shown_url import without_query
from monitor.model.article import Article, ReadOutcome
from monitor.model.delivery import DeliveryState
from monitor.model.feed import POLL_SUCCESS, Feed
from monitor.model.gap import GapEnd
from monitor.model.jobs import Dispatched
from monitor.model.ledger import Plan
from monitor.model.suppression import UNSUBSCRIBED
from monitor.model.websub import HubTrust
from monitor.pipeline.answers import PollReport
from monitor.pipeline.deliver import DeliveryReport
from monitor.pipeline.digest import PlanFailure
from monitor.pipeline.gaps import GapReport
from monitor.pipeline.group import GroupReport
from monitor.pipeline.health import HealthReport
from monitor.pipeline.match import MatchReport
from monitor.pipeline.pushes import PushReport
from monitor.pipeline.read import ReadReport
from monitor.pipeline.websub import HubReport

Log = structlog.stdlib.BoundLogger

MOST_IDS = 500
"""Ids in one line: journald cuts a line at 48 kB. How many there are is said beside them."""


def say_poll(log: Log, report: PollReport) -> None:
    """A poll: quiet when nothing changed."""
    decision = report.decision
    words = {
        **_feed(report.feed),
        "outcome": decision.outcome.value,
        "next": decision.next_poll_at.isoformat(timespec="seconds"),
        "reason": decision.reason.value,
    }
    if decision.outcome not in POLL_SUCCESS:
        log.warning("poll failed", **words, why=decision.error, failures=decision.failures)
    elif report.first:
        log.info(
            "first poll",
            **words,
            entries=report.entries,
            will_be_read=report.waiting,
            stored_as_seen=report.seen,
            too_old=report.too_old,
        )
    elif report.may_have_lost:
        why = "all that it lists is new: entries may have come and gone since the last poll"
        log.warning("may have lost entries", **words, new=report.waiting, why=why)
    elif report.waiting or report.too_old or report.revised:
        log.info("new entries", **words, new=report.waiting, too_old=report.too_old, revised=report.revised)
    else:
        log.debug("nothing new", **words)


def say_gap(log: Log, report: GapReport) -> None:
    """An older page of a feed that may have lost entries; loud when some stay lost."""
    step = report.step
    # Not its address: that of a feed may hold a token.
    words = {**_feed(report.feed), "pages": report.pages, "new": report.waiting}
    if step.retry_at is not None:
        again = step.retry_at.isoformat(timespec="seconds")
        log.warning("older page not read", **words, why=step.error, failures=step.failures, next=again)
    elif step.ended is None:
        log.info("older page read", **words)
    elif step.ended is GapEnd.JOINED:
        log.info("gap filled", **words, why="it lists what was stored before: nothing was lost")
    else:
        log.warning("gap not filled", **words, reason=step.ended.value, why=step.error)


def say_push(log: Log, report: PushReport) -> None:
    """A push: quiet when all of it was known."""
    if report.why is not None:
        why = f"{report.why}: the feed is polled instead"
        log.warning("push not read", **_feed(report.feed), why=why)
    elif report.waiting or report.too_old or report.revised:
        words = {"new": report.waiting, "too_old": report.too_old, "revised": report.revised}
        log.info("new entries pushed", **_feed(report.feed), **words)
    else:
        log.debug("nothing new pushed", **_feed(report.feed))


def say_hub(log: Log, report: HubReport) -> None:
    """A request to a hub; nothing of what it was told."""
    one = report.subscription
    words = {"hub": without_query(one.hub), "topic": without_query(one.topic), "step": report.step.value}
    if report.error is not None:
        log.warning("hub failed", **words, why=report.error, failures=one.failures + 1)
    else:
        log.info("hub asked", **words)


def say_doubt(log: Log, feed: Feed, trust: HubTrust) -> None:
    """A feed that was left to its hub is polled again."""
    why = "a poll found an entry that its hub had not announced"
    log.warning("hub not relied on", **_feed(feed), reason=trust.value, why=why)


def say_read(log: Log, report: ReadReport) -> None:
    """A read: loud when the page could not be had."""
    entry = report.entry
    words = {
        "entry": entry.row,
        "feed": _name(entry.feed_name),
        "feed_id": entry.feed_id,
        "url": without_query(entry.new.parsed.link or ""),
        "outcome": report.outcome.value,
        **_known(article=report.article, revision=report.revision, revises=entry.new.revision_of),
    }
    if report.outcome in (ReadOutcome.FALLBACK, ReadOutcome.POSTPONED, ReadOutcome.STUB, ReadOutcome.UNREAD):
        log.warning("page not read", **words, why=report.why)
    else:
        log.debug("read", **words)


def say_match(log: Log, report: MatchReport) -> None:
    """Matches and rules that failed."""
    words = _article(report.article, report.article.story_id)
    if report.why is not None:
        log.error("not matched", **words, why=report.why)
    elif not report.matches:
        log.debug("no match", **words)
    for match in report.matches:
        log.info(
            "match",
            **_known(match=report.ids.get(match.rule.id)),
            rule=match.rule.id,
            because=match.because,
            **words,
            digests=list(match.digests),
        )
    for failure in report.failures:
        log.error("rule failed", rule=failure.rule, **words, why=failure.why)


def say_group(log: Log, report: GroupReport) -> None:
    """A story joined, or an article that broke the stage."""
    grouping = report.grouping
    words = _article(report.article, grouping.story_id)
    if report.why is not None:
        log.error("not compared, stands alone", **words, why=report.why)
    elif grouping.duplicate_of is not None and grouping.reason is not None:
        log.info("duplicate", **words, duplicate_of=grouping.duplicate_of, reason=grouping.reason.value)
    else:
        log.debug("grouped", **words)
    if report.placed:
        log.info("story too large to be settled anew", **words)
    if report.crowded:
        log.info("not compared with all that may be copies: there are too many", lookups=report.crowded)
    if report.woken:
        log.info("matches wait again: their story changed", matches=report.woken)


def say_weights(log: Log, made: Idf | None) -> None:
    """Term weights that were learned anew."""
    if made is not None:
        log.info("weights learned", version=made.version, documents=round(made.documents))


def say_dispatch(log: Log, done: Dispatched) -> None:
    """What went into the queue; feeds whose host waits there already, and work that was taken from the dead."""
    if done.rescued:
        log.warning("work of workers that are gone is given to others", jobs=done.rescued)
    elif done.full:
        log.warning("workers are too few: the queue is full, and what is due waits", then="start more workers")
    elif done.waiting:
        log.info("workers are busy: jobs of these hosts wait already", feeds=done.waiting, dispatched=done.feeds)
    elif done.parts:
        log.debug("articles are given out to be matched", jobs=done.parts)
    else:
        log.debug("dispatched", feeds=done.feeds, jobs=done.jobs)


def say_plan(log: Log, plan: Plan | PlanFailure) -> None:
    """A planned batch; windows in which nothing happened are closed quietly."""
    if isinstance(plan, PlanFailure):
        log.error("not planned", digest=plan.digest, batch=plan.batch, why=plan.why)
        return
    words: dict[str, Any] = {
        "digest": plan.digest,
        "batch": plan.batch,
        "stories": plan.stories,
        "merged": len(plan.merged),
        "deliveries": len(plan.deliveries),
        "draft": plan.draft,
    }
    ids = {
        "matches": plan.planned,
        "merged_matches": plan.merged,
        "too_few_matches": tuple(plan.too_few),
        "silenced_matches": tuple(plan.silenced),
    }
    for name, some in ids.items():
        if some:
            words[name] = list(some[:MOST_IDS])
        if len(some) > MOST_IDS:
            words[f"{name}_in_all"] = len(some)
    (log.info if plan.deliveries or plan.merged else log.debug)("planned", **words)


def say_delivery(log: Log, report: DeliveryReport) -> None:
    """A delivery made, or why not and when again."""
    new = report.delivery.new
    words = {
        "delivery": report.delivery.id,
        "key": new.key,
        "digest": new.digest,
        "batch": new.batch,
        "receiver": new.receiver,
        "channel": new.channel.value,
    }
    if report.suppressed:
        log.info("not sent", **words, reason=DeliveryState.SUPPRESSED.value, why=UNSUBSCRIBED)
        return
    if report.failure is None or report.decision is None:
        log.info("delivered", **words, receipt=report.receipt.detail if report.receipt else None)
        return
    retry_at = report.decision.retry_at
    say = log.error if retry_at is None else log.warning
    say(
        "not delivered" if retry_at else "given up",
        **words,
        why=str(report.failure),
        reason=report.decision.reason.value,
        again=retry_at.isoformat(timespec="seconds") if retry_at else None,
    )


def say_health(log: Log, report: HealthReport) -> None:
    """What was told of the monitor itself; a trouble that reaches nobody is said louder."""
    words = {"batch": report.batch, "title": report.title, "messages": report.deliveries}
    if report.tell is not Tell.BEGINS:
        log.info("health", **words)
        return
    nobody = {"told": "nobody: [health].receivers names no other receiver"} if report.reaches_nobody else {}
    for incident in report.incidents:
        log.error(
            "trouble", kind=incident.kind.value, about=incident.subject, why=incident.detail, **words, **nobody
        )


def say_prune(log: Log, gone: Mapping[str, int]) -> None:
    """What a round of pruning took, by kind; quiet when nothing was due."""
    if gone:
        log.info("pruned", **{step.replace(" ", "_"): rows for step, rows in gone.items()})


def say_index(log: Log, *, waiting: int) -> None:
    """The full-text index is behind: searches read what waits until it is indexed."""
    log.info("indexing", waiting=waiting, why="stored before the index, or before its analyser changed")


def say_indexed(log: Log, *, articles: int, seconds: float, left: int) -> None:
    """What came of it; `left` waits still: the daemon stops, or they cannot be indexed now."""
    log.info("indexed", articles=articles, seconds=round(seconds, 1), left=left)


def _feed(feed: Feed) -> dict[str, Any]:
    return {"feed": _name(feed.name), "feed_id": feed.id}


def _name(feed: str) -> str:
    """A feed that has told no title yet is called by its address."""
    return without_query(feed) if "://" in feed else feed


def _article(article: Article, story: str | None) -> dict[str, Any]:
    return {
        "entry": article.entry_row,
        "article": article.id,
        "story": story,
        "url": without_query(article.url),
    }


def _known(**ids: int | None) -> dict[str, Any]:
    return {name: value for name, value in ids.items() if value is not None}
