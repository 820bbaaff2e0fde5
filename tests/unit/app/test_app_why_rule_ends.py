"""`monitor why --rule`: by which silence, for whom shorter, how loud."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from made import NOON
from newsroom import DAY, HOUR, Newsroom, item
from why_rooms import matched, silenced, told, twice, unsubscribed

from monitor.app.since import Since
from monitor.app.waiting import Waiting
from monitor.app.why_rule import RuleWhy, why_rule
from monitor.app.why_rule_words import why_rule_json, why_rule_lines
from monitor.core.stories.publishers import Publishers
from monitor.core.text.columns import display_width
from monitor.model.digest import AlreadySent, QuietSettings
from monitor.model.health import RuleRate
from monitor.model.silence import SilenceMode


def ask(room: Newsroom) -> RuleWhy:
    since = Since("30d", room.clock.now() - timedelta(days=30))
    waiting = Waiting({one.name: one for one in room.digests}, Publishers(), room.clock.now())
    names = [one.name for one in room.digests]
    return why_rule(room.store, "torkham-closed", since, room.ruleset, names, waiting=waiting)


def said(room: Newsroom) -> str:
    lines = why_rule_lines(ask(room))
    assert all(display_width(line) <= 80 for line in lines)
    return " ".join(" ".join(lines).split())


def test_the_silence_that_discarded_matches_is_named_with_how_to_bring_them_back() -> None:
    room = silenced(SilenceMode.DISCARD, over=True)
    assert "1 never told in alerts: discarded by silence" in said(room)
    assert "planned works (Sara)); monitor silence end" in said(room)
    (end,) = why_rule_json(ask(room))["digests"]
    assert end["silence"] == room.store.silences.all()[0].id


def test_what_quiet_time_holds_is_said_with_its_end() -> None:
    room = matched(quiet=QuietSettings(pause=((NOON.date(), NOON.date()),)))
    assert "1 pending: to be told in digest alerts: held by a pause, told Thu 23 Feb 2023" in said(room)


@pytest.mark.parametrize(("how", "words"), [(AlreadySent.BRIEF, "in one line"), (AlreadySent.SKIP, "left out")])
def test_who_had_it_from_another_digest_is_counted(how: AlreadySent, words: str) -> None:
    room = twice(how)
    assert f"1 of those told in morning {words} for who had it from another digest" in said(room)
    short = {"digest": "morning", "shown": how.value, "matches": 1}
    assert why_rule_json(ask(room))["shown_short"] == [short]


def test_who_had_unsubscribed_is_named() -> None:
    room = unsubscribed(late=False)
    assert "1 of those told in alerts not sent to desk@example.org: unsubscribed then" in said(room)
    (left,) = why_rule_json(ask(room))["unsubscribed"]
    assert left == {"digest": "alerts", "recipients": ["desk@example.org"], "matches": 1}


def test_a_noisy_rule_is_set_beside_its_usual_rate_and_a_silent_one_says_for_how_long() -> None:
    room = told()
    room.clock.advance(10 * DAY)
    texts = [
        item(f"n{n}", f"Torkham closed {n}", f"Torkham was closed {n} times.", published=None) for n in range(20)
    ]
    room.bring_in(*texts)
    assert "Rate noisy: 20 matches in the last 24 h, usually 0.1 a day" in said(room)
    rate = json.loads(json.dumps(why_rule_json(ask(room))))["rate"]
    assert rate == {"last_day": 20, "usual_a_day": 0.11, "noise": "noisy"}
    room.clock.advance(100 * DAY)
    assert "Rate silent: no match for 100 days" in said(room)
    assert ask(room).record.rate == RuleRate("torkham-closed", 0, 0, None)


def test_a_rule_of_today_has_no_usual_rate_and_nothing_is_said_of_it() -> None:
    room = told()
    room.clock.advance(HOUR)
    assert "Rate" not in said(room)
