"""`why --rule ID --since 7d`: one rule over a span, in words and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from made import NOON, feed_settings
from newsroom import DAY, FEED, HOUR, RULES, Newsroom, digest_settings, item

from monitor.app.since import Since
from monitor.app.why import NoSuchRule
from monitor.app.why_answers import kept_ruleset
from monitor.app.why_rule import RuleWhy, why_rule
from monitor.app.why_rule_words import why_rule_json, why_rule_lines
from monitor.core.rules import RuleFile, RuleSet, load_rules
from monitor.core.text.columns import display_width
from monitor.model.delivery import ChannelKind, EmailEndpoint, Receiver
from monitor.model.digest import Cron
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.testing import RecordingChannel

DESK = Receiver("desk", (EmailEndpoint(("desk@example.org",)),))


def newsroom(*failures: DeliveryFailed, **more: Any) -> Newsroom:
    channels = {("desk", ChannelKind.EMAIL): RecordingChannel(failures)}
    room = Newsroom(**{"receivers": [DESK], "channels": channels, **more})
    keep_rules(room)
    return room


def keep_rules(room: Newsroom) -> None:
    room.store.articles.record_ruleset(room.ruleset.version, list(room.ruleset.sources.items()), NOON)


def ask(room: Newsroom, rule: str = "torkham-closed", days: int = 7, **how: Any) -> RuleWhy:
    current: RuleSet | None = how.pop("current", room.ruleset)
    since = Since(f"{days}d", room.clock.now() - timedelta(days=days))
    return why_rule(room.store, rule, since, current, how.pop("digests", [one.name for one in room.digests]))


def said(room: Newsroom, rule: str = "torkham-closed", **how: Any) -> str:
    lines = why_rule_lines(ask(room, rule, **how))
    assert all(display_width(line) <= 80 or "https://" in line for line in lines)
    return " ".join("\n".join(lines).split())


# ---- told


def test_a_rule_that_was_told_says_how_much_it_read_and_where_its_matches_went() -> None:
    room = newsroom()
    room.bring_in(item(), item("e2", "Rain in Kabul", "It rained."))
    room.plan()
    room.deliver()
    version = room.ruleset.rule("torkham-closed").version
    answer = ask(room)
    assert why_rule_lines(answer)[:8] == [
        f"torkham-closed {version} · HIGH · Torkham crossing closed",
        "  Torkham AND (closed OR closure)",
        "",
        *why_rule_lines(answer)[3:4],
        "Entries       2 first seen",
        "Read          2 articles by this rule",
        "Matches       1, 50.0 % of the articles read",
        "              1 told in alerts: sent",
    ]
    assert "https://news.example/e1" in said(room)


def test_a_copy_and_a_revision_say_why_they_were_not_told() -> None:
    room = newsroom()
    room.bring_in(item())
    room.plan()
    room.clock.advance(HOUR)
    room.bring_in(item(), item("copy", link="https://news.example/copy"))
    room.plan()
    text = said(room)
    assert "1 merged in alerts: it had told this rule on the story before" in text
    assert "1 told in alerts: not sent to everybody yet" in text


def test_an_edit_in_the_same_sentence_is_told_apart_from_a_copy() -> None:
    room = newsroom()
    words = "The Torkham crossing was closed on Sunday."
    room.bring_in(item(summary=words))
    room.plan()
    room.clock.advance(HOUR)
    room.bring_in(item(summary=f"{words} More follows."))
    room.plan()
    assert "1 not told in alerts: an earlier wording had matched in the same sentences" in said(room)


def test_a_match_that_waits_says_for_which_digest() -> None:
    room = newsroom(digests=[digest_settings("morning", schedule=Cron("0 8 * * *"))])
    room.bring_in(item())
    assert "1 pending: to be told in digest morning" in said(room)
    assert "digest morning, which the config no longer has" in said(room, digests=[])


def test_a_delivery_given_up_is_loud() -> None:
    room = newsroom(DeliveryFailed(DeliveryFault.REFUSED, "550 no"))
    room.bring_in(item())
    room.plan()
    room.deliver()
    assert "1 told in alerts: a delivery was given up; monitor status" in said(room)


def test_a_rule_that_no_digest_takes_says_so() -> None:
    room = newsroom(digests=[digest_settings(rules=("floods",))])
    room.bring_in(item())
    assert "1 for no digest: none takes this rule" in said(room)


@pytest.mark.parametrize(
    ("matches", "found_back", "shown"),
    [
        (3, 0, "Matches 3, 37.5 % of the articles read"),
        (3, 1, "Matches 3, 1 of them found by a backtest; the others are 25.0 % of the articles read"),
        (3, 3, "Matches 3, found by a backtest"),
        (0, 0, "Matches 0"),
    ],
)
def test_what_a_backtest_found_is_no_part_of_what_the_rule_matched_of_what_it_read(
    matches, found_back, shown
) -> None:
    room = newsroom()
    room.bring_in(item())
    answer = ask(room)
    record = replace(answer.record, matches=matches, found_back=found_back, routed=(), newest=(), last_match=NOON)
    lines = why_rule_lines(replace(answer, record=record, read=8))
    assert f"{shown} No match" in " ".join("\n".join(lines).split())


def test_many_matches_are_counted_and_the_newest_shown() -> None:
    room = newsroom()
    room.bring_in(*(item(f"e{n}", f"Torkham closed, day {n}") for n in range(8)))
    text = said(room)
    assert text.count("https://news.example/") == 5
    assert "… and 3 more: monitor matches list --rule torkham-closed --since 7d" in text


# ---- not told


def test_entries_that_never_reached_the_rules_say_why() -> None:
    room = newsroom(feeds=[feed_settings(FEED, backfill=30 * DAY)])
    room.bring_in(item("old", published=NOON - 20 * DAY), item("e1", "Rain in Kabul", "It rained."))
    room.serve(item("e3"))
    room.clock.advance(HOUR)
    room.store.feeds.make_all_due(room.clock.now())
    room.poll()
    text = said(room)
    assert "3 first seen; 1 too old at first sight, 1 waiting to be read" in text
    assert "1 article by this rule" in text


def test_what_was_there_before_the_subscription_is_counted() -> None:
    room = newsroom(feeds=[feed_settings(FEED)])
    room.bring_in(item())
    text = said(room)
    assert "1 first seen; 1 there before you subscribed" in text
    assert "No match in the last 7d, because the rule read no article" in text


def test_articles_that_wait_for_the_rules_are_counted() -> None:
    room = newsroom()
    room.serve(item(), item("e2"))
    room.poll()
    room.read()
    room.group()
    stuck = room.article("e2")
    room.store.articles.postpone(stuck.id, "ValueError: broken", room.clock.now() + HOUR)
    assert "2 waiting for the rules (1 after an error)" in said(room)


def test_articles_read_before_the_rule_was_written_are_not_its_own() -> None:
    room = newsroom()
    room.bring_in(item())
    room.rules = RULES + "[[rules]]\nid = 'new-rule'\nquery = 'Torkham'\n"
    keep_rules(room)
    room.clock.advance(HOUR)
    room.bring_in(item("e2", "Rain in Kabul", "It rained."))
    text = said(room, "new-rule")
    assert "1 article by this rule; 1 when it was not among the rules" in text
    assert "No match in the last 7d, nor ever before. Try it on a text: monitor rules explain new-rule" in text


def test_rules_of_that_time_that_are_still_the_same_are_not_read_again() -> None:
    room = newsroom()
    version = room.ruleset.version
    now = load_rules([RuleFile("rules.toml", RULES + "[[rules]]\nid = 'new-rule'\nquery = 'Torkham'\n")])
    then = kept_ruleset(room.store, version, now.memory)
    assert then is not None
    assert then.version == version
    assert [one.rule.id for one in then.compiled] == [one.id for one in room.ruleset.rules]
    assert all(one is now.memory.rules[one.rule.id].compiled for one in then.compiled)


def test_articles_of_rules_that_were_not_kept_are_counted_apart() -> None:
    room = Newsroom()
    room.bring_in(item())
    text = said(room, current=None)
    assert text.startswith("torkham-closed: the rule files do not hold: monitor check")
    assert "0 articles by this rule; 1 by rules that were not kept" in text


def test_a_silent_rule_says_when_it_last_matched() -> None:
    room = newsroom()
    room.bring_in(item())
    room.clock.advance(timedelta(days=20))
    room.bring_in(item("e2", "Rain in Kabul", "It rained.", published=room.clock.now()))
    text = said(room)
    assert "Matches 0" in text
    assert f"No match in the last 7d, the last one was on {NOON.astimezone():%a %d %b %Y}" in text


def test_a_span_without_entries_points_to_the_feeds() -> None:
    assert "No entry was first seen in the last 7d: monitor status" in said(newsroom())


def test_a_rule_that_failed_says_how_often_and_why() -> None:
    room = newsroom()
    room.bring_in(item())
    article = room.article()
    with room.store._db.write() as connection:
        from monitor.adapters.store import tables as t

        connection.execute(
            t.rule_failures.insert().values(
                article_id=article.id, rule_id="floods", why="RecursionError: too deep", failed_at=NOON
            )
        )
    assert "Failures 1 article it failed on 1× RecursionError: too deep" in said(room, "floods")


# ---- names


def test_a_rule_that_nobody_knows_is_answered_with_a_near_one() -> None:
    room = newsroom()
    room.bring_in(item())
    with pytest.raises(NoSuchRule, match=r'"torkam-closed"; did you mean "torkham-closed"\?'):
        ask(room, "torkam-closed")


def test_a_rule_that_is_gone_is_still_told() -> None:
    room = newsroom()
    room.bring_in(item())
    room.rules = "[[rules]]\nid = 'other'\nquery = 'x'\n"
    text = said(room)
    assert text.startswith("torkham-closed: not among the rules in force")
    assert "1 article by this rule" in text


# ---- JSON


def test_json_tells_the_same_with_stable_keys() -> None:
    room = newsroom()
    room.bring_in(item())
    room.plan()
    room.deliver()
    found = json.loads(json.dumps(why_rule_json(ask(room))))
    assert found["entries"] == {
        "total": 1,
        "waiting": 0,
        "read": 1,
        "seen_at_subscribe": 0,
        "too_old": 0,
        "older_page": 0,
        "forgotten": 0,
    }
    assert found["articles"] == {
        "read_by_rule": 1,
        "read_without_rule": 0,
        "rules_unknown": 0,
        "waiting": 0,
        "stuck": 0,
    }
    assert found["digests"] == [
        {"digest": "alerts", "state": "planned", "news": True, "delivery": "sent", "matches": 1, "silence": None}
    ]
    assert (found["matches"], found["found_by_backtest"], found["no_digest"]) == (1, 0, 0)
    assert found["failures"] == []
    assert found["last_match"] == NOON.isoformat()
    assert [one["url"] for one in found["newest"]] == ["https://news.example/e1"]
