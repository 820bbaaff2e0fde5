"""`monitor status`: the numbers on one screen."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from archived import fill
from made import feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, after, digest_settings, failing, item
from status_screen import said, status

from monitor.app.boosting import count_line
from monitor.app.status import status_lines
from monitor.app.status_json import status_json
from monitor.model.cadence import Boost
from monitor.model.delivery import ChannelKind, EmailEndpoint, Receiver, StdoutEndpoint
from monitor.model.digest import Cron, QuietSettings
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import Pause, PollOutcome
from monitor.model.health import IncidentKind, Lags, Trouble
from monitor.model.measure import FeedState
from monitor.model.rule import Severity
from monitor.testing import RecordingChannel

BOTH = (feed_settings(FEED, backfill=DAY), feed_settings(OTHER_FEED, name="Wire"))
CONSOLE = Receiver("desk", (StdoutEndpoint(),))
LATER = DeliveryFailed(DeliveryFault.TEMPORARY, "451 later")
NO = DeliveryFailed(DeliveryFault.REFUSED, "550 no such user")


def in_one_line(room: Newsroom) -> str:
    return " ".join(said(room).split())


def test_the_boost_of_a_paused_feed_is_counted_nowhere() -> None:
    room = Newsroom(feeds=BOTH)
    now = room.clock.now()
    room.store.feeds.boost([1, 2], Boost(timedelta(minutes=5), now + HOUR), now)
    room.store.feed_book.pause([2], Pause("anna", now))
    told = count_line(room.store.feeds.all(), now)
    assert told is not None
    assert told.startswith("1 feed boosted")
    assert told in in_one_line(room)


def test_a_fresh_house_says_what_it_is() -> None:
    text = said(Newsroom())
    assert text.startswith("monitor 1.2.3 · running, pid 4711 · sqlite:///monitor.db 4 MB")
    assert "Feeds       1   ok 1 · late 0 · failing 0" in text
    assert "0 polls · 0 entries" in text


def test_without_a_daemon_it_says_so() -> None:
    assert "not running" in said(Newsroom(), holder=None, size=None).splitlines()[0]


def test_rule_files_that_do_not_hold_are_told_with_what_is_in_force() -> None:
    line = "Rules       do not hold; the last that held are in force   monitor check"
    assert line in said(Newsroom(), rules_hold=False).splitlines()
    assert "in force" not in said(Newsroom(), rules_hold=False, holder=None)
    assert "Rules" not in said(Newsroom())
    assert status_json(status(Newsroom(), rules_hold=False))["rules_hold"] is False


def test_articles_that_are_not_indexed_yet_are_counted_with_who_indexes_them() -> None:
    room = Newsroom()
    assert "Index" not in said(room)
    fill(room.store, 1_200)
    line = "Index       1,200 articles not in the index of searches yet: "
    assert f"{line}the daemon indexes them" in said(room).splitlines()
    assert f"{line}monitor run or a search does" in said(room, holder=None).splitlines()
    assert status_json(status(room))["waiting"]["index"] == 1_200


def test_failing_and_gone_feeds_are_named_with_their_error() -> None:
    room = Newsroom(feeds=[*BOTH, feed_settings("https://gone.example/", name="Gone")])
    room.serve(item())
    room.fetcher.answers[OTHER_FEED] = failing(PollOutcome.HTTP_ERROR, 503, "HTTP 503")
    room.fetcher.answers["https://gone.example/"] = failing(PollOutcome.GONE, 410, "HTTP 410")
    room.poll()
    text = said(room)
    assert "Feeds       3   ok 1 · late 0 · failing 2" in text
    assert "Wire: HTTP 503" in text
    assert "Gone: HTTP 410" in text


def test_many_failing_feeds_stay_one_screen() -> None:
    room = Newsroom(feeds=[feed_settings(f"https://feed{n}.example/", name=f"Feed {n}") for n in range(40)])
    room.poll()
    assert "failing 40" in said(room)
    assert len(said(room).splitlines()) < 25


def test_of_many_failing_feeds_only_those_that_are_shown_are_read_unless_all_are_asked_for() -> None:
    room = Newsroom(feeds=[feed_settings(f"https://feed{n}.example/", name=f"Feed {n}") for n in range(40)])
    room.poll()
    found = status(room)
    assert found.feeds.failing == 40
    assert [feed.name for feed in found.failing] == [f"Feed {n}" for n in range(5)]
    assert len(status_json(status(room, failing=None))["feeds"]["errors"]) == 40


def test_a_feed_long_past_its_time_is_late() -> None:
    room = Newsroom()
    room.serve(item())
    room.poll()
    room.clock.advance(timedelta(minutes=25))
    assert status(room).feeds.of(FeedState.LATE) == 0
    room.clock.advance(timedelta(minutes=1))
    assert status(room).feeds.of(FeedState.LATE) == 1
    assert "ok 0 · late 1" in said(room)


def test_feeds_that_wait_for_their_host_are_counted_and_where_to_look_is_named() -> None:
    room = Newsroom(feeds=BOTH)
    room.store.feeds.put_off({feed.id: room.clock.now() + 2 * HOUR for feed in room.store.feeds.all()})
    assert "            2 left alone, since their hosts asked for it: monitor feeds health" in said(room)
    assert status_json(status(room))["feeds"]["left_alone"] == 2
    room.clock.advance(3 * HOUR)
    assert "left alone" not in said(room)


def test_a_feed_no_longer_declared_does_not_count() -> None:
    room = Newsroom(feeds=BOTH)
    room.store.feeds.sync(BOTH[:1], room.clock.now())
    assert status(room).feeds.total == 1


def test_the_last_hour_counts_polls_entries_and_matches() -> None:
    room = Newsroom()
    room.bring_in(item(), item("e2", "Floods in Sindh", "Rain."))
    room.repoll(timedelta(minutes=20))
    assert "2 polls (50 % not modified) · 2 entries · 2 matches · 2 stories" in said(room)
    room.clock.advance(2 * HOUR)
    assert "0 polls · 0 entries · 0 matches · 0 stories" in said(room)


def test_work_in_hand_is_shown_only_when_there_is_some() -> None:
    room = Newsroom()
    assert "In work" not in said(room)
    room.serve(item(), item("e2", "Floods in Sindh"))
    room.poll()
    assert "2 to be read · 0 to be matched" in said(room)
    room.read()
    assert "0 to be read · 2 to be matched" in said(room)


def test_digests_say_when_they_come_next_in_their_own_zone_and_what_waits() -> None:
    room = Newsroom(
        digests=[
            digest_settings("morning", schedule=Cron("0 8 * * *"), timezone="Asia/Kabul"),
            digest_settings("now"),
            digest_settings("sure", min_publishers=3),
        ]
    )
    room.bring_in(item())
    found = status(room)
    assert found.digests[0].next_at == datetime(2023, 2, 23, 3, 30, tzinfo=UTC)
    text = said(room)
    assert "morning  next Thu 08:00 Kabul · 1 match" in text
    assert "now  immediate · 1 match" in text
    assert "sure  immediate · 1 match waiting, min_publishers 3" in text


def test_what_quiet_time_holds_is_said_with_its_end() -> None:
    night = QuietSettings((time(22), time(6)), ((date(2023, 2, 24), date(2023, 2, 24)),))
    kabul = {"timezone": "Asia/Kabul", "quiet": night}
    room = Newsroom(
        digests=[
            digest_settings("late", schedule=Cron("0 23 * * *"), **kabul),
            digest_settings("morning", schedule=Cron("0 8 * * *"), **kabul),
            digest_settings("now", **kabul),
        ]
    )
    assert "late next Thu 06:00 Kabul, held by quiet hours" in in_one_line(room)
    assert "now immediate" in in_one_line(room)
    room.clock.set(datetime(2023, 2, 23, 20, tzinfo=UTC))  # half past midnight
    assert "late next Sat 06:00 Kabul, held by a pause" in in_one_line(room)
    assert "morning next Sat 06:00 Kabul, held by a pause" in in_one_line(room)
    assert "now immediate, held by a pause until Sat 06:00 Kabul" in in_one_line(room)
    found = status_json(status(room))["digests"][2]
    assert (found["next"], found["held_by"]) == (None, "pause")
    assert found["quiet_until"] == "2023-02-25T01:30:00+00:00"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        (Severity.HIGH, "Kabul but for high Outbox"),
        (Severity.NORMAL, "Kabul but for normal and higher Outbox"),
        (None, "Kabul Outbox"),
    ],
)
def test_what_comes_through_quiet_time_is_said_too(override: Severity | None, words: str) -> None:
    night = QuietSettings((time(22), time(6)), override=override)
    room = Newsroom(digests=[digest_settings("now", timezone="Asia/Kabul", quiet=night)])
    room.clock.set(datetime(2023, 2, 23, 20, tzinfo=UTC))
    assert f"immediate, held by quiet hours until Fri 06:00 {words}" in in_one_line(room)
    assert status_json(status(room))["digests"][0]["quiet_override"] == (override and override.value)


def test_a_name_stands_apart_from_what_is_said_of_it_on_long_lines_too() -> None:
    night = QuietSettings((time(22), time(6)), override=Severity.HIGH)
    name = "border-and-trade-of-the-north"
    room = Newsroom(digests=[digest_settings(name, timezone="Asia/Kabul", quiet=night)])
    room.clock.set(datetime(2023, 2, 23, 20, tzinfo=UTC))
    (line,) = (one for one in status_lines(status(room)) if name in one)
    assert f"{name}  immediate" in line


def test_matches_of_a_digest_that_left_the_config_are_not_forgotten() -> None:
    room = Newsroom(digests=[digest_settings("old")])
    room.bring_in(item())
    room.digests = [digest_settings("new")]
    text = said(room)
    assert "old: 1 match" in text
    assert "no digest of this name is in the config" in text


def test_the_outbox_names_what_waits_after_a_failure_and_what_is_dead() -> None:
    room = Newsroom(
        receivers=[CONSOLE, Receiver("ops", (StdoutEndpoint(),)), Receiver("ok", (StdoutEndpoint(),))],
        digests=[digest_settings(to=("desk", "ops", "ok"))],
        channels={
            ("desk", ChannelKind.STDOUT): RecordingChannel([LATER]),
            ("ops", ChannelKind.STDOUT): RecordingChannel([NO]),
        },
    )
    room.bring_in(item())
    room.plan(draft=True)
    room.plan()
    room.deliver()
    text = said(room)
    assert "1 waiting · 1 dead · 1 sent · 3 drafts" in text
    assert "alerts → desk: temporary: 451 later" in text
    assert "alerts → ops: refused: 550 no such user" in text
    assert "what was given up: monitor deliveries list --state dead" in text


def test_where_nothing_is_dead_no_command_is_named() -> None:
    room = Newsroom(receivers=[CONSOLE], channels={("desk", ChannelKind.STDOUT): RecordingChannel([LATER])})
    room.bring_in(item())
    room.plan()
    room.deliver()
    assert "monitor deliveries" not in said(room)


def test_a_failing_delivery_is_shown_behind_any_number_of_fresh_ones() -> None:
    many = Receiver("many", (EmailEndpoint(tuple(f"reader{n}@example.org" for n in range(120))),))
    room = Newsroom(
        receivers=[CONSOLE, many],
        digests=[digest_settings(to=("desk", "many"))],
        channels={("desk", ChannelKind.STDOUT): RecordingChannel([LATER])},
    )
    room.bring_in(item())
    room.plan()
    room.deliver(after(1))
    text = said(room)
    assert "121 waiting" in text
    assert "alerts → desk: temporary: 451 later" in text


def test_json_is_one_object_with_stable_keys() -> None:
    room = Newsroom(feeds=BOTH)
    room.bring_in(item())
    found = json.loads(json.dumps(status_json(status(room))))
    assert (found["version"], found["running"], found["pid"]) == ("1.2.3", True, 4711)
    assert (found["feeds"]["total"], found["feeds"]["failing"]) == (2, 1)
    assert found["feeds"]["errors"] == [{"feed": "Wire", "url": OTHER_FEED, "error": "no such host"}]
    assert found["last_hour"]["matches"] == 1
    assert found["digests"] == [
        {
            "name": "alerts",
            "next": None,
            "held_by": None,
            "quiet_until": None,
            "quiet_override": None,
            "pending": 1,
            "min_publishers": 1,
            "last": None,
        }
    ]


def test_asking_changes_nothing() -> None:
    room = Newsroom()
    room.bring_in(item())
    before = room.dump()
    said(room)
    assert room.dump() == before


def test_a_daemon_says_since_when_it_runs_and_what_its_last_reload_came_to() -> None:
    room = Newsroom()
    room.store.incidents.note_start(room.clock.now())
    room.clock.advance(timedelta(days=3, hours=4))
    assert "monitor 1.2.3 · up 3 d 4 h, pid 4711 · " in said(room)
    room.store.incidents.note_reload(room.clock.now(), None)
    at = f"{room.clock.now().astimezone():%H:%M}"
    assert f"config reloaded {at} ok" in said(room).replace("\n ", "")
    room.store.incidents.note_reload(room.clock.now(), "rules.toml:3: expected a term")
    assert f"reload of {at} refused" in said(room).replace("\n ", "")
    assert status_json(status(room))["reload_problem"] == "rules.toml:3: expected a term"
    assert "up " not in said(room, holder=None)
    assert status_json(status(room, holder=None))["started_at"] is None


def test_what_a_digest_told_last_and_how_it_stands_is_shown() -> None:
    room = Newsroom(receivers=[CONSOLE], channels={("desk", ChannelKind.STDOUT): RecordingChannel([LATER])})
    room.bring_in(item())
    room.plan()
    assert "alerts  immediate · last 1 story, 1 waiting" in said(room)
    room.deliver()
    room.clock.advance(HOUR)
    room.deliver()
    text = said(room)
    assert "alerts  immediate · last 1 story, delivered" in text
    assert "Lag         seen → delivered  p99 1 h" in text
    found = status_json(status(room))
    assert found["digests"][0]["last"]["deliveries"] == {"sent": 1}
    assert found["lag"] == {"published_to_seen_median_s": None, "seen_to_delivered_p99_s": 3600}


def test_no_lag_at_all_is_a_number_and_not_unknown() -> None:
    found = status_json(replace(status(Newsroom()), lags=Lags(timedelta(0), timedelta(0))))
    assert found["lag"] == {"published_to_seen_median_s": 0, "seen_to_delivered_p99_s": 0}


def test_troubles_that_go_on_stand_at_the_top_and_those_that_are_over_nowhere() -> None:
    room = Newsroom()
    room.look_after(Trouble(IncidentKind.DIGEST_UNPLANNED, "morning", "cannot be planned: ValueError"))
    first, second = status_lines(status(room))[:2]
    assert first.startswith("monitor")
    assert second.startswith("Trouble     Digest morning cannot be planned: since 22 Feb 12:00;")
    assert status_json(status(room))["incidents"][0]["kind"] == "digest_unplanned"
    room.look_after()
    assert "Trouble" not in said(room)


def test_that_nobody_is_told_of_troubles_is_said() -> None:
    line = "Health      troubles are told to nobody: name receivers in [health]"
    assert line in said(Newsroom(), tells=False).splitlines()
    assert line not in said(Newsroom())


def test_every_line_keeps_to_80_columns_whatever_things_are_called() -> None:
    room = Newsroom(
        digests=[digest_settings("the-border-in-the-morning-for-everybody-in-the-house", min_publishers=3)]
    )
    room.bring_in(item())
    room.store.incidents.note_start(room.clock.now())
    room.store.incidents.note_reload(room.clock.now(), None)
    room.look_after(Trouble(IncidentKind.DIGEST_UNPLANNED, "morning", "cannot be planned: " + "why " * 60))
    lines = status_lines(status(room, name="sqlite:////var/lib/monitor.db"))
    assert max(map(len, lines)) <= 80
    address = "postgresql+psycopg://monitor@db.example.org:5432/border"
    lines = status_lines(status(room, name=address))
    assert max(map(len, lines)) <= 80
    assert address in lines[1], "whole, so that it can be copied"


def test_long_errors_keep_to_80_columns_and_an_error_of_many_messages_is_said_once() -> None:
    refused = DeliveryFailed(DeliveryFault.TEMPORARY, "450 4.2.1 try again, " + "later " * 20)
    readers = Receiver("desk", (EmailEndpoint(("a@example.org", "b@example.org")),))
    channel = RecordingChannel([refused, refused])
    room = Newsroom(feeds=BOTH, receivers=[readers], channels={("desk", ChannelKind.EMAIL): channel})
    room.bring_in(item())
    room.fetcher.answers[OTHER_FEED] = failing(PollOutcome.HTTP_ERROR, 503, "peer closed connection " * 8)
    room.clock.advance(timedelta(hours=1))
    room.poll()
    room.plan()
    room.deliver()
    lines = status_lines(status(room))
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert text.count("450 4.2.1") == 1
    assert "later (2 messages)" in text
