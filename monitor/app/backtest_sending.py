"""`monitor rules backtest --send`: what a backtest found, told once to the receivers of a digest.

It becomes one batch of the digest in the outbox, with its matches in the record, in one transaction: a daemon at
work finds the messages there and sends them, and plans none of it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from monitor.app.backtest import Answer, Backtest
from monitor.app.counting import counted
from monitor.app.deliveries import who_sends
from monitor.app.previews import preview_texts
from monitor.app.questions import House, asking_stage
from monitor.core.digests.plan import look_back_batch
from monitor.model.digest import Digest, Window
from monitor.model.errors import MonitorError
from monitor.model.ledger import LookBack, Plan, StoredMatch
from monitor.pipeline.match import analyser_version, document_of, earlier_wording, new_match

MOST = 2_000
"""Articles sent at once: more are no alert but an archive."""


_INSTANT = timedelta(microseconds=1)  # a window is never empty


class TooMuch(MonitorError):
    """More was found than anybody would read."""


class Meanwhile(MonitorError):
    """The store was changed between the backtest and the sending."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What is to be sent. Of the articles found the digest has, or has told, some `before`: the very match, or the
    rule on their story; some `wait` for the daemon to read them, and are not sent."""

    digest: str
    receivers: tuple[str, ...]
    plan: Plan | None  # None: nothing is left to tell
    said: Digest | None
    found: tuple[StoredMatch, ...]
    before: int
    wait: int

    @property
    def articles(self) -> int:
        """How many articles are told."""
        return len(self.plan.planned) if self.plan else 0


def prepare(house: House, test: Backtest, answers: Sequence[Answer], digest: str) -> Sending:
    """What of a backtest the digest has not told; changes nothing. Raises NoSuchDigest and TooMuch."""
    house.expect(digest=digest)
    settings = next(one for one in house.settings.digests if one.name == digest)
    rule, asked = test.trial.tried.rule, test.asked
    now = house.clock.now()
    recorded = house.store.ledger.recorded(rule.id, asked.since, asked.until)
    told = {article for article, answer in recorded.items() if digest in answer.digests}
    matching = [answer for answer in answers if answer.match is not None]
    left = [one for one in matching if one.article.id not in told and one.article.ruleset is not None]
    wait = sum(one.article.id not in told and one.article.ruleset is None for one in matching)
    if len(left) > MOST:
        why = f"{len(left):,} articles were found, more than the {MOST:,} that are sent at once"
        raise TooMuch(f"{why}: narrow the query, or --since and --until")
    found = tuple(_stored(house, test, one, digest) for one in left)
    plan, said = None, None
    if found:
        stage = asking_stage(house, {receiver.name: receiver for receiver in house.settings.receivers})
        begin = asked.since or min(one.article.first_seen for one in found)
        window = Window(min(begin, now - _INSTANT), now)  # the message bears the time at which it is sent
        batch = look_back_batch(rule.id, rule.version, [one.id for one in found])
        plan, said = stage.look_back(settings, found, window, batch)
    merged = len(plan.merged) if plan else 0
    empty = plan is None or not plan.planned
    return Sending(
        digest, settings.to, None if empty else plan, said, found, len(matching) - len(left) - wait + merged, wait
    )


def send(house: House, sending: Sending) -> None:
    """Puts it into the outbox; what was put there before stays as it is. Raises Meanwhile, with nothing done."""
    if sending.plan is None:
        return
    if house.store.digests.record_look_back(sending.plan, sending.found, house.clock.now()) is LookBack.CHANGED:
        raise Meanwhile("the store has changed since the articles were read: nothing was sent; run it again")


def _stored(house: House, test: Backtest, answer: Answer, digest: str) -> StoredMatch:
    assert answer.match is not None, "only matches are sent"
    article = answer.article
    earlier = earlier_wording(house.store.articles, article)
    tried = test.trial.tried
    new = new_match(
        answer.match, tried.rule, document_of(article), (digest,), earlier, analyser_version(tried.ruleset)
    )
    return StoredMatch(article.id, new, article, house.clock.now())


# ---- said


def question(sending: Sending) -> str:
    """What a person is asked before it happens."""
    return f"Send {_what(sending)} to {', '.join(sending.receivers)}?"


def sending_lines(sending: Sending, holder: int | None, *, dry_run: bool) -> Iterator[str]:
    """What was sent, or would be, and what was left out."""
    if sending.plan is None:
        yield f"Nothing to send: digest {sending.digest} has told all that was found."
    else:
        verb = "Would send" if dry_run else "In the outbox:"
        yield f"{verb} {_what(sending)} to {', '.join(sending.receivers)}, as digest {sending.digest}."
    if sending.before:
        yield f"Not again: {counted(sending.before, 'article')} that the digest has told, or has before it."
    if sending.wait:
        wait = counted(sending.wait, "article that waits", "articles that wait")
        yield f"Not yet: {wait} for the rules; the monitor reads {'it' if sending.wait == 1 else 'them'} first."
    if sending.plan is not None and not dry_run:
        yield who_sends(holder)


def sending_text(sending: Sending) -> Iterator[str]:
    """The messages as text."""
    if sending.plan is not None and sending.said is not None:
        yield from preview_texts(sending.said, "text")


def sending_json(sending: Sending, *, sent: bool) -> dict[str, Any]:
    """The same for programs."""
    plan = sending.plan
    return {
        "digest": sending.digest,
        "batch": plan.batch if plan else None,
        "sent": sent and plan is not None,
        "stories": plan.stories if plan else 0,
        "articles": sending.articles,
        "deliveries": len(plan.deliveries) if plan else 0,
        "told_before": sending.before,
        "waiting": sending.wait,
    }


def _what(sending: Sending) -> str:
    stories = sending.plan.stories if sending.plan else 0
    return f"{counted(stories, 'story', 'stories')} ({counted(sending.articles, 'article')})"
