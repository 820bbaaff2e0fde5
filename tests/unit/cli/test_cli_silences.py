"""`monitor silence …` at the door, and what other commands say of silences."""

from __future__ import annotations

import json
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from doors import run
from newsroom import Newsroom, file_store

from monitor.adapters.clock import SystemClock
from monitor.adapters.store import tables as t
from monitor.model.silence import NewSilence, SilenceMode

URL = "https://news.example/e1"


def add(*more: str, reason: str = "planned works") -> dict[str, Any]:
    what = more if any(one in more for one in ("--rule", "--tag", "--story")) else ("--story", "s_1", *more)
    long = () if "--until" in more or "--for" in more else ("--for", "12h")
    done = run("silence", "add", *what, *long, "--reason", reason, "--author", "Sara", "--json")
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def plan(desk: Path) -> None:
    """What the daemon does at its next tick."""
    store = file_store(desk / "monitor.db")
    room = Newsroom(store=store)
    room.clock.set(SystemClock().now())
    room.plan()
    store.close()


# ---- add


def test_the_command_that_a_digest_prints_works_as_printed(stored: Path) -> None:
    done = run(*shlex.split("silence add --story s_1 --for 12h --reason …"))
    assert done.exit_code == 0
    assert "Silence 1 holds story s_1, whatever rule matches" in done.stdout
    assert "It keeps out now: 1 waiting match of 1 story." in done.stdout
    assert done.stdout.splitlines()[-1] == "To undo: monitor silence end 1"
    assert run("silence", "end", "1").exit_code == 0


def test_a_silence_says_what_it_reaches_and_keeps_out(stored: Path) -> None:
    row = add("--rule", "torkham-*", "--digest", "alerts", "--discard")
    assert (row["mode"], row["rules"], row["digests"], row["author"]) == (
        "discard", ["torkham-*"], ["alerts"], "Sara",
    )  # fmt: skip
    assert row["keeps_out_now"] == {"matches": 1, "stories": 1}
    assert (row["reaches_rules"], row["warnings"], row["state"]) == (1, [], "active")


def test_a_story_may_be_named_by_an_article_or_its_address(stored: Path) -> None:
    assert [add("--story", name)["story"] for name in ("a_1", URL)] == ["s_1", "s_1"]


def test_the_end_of_a_day_is_its_end_and_a_silence_may_begin_later(stored: Path) -> None:
    row = add("--starts", "2099-01-01T08:00:00+00:00", "--until", "2099-01-02")
    assert (row["state"], row["keeps_out_now"]["matches"]) == ("to_come", 0)
    assert row["ends_at"].startswith("2099-01-0")


def test_a_rule_that_nobody_has_is_warned_of_with_the_nearest(stored: Path) -> None:
    row = add("--rule", "torkham-closd", "--tag", "boarder")
    assert row["warnings"] == [
        'no rule fits "torkham-closd"; did you mean "torkham-closed"?',
        'no rule has the tag "boarder"; did you mean "border"?',
    ]


REFUSED = [
    ("--for 12h --reason x", "name what is silenced"),
    ("--digest alerts --for 12h --reason x", "name what is silenced"),
    ("--story s_99 --for 12h --reason x", 'no story is known as "s_99"'),
    ("--story s_1 --digest mornin --for 12h --reason x", 'no digest is called "mornin"'),
    ("--story s_1 --reason x", "say how long"),
    ("--story s_1 --for 12h --until 2099-01-01 --reason x", "say how long"),
    ("--story s_1 --for 12x --reason x", "is no duration"),
    ("--story s_1 --for 0 --reason x", "it ends before it starts"),
    ("--story s_1 --until 12h --reason x", "is no time to come"),
    ("--story s_1 --until 2099-13-01 --reason x", "is no time to come; write 2026-12-01 or"),
    ("--story s_1 --starts 12h --for 1h --reason x", "is no time to come"),
    ("--story s_1 --starts 2099-01-03 --until 2099-01-01 --reason x", "it ends before it starts"),
    ("--story s_1 --until 2020-01-01 --starts 2019-01-01 --reason x", "its end is over already"),
    ("--story s_1 --for 367d --reason x", "longer than a year"),
    ("--story s_1 --for 1h", "Missing option '--reason'"),
    ("--story s_1 --for 1h --reason ' '", "needs a reason"),
    (f"--story s_1 --for 1h --reason {'x' * 301}", "the reason is longer than 300 characters"),
]


def test_what_does_not_hold_together_is_refused_and_not_written(stored: Path) -> None:
    for line, says in REFUSED:
        done = run("silence", "add", *shlex.split(line))
        assert done.exit_code in (1, 2), line
        assert says in " ".join(done.output.split()), line
    assert run("silence", "list", "--all", "--json").stdout == ""


def test_every_rule_is_silenced_only_after_a_question(stored: Path) -> None:
    line = ("silence", "add", "--rule", "*", "--for", "1h", "--reason", "x")
    asked = run(*line, input="n\n")
    assert asked.exit_code == 1
    assert "That silences all 3 rules until" in asked.output
    assert run("silence", "list", "--json").stdout == ""
    assert run(*line, "--yes").exit_code == 0


def test_a_reason_is_one_line_of_text(stored: Path) -> None:
    row = add(reason="planned\r\nworks \u202e\x1b[2J")
    assert row["reason"].startswith("planned works")
    shown = run("silence", "list").stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_preview_of_the_health_digest_counts_silences_as_the_digest_will(stored: Path) -> None:
    add()
    assert "1 active, 1 story held" in run("digest", "preview", "health").stdout


# ---- list, end


def test_a_match_that_will_be_discarded_is_listed_before_its_digest_is_due(stored: Path) -> None:
    add("--discard")
    (row,) = map(json.loads, run("silence", "list", "--json").stdout.splitlines())
    assert (row["held"]["matches"], row["to_discard"], row["discarded"]["matches"]) == (
        0, {"matches": 1, "stories": 1}, 0,
    )  # fmt: skip
    assert "1 match of 1 story waiting, to be discarded when the digest is due" in run("silence", "list").stdout


def test_the_list_says_who_why_until_when_and_what_is_kept_out(stored: Path) -> None:
    add()
    over = NewSilence(
        SilenceMode.HOLD, SystemClock().now() - timedelta(days=9), SystemClock().now() - timedelta(days=8),
        "", "old", ("x",),
    )  # fmt: skip
    store = file_store(stored / "monitor.db")
    store.silences.add(over, SystemClock().now())
    store.close()
    (row,) = map(json.loads, run("silence", "list", "--json").stdout.splitlines())
    assert (row["id"], row["held"], row["discarded"]["matches"]) == (1, {"matches": 1, "stories": 1}, 0)
    text = run("silence", "list").stdout
    assert "planned works (Sara)" in text
    assert "1 match of 1 story waiting" in text
    assert [
        json.loads(line)["state"] for line in run("silence", "list", "--all", "--json").stdout.splitlines()
    ] == [
        "over",
        "active",
    ]


def test_a_silence_that_is_ended_lets_go(stored: Path) -> None:
    add()
    done = run("silence", "end", "1")
    assert "Kept out no more: 1 match of 1 story" in done.stdout
    assert "was ended before" in run("silence", "end", "1").stdout
    assert run("silence", "list", "--json").stdout == ""
    plan(stored)
    assert "digest alerts, at once" in run("why", URL).stdout


def test_an_end_says_what_another_silence_keeps_out(stored: Path) -> None:
    add()
    add("--rule", "torkham-*", "--discard")
    done = " ".join(run("silence", "end", "1").stdout.split())
    assert "Kept out by another silence now: 1 match of 1 story" in done
    assert "Kept out no more: 1 match of 1 story" in " ".join(run("silence", "end", "2").stdout.split())


def test_what_was_discarded_can_be_told_after_all(stored: Path) -> None:
    add("--discard")
    plan(stored)
    done = run("silence", "end", "1")
    assert "monitor silence end 1 --tell" in done.stdout
    row = json.loads(run("silence", "end", "1", "--tell", "--json").stdout)
    assert (row["brought_back"], row["not_brought_back"]) == ({"alerts": 1}, 0)
    plan(stored)
    assert "digest alerts, at once" in run("why", URL).stdout


@pytest.mark.parametrize("name", ["7", "99999999999999999999999"])
def test_a_silence_that_is_not_there_is_an_error(stored: Path, name: str) -> None:
    done = run("silence", "end", name)
    assert done.exit_code == 1
    assert f"no silence has the id {name}" in done.stderr


# ---- other commands


def test_why_names_the_silence_that_holds_a_match(stored: Path) -> None:
    add()
    text = " ".join(run("why", URL).stdout.split())
    assert "held in digest alerts by silence 1 until" in text
    assert "planned works (Sara)" in text
    (row,) = map(json.loads, run("matches", "list", "--since", "4w", "--json").stdout.splitlines() or ["{}"])
    assert not row or row["digests"][0]["silence"] == 1
    assert "held in digest alerts by silence 1" in run("why", "--rule", "torkham-closed").stdout


def test_why_names_the_silence_that_discarded_a_match_and_how_it_comes_back(stored: Path) -> None:
    add("--discard")
    assert "silence 1 will discard it when digest alerts is due" in " ".join(run("why", URL).stdout.split())
    plan(stored)
    text = " ".join(run("why", URL).stdout.split())
    assert (
        "never told in alerts: discarded by silence 1 (planned works (Sara)); monitor silence end 1 --tell" in text
    )
    (row,) = map(json.loads, run("why", URL, "--json").stdout.splitlines())
    assert (row["digests"][0]["state"], row["digests"][0]["silence"]) == ("silenced", 1)
    of_rule = json.loads(run("why", "--rule", "torkham-closed", "--since", "520w", "--json").stdout)
    assert [one["state"] for one in of_rule["digests"]] == ["silenced"]


def test_matches_and_story_and_status_name_the_silence(stored: Path) -> None:
    add()
    assert "alerts: pending (silence 1)" in run("matches", "list", "--since", "520w").stdout
    story = " ".join(run("stories", "show", "s_1").stdout.split())
    assert "Silenced by silence 1 until" in story
    assert "1 match kept out" in story
    assert "Silences    1 active, 1 story held   monitor silence list" in run("status").stdout
    assert json.loads(run("status", "--json").stdout)["silences"] == {
        "active": 1, "stories_held": 1, "stories_discarded": 0,
    }  # fmt: skip


def test_a_story_that_was_discarded_says_so_for_good(stored: Path) -> None:
    add("--discard")
    plan(stored)
    run("silence", "end", "1")
    story = " ".join(run("stories", "show", "s_1").stdout.split())
    assert "1 match discarded; monitor silence end 1 --tell brings back" in story
    assert "alerts: silenced (silence 1)" in run("matches", "list", "--since", "520w").stdout
    assert "Silences" not in run("status").stdout


def test_a_forgotten_text_is_not_brought_back(stored: Path) -> None:
    add("--discard")
    plan(stored)
    assert run("forget", URL, "--yes").exit_code == 0
    row = json.loads(run("silence", "end", "1", "--tell", "--json").stdout)
    assert row["brought_back"] == {}
    store = file_store(stored / "monitor.db")
    with store._db.read() as connection:
        assert connection.execute(t.routings.select()).one().state == "forgotten"
    store.close()


def test_rules_that_do_not_hold_are_no_reason_against_a_silence(stored: Path) -> None:
    (stored / "rules" / "border.toml").write_text("[[rules]]\nid = 1\n")
    assert "the rule files do not hold" in add("--rule", "torkham-*")["warnings"][0]
