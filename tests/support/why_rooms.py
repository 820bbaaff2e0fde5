"""Newsrooms in which an entry, a match or a delivery is at each place where it can be, for `monitor why`."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from made import MINUTE, NOON, feed_settings
from newsroom import DAY, FEED, HOUR, RULES, Newsroom, digest_settings, failing, item, rss

from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import DROPPED
from monitor.app.standing import Standing, inboxes_of
from monitor.app.waiting import Waiting
from monitor.app.why import Why, why
from monitor.core.stories.publishers import Publishers
from monitor.model.article import Dropped, DropReason
from monitor.model.delivery import ChannelKind, EmailEndpoint, Receiver
from monitor.model.digest import AlreadySent, Cron, Every, QuietSettings
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import PollOutcome
from monitor.model.rule import Severity
from monitor.model.silence import NewSilence, SilenceMode
from monitor.model.telling import Updates
from monitor.testing import RecordingChannel

URL = "https://news.example/e1"
DESK = Receiver("desk", (EmailEndpoint(("desk@example.org",)),))
MORNING = Cron("0 8 * * *")
NIGHT = QuietSettings((time(11), time(14)))
PAUSED = QuietSettings(pause=((NOON.date(), NOON.date()),))
LOUD = replace(NIGHT, override=Severity.HIGH)


def newsroom(*failures: DeliveryFailed, **more: Any) -> Newsroom:
    """A newsroom that keeps its rules and sends mail to the desk."""
    channels = {("desk", ChannelKind.EMAIL): RecordingChannel(failures)}
    room = Newsroom(**{"receivers": [DESK], "channels": channels, **more})
    room.store.articles.record_ruleset(room.ruleset.version, list(room.ruleset.sources.items()), NOON)
    return room


def with_digest(*failures: DeliveryFailed, **more: Any) -> Newsroom:
    return newsroom(*failures, digests=[digest_settings(**more)])


def standing(room: Newsroom) -> Standing:
    broken = {(one.receiver, one.channel): one for one in room.store.receivers.broken()}
    digests = {one.name: one for one in room.digests}
    return Standing(room.clock.now(), digests, inboxes_of(room.receivers), broken)


def asked(room: Newsroom, url: str, **how: Any) -> Why:
    waiting = Waiting({one.name: one for one in room.digests}, Publishers(), room.clock.now())
    names = [one.name for one in room.digests]
    how = {"waiting": waiting, "digests": names, "standing": standing(room), **how}
    return why(room.store, url, room.ruleset, **how)


# ---- how each cell comes to be


def at_subscription() -> Newsroom:
    room = newsroom(feeds=[feed_settings(FEED)])
    room.serve(item())
    room.poll()
    return room


def too_old() -> Newsroom:
    room = newsroom(feeds=[feed_settings(FEED, backfill=30 * DAY)])
    room.bring_in(item(published=NOON - 8 * DAY))
    return room


def older_page() -> Newsroom:
    """On an older page of a feed that had listed nothing of before, and from before it was last read."""
    room = newsroom(feeds=[feed_settings(FEED, backfill=30 * DAY)])
    room.serve(*(item(f"a{n}", f"First {n}") for n in range(3)))
    room.poll()
    more = f"<link xmlns='http://www.w3.org/2005/Atom' rel='next' href='{FEED}?page=2'/>"
    later = room.clock.now() + HOUR
    room.fetcher.answers[FEED] = rss(*(item(f"d{n}", f"Later {n}", published=later) for n in range(3)), more=more)
    room.fetcher.answers[f"{FEED}?page=2"] = rss(item(published=NOON - 2 * DAY))
    room.repoll()
    room.fill()
    return room


def lost_feed() -> Newsroom:
    """A feed that may have lost entries."""
    room = newsroom()
    room.serve(*(item(f"a{n}", f"First {n}") for n in range(3)))
    room.poll()
    room.serve(*(item(f"d{n}", f"Later {n}") for n in range(3)))
    room.repoll()
    return room


def polled(*stages: str) -> Newsroom:
    room = newsroom()
    room.serve(item())
    for stage in ("poll", *stages):
        getattr(room, stage)()
    return room


def page_waits() -> Newsroom:
    room = newsroom(feeds=[feed_settings(FEED, full_text=True, backfill=DAY)])
    room.fetcher.answers[URL] = failing(PollOutcome.HTTP_ERROR, 404, "HTTP 404")
    room.bring_in(item())
    return room


def forgotten(*stages: str) -> Newsroom:
    room = polled(*stages)
    room.store.retention.forget(URL, URL, room.clock.now(), even_unsent=True)
    return room


def told(*failures: DeliveryFailed, **more: Any) -> Newsroom:
    room = with_digest(*failures, **more)
    room.bring_in(item())
    room.plan()
    room.deliver()
    return room


def pruned() -> Newsroom:
    room = told()
    room.clock.advance(31 * DAY)
    room.prune(30 * DAY)
    return room


def copy() -> Newsroom:
    room = told()
    room.clock.advance(HOUR)
    room.bring_in(item(), item("copy", link="https://news.example/copy"))
    room.plan()
    return room


def revised(text: str, **more: Any) -> Newsroom:
    room = told(**more)
    room.clock.advance(HOUR)
    room.bring_in(item(summary=text))
    room.plan()
    return room


def cut_part() -> Newsroom:
    room = newsroom()
    room.bring_in(item("e1", "Torkham talks", "Ministers meet."))
    dropped = (Dropped(DropReason.COHESION_CUT, "It was closed."),)
    with room.store._db.write() as connection:
        connection.execute(t.articles.update().values(dropped=DROPPED.dump_python(dropped, mode="json")))
    return room


def rules_then(now: str) -> Newsroom:
    room = with_digest()
    room.bring_in(item(summary="Torkham was shut.", title="Border"))
    room.rules = now
    return room


def rules_not_kept() -> Newsroom:
    room = rules_then(RULES + "\n[[rules]]\nid = 'shut'\nquery = 'shut'\n")
    with room.store._db.write() as connection:
        connection.execute(t.rulesets.delete())
    return room


def matched(**more: Any) -> Newsroom:
    room = with_digest(**more)
    room.bring_in(item())
    room.plan()
    return room


def late_window() -> Newsroom:
    room = matched(schedule=Every(HOUR))
    room.clock.advance(3 * HOUR + 10 * MINUTE)
    return room


def follow_up() -> Newsroom:
    room = told()
    room.clock.advance(MINUTE)
    room.bring_in(item(summary="The Torkham crossing was closed on Sunday. Torkham was closed by Chaman men."))
    room.plan()
    return room


def silenced(mode: SilenceMode, *, over: bool) -> Newsroom:
    room = with_digest()
    room.store.silences.add(NewSilence(mode, NOON, NOON + HOUR, "Sara", "planned works", rules=("*",)), NOON)
    room.bring_in(item())
    if over:
        room.plan()
    return room


def too_few() -> Newsroom:
    room = matched(min_publishers=2)
    for wait in (4 * DAY, 4 * DAY):
        room.clock.advance(wait)
        room.plan()
    return room


def no_digest() -> Newsroom:
    return matched(rules=("floods",))


def digest_gone() -> Newsroom:
    room = matched(schedule=MORNING)
    room.digests = []
    return room


def drafted() -> Newsroom:
    room = matched(schedule=MORNING)
    room.plan(close_all=True, draft=True)
    return room


def crowd(count: int = 12, **more: Any) -> Newsroom:
    """So many stories that are due at once; e1 is the oldest."""
    room = with_digest(**more)
    for number in range(1, count + 1):
        room.serve(
            item(f"e{number}", f"Torkham closed by {WORDS[number]}", f"Torkham closed: {WORDS[number] * 3}.")
        )
        room.store.feeds.make_all_due(room.clock.now())
        room.clock.advance(timedelta(seconds=1))
        room.poll()
    room.read()
    room.group()
    room.match()
    with room.store._db.write() as connection:  # each a story of its own, whatever the likeness of their words
        for row in connection.execute(t.articles.select()).all():
            change = t.articles.update().where(t.articles.c.id == row.id)
            connection.execute(change.values(story_id=f"s_{row.id}"))
    return room


WORDS = [f"{letter * 4}ash " for letter in "abcdefghijklmnopqrstuvwxyz"]


def storm() -> Newsroom:
    room = crowd()
    room.plan()
    return room


def after_quiet() -> Newsroom:
    room = crowd(3, quiet=NIGHT)
    room.clock.set(NOON + 2 * HOUR)
    room.plan()
    return room


def override() -> Newsroom:
    room = with_digest(schedule=Cron("30 12 * * *"), quiet=LOUD)
    room.bring_in(item())
    room.clock.set(NOON + 31 * MINUTE)
    room.plan()
    return room


def beyond_room() -> Newsroom:
    room = crowd(4, schedule=Every(HOUR), max_stories=2)
    room.clock.advance(HOUR)
    room.plan()
    return room


def twice(how: AlreadySent) -> Newsroom:
    """Alerts, then the morning digest, to the same address."""
    morning = digest_settings("morning", schedule=MORNING, already_sent=how)
    room = newsroom(digests=[digest_settings(), morning])
    room.bring_in(item())
    room.plan()
    room.deliver()
    room.clock.set(NOON + 20 * HOUR)
    room.plan()
    return room


def in_thread() -> Newsroom:
    room = follow_up()
    room.clock.advance(20 * MINUTE)
    room.plan()
    return room


def unsubscribed(late: bool) -> Newsroom:
    room = with_digest()
    room.bring_in(item())
    gone = frozenset({"desk@example.org"})
    list(replace(room.planner(), suppressed=lambda _: frozenset() if late else gone).run())
    row = {"digest": "alerts", "recipient": "desk@example.org", "since": NOON, "by": "link"}
    with room.store._db.write() as connection:
        connection.execute(t.suppressions.insert().values(row))
    if late:
        (one,) = room.store.outbox.claim(room.clock.now(), timedelta(minutes=1), 1)
        room.store.outbox.record_suppressed(one, room.clock.now())
    return room


def many_readers(number: int = 30) -> Newsroom:
    addresses = tuple(f"r{n}@example.org" for n in range(number))
    failure = DeliveryFailed(DeliveryFault.REFUSED, "550 no such user")
    room = newsroom(failure, receivers=[Receiver("desk", (EmailEndpoint(addresses),))])
    room.bring_in(item())
    room.plan()
    room.deliver()
    return room


def inbox_gone() -> Newsroom:
    room = matched()
    room.receivers = [Receiver("ops", (EmailEndpoint(("ops@example.org",)),))]
    return room


def in_parts() -> Newsroom:
    room = told()
    with room.store._db.write() as connection:
        row = dict(connection.execute(t.deliveries.select()).mappings().one())
        del row["id"]
        connection.execute(t.deliveries.insert().values({**row, "key": "b" * 32, "thread": row["key"]}))
    return room


def unread_feed() -> Newsroom:
    room = newsroom()
    room.fetcher.answers[FEED] = failing(PollOutcome.HTTP_ERROR, 503, "HTTP 503")
    room.poll()
    return room


def unwanted() -> Newsroom:
    more = "The Torkham crossing was closed on Sunday. Chaman at Torkham: closed."
    return revised(more, updates=Updates.NONE)


def unplanned() -> Newsroom:
    room = with_digest()
    room.bring_in(item())
    return room


def windowed() -> Newsroom:
    room = with_digest(schedule=Every(HOUR))
    room.bring_in(item())
    room.clock.advance(HOUR)
    room.plan()
    return room
