"""`monitor deliveries`: the outbox on one screen, one row whole, and another try by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from newsroom import FEED, RULES, Newsroom, digest_settings, file_store, item

from monitor.adapters.store.sql import SqlStore
from monitor.cli.main import cli
from monitor.model.delivery import (
    DeliveryState,
    EmailEndpoint,
    FileEndpoint,
    Receipt,
    Receiver,
    RetryDecision,
    RetryReason,
    StdoutEndpoint,
)
from monitor.model.digest import MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.retention import PruneLimits, PruneStep

CONFIG = f"""
[store]
url = "sqlite:///monitor.db"
[[feeds]]
url = "{FEED}"
name = "News"
[rules]
files = ["rules/*.toml"]
[smtp]
host = "127.0.0.1"
from = "desk@example.org"
[receivers.desk]
email = ["desk@example.org"]
file = {{ directory = "digests" }}
[receivers.ops]
stdout = {{}}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk", "ops"]
schedule = "immediate"
"""
DESK = Receiver("desk", (EmailEndpoint(("desk@example.org",)), FileEndpoint("digests", MessageFormat.JSON)))
OPS = Receiver("ops", (StdoutEndpoint(),))
LEASE = timedelta(minutes=10)
NO_USER = DeliveryFailed(DeliveryFault.REFUSED, "550 5.1.1 no such user \x1b[2J")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlStore]:
    """A store with one alert: by e-mail it is dead, as a file sent, on stdout it waits; and three drafts."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "border.toml").write_text(RULES)
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    store = file_store(tmp_path / "monitor.db")
    room = Newsroom(store=store, digests=[digest_settings(to=("desk", "ops"))], receivers=[DESK, OPS])
    room.bring_in(item())
    room.plan(draft=True)
    room.plan()
    now = room.clock.now()
    for one in (*store.outbox.claim(now, LEASE, 1), *store.outbox.claim(now, LEASE, 1, [("desk", "email")])):
        if one.new.channel == "email":
            later = RetryDecision(now, RetryReason.BACK_OFF)
            store.outbox.record_failure(one, DeliveryFailed(DeliveryFault.TEMPORARY, "451 later"), later, now)
            (one,) = store.outbox.claim(now, LEASE, 1, [("desk", "file"), ("ops", "stdout")])
            store.outbox.record_failure(one, NO_USER, RetryDecision(None, RetryReason.REFUSED), now)
        else:
            store.outbox.record_sent(one, Receipt("digests/alert.json"), now)
    yield store
    store.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["deliveries", *arguments], prog_name="monitor")


def by_state(store: SqlStore) -> dict[str, int]:
    """An id of each state."""
    return {one.state.value: one.id for one in store.ledger.deliveries()}


def rows(*arguments: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(*arguments, "--json").output.splitlines()]


# ---- list


def test_the_list_says_what_waits_was_sent_and_was_given_up_and_why(desk: SqlStore) -> None:
    done = run("list")
    assert done.exit_code == 0, done.output
    said = done.output
    assert "Outbox    1 waiting · 1 sent · 1 dead · 3 draft" in said
    assert "alerts → desk (desk@example.org)" in said
    assert r"after 2 attempts: refused: 550 5.1.1 no such user \x1b[2J" in said
    assert "22 Feb 12:00  HIGH" in said
    assert "next attempt 22 Feb 12:00" in said
    assert "monitor deliveries retry --dead" in said
    assert f"monitor deliveries show {rows('list')[0]['id']}" in said
    assert all(len(line) <= 80 for line in said.splitlines())


def test_the_list_is_newest_first_and_as_long_as_asked(desk: SqlStore) -> None:
    done = run("list", "--limit", "2")
    assert "The newest 2; more with --limit." in done.output
    ids = [row["id"] for row in rows("list")]
    assert ids == sorted(ids, reverse=True)  # type: ignore[type-var]
    assert [row["id"] for row in rows("list", "--limit", "2")] == ids[:2]
    assert run("list", "--limit", "0").exit_code == 2


def test_the_list_takes_state_digest_and_receiver(desk: SqlStore) -> None:
    assert [row["channel"] for row in rows("list", "--state", "dead")] == ["email"]
    assert {row["receiver"] for row in rows("list", "--receiver", "ops")} == {"ops"}
    assert len(rows("list", "--digest", "alerts")) == 6
    assert rows("list", "--state", "dead", "--receiver", "ops") == []
    assert "No delivery is like that." in run("list", "--state", "dead", "--receiver", "ops").output


def test_a_name_that_nothing_has_is_not_answered_with_an_empty_list(desk: SqlStore) -> None:
    done = run("list", "--receiver", "dsek")
    assert (done.exit_code, done.output.strip()) == (
        1,
        'monitor: no receiver is called "dsek"; there are: desk, ops',
    )
    assert run("list", "--digest", "x").output.strip() == 'monitor: no digest is called "x"; there are: alerts'
    assert run("retry", "--dead", "--receiver", "dsek").exit_code == 1


def test_a_row_as_json_has_its_times_and_its_error(desk: SqlStore) -> None:
    (dead,) = rows("list", "--state", "dead")
    assert dead["error"] == "refused: 550 5.1.1 no such user \x1b[2J"
    assert (dead["attempts"], dead["created_at"]) == (2, "2023-02-22T12:00:00+00:00")
    assert dead["sent_at"] is dead["next_attempt_at"] is dead["retried_at"] is None


# ---- show


def test_one_delivery_is_shown_with_every_attempt_and_its_message(desk: SqlStore) -> None:
    number = by_state(desk)["dead"]
    done = run("show", str(number))
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == f"Delivery    {number} · dead"
    assert "To          desk (desk@example.org) by email" in lines
    assert "Attempts    2" in lines
    assert any("temporary, back_off: 451 later" in line for line in lines)
    assert any(r"refused, refused: 550 5.1.1 no such user \x1b[2J" in line for line in lines)
    assert f"Try again   monitor deliveries retry {number}" in lines
    assert "[Torkham]" in done.output


def test_a_beginning_of_its_key_calls_a_delivery(desk: SqlStore) -> None:
    (dead,) = rows("list", "--state", "dead")
    key = str(dead["key"])
    assert run("show", key[:6]).output == run("show", key).output == run("show", str(dead["id"])).output


def test_an_ambiguous_or_unknown_beginning_is_told(desk: SqlStore) -> None:
    done = run("show", "draft-")
    assert done.exit_code == 1
    assert done.output.startswith('monitor: "draft-" may be ')
    assert done.output.count("draft-") == 4
    for unknown in ("12345", "999999", "\udcff" * 8, "x" * 400):
        assert run("show", unknown).exit_code == 1
    assert "monitor deliveries list" in run("show", "999999").output


def test_the_message_can_be_had_alone_in_its_forms(desk: SqlStore) -> None:
    dead, sent = str(by_state(desk)["dead"]), str(by_state(desk)["sent"])
    assert run("show", dead, "--as", "html").output.startswith("<!")
    assert "[Torkham]" in run("show", dead, "--as", "text").output
    assert json.loads(run("show", sent, "--as", "json").output)["digest"] == "alerts"
    assert json.loads(run("show", sent, "--as", "text").output)["digest"] == "alerts"  # its only words
    done = run("show", dead, "--as", "json")
    assert done.exit_code == 1
    assert done.output.strip() == f"monitor: delivery {dead} goes by email and has no json; it has text and html"
    assert run("show", dead, "--as", "html", "--json").exit_code == 2


def test_show_as_json_has_history_and_message(desk: SqlStore) -> None:
    (shown,) = rows("show", str(by_state(desk)["dead"]))
    assert [one["outcome"] for one in shown["history"]] == ["temporary, back_off", "refused, refused"]  # type: ignore[attr-defined]
    assert set(shown["message"]) == {"format", "text", "html", "payload", "gone"}  # type: ignore[call-overload]


def test_a_long_history_is_shown_by_its_end(desk: SqlStore) -> None:
    number = by_state(desk)["waiting"]
    for attempt in range(25):
        again = RetryDecision(desk.ledger.deliveries()[0].created_at, RetryReason.BACK_OFF)
        (one,) = desk.outbox.claim(again.retry_at, LEASE, 1)  # type: ignore[arg-type]
        failure = DeliveryFailed(DeliveryFault.TEMPORARY, f"451 number {attempt}")
        desk.outbox.record_failure(one, failure, again, one.created_at)
    shown = run("show", str(number)).output
    assert "Attempts    25, the last 10:" in shown
    assert "451 number 24" in shown
    assert "451 number 14" not in shown
    assert len(rows("show", str(number))[0]["history"]) == 25  # type: ignore[arg-type]


# ---- retry


def test_a_dead_delivery_waits_again(desk: SqlStore) -> None:
    number = by_state(desk)["dead"]
    done = run("retry", str(number))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        f"{number}  alerts → desk (desk@example.org): due now",
        "No monitor is running on this store: what is due is sent when one runs.",
    ]
    assert not desk.ledger.deliveries(state=DeliveryState.DEAD)
    shown = run("show", str(number)).output
    assert ", by hand" in shown
    assert "Attempts    2" in shown


def test_each_delivery_named_gets_its_answer(desk: SqlStore) -> None:
    state = by_state(desk)
    desk.outbox.claim(desk.ledger.deliveries()[0].created_at, timedelta(days=9999), 1)
    names = [str(state[one]) for one in ("sent", "draft", "waiting", "dead")]
    done = run("retry", *names, "nonsense")
    assert done.exit_code == 1
    said = done.output.splitlines()
    assert said[0].endswith("was sent, and is not sent again")
    assert said[1].endswith("is a draft of a dry run, and is never sent")
    assert said[2].endswith("is being sent at this moment: left alone")
    assert said[3].endswith("due now")
    assert said[4] == 'no delivery is called "nonsense"; "monitor deliveries list" names them'
    assert by_state(desk)["sent"] == state["sent"]


def test_all_dead_ones_are_retried_at_once(desk: SqlStore) -> None:
    assert run("retry", "--dead", "--receiver", "ops").output == "No delivery is dead that could be tried again.\n"
    assert run("retry", "--dead").output.splitlines()[0] == "desk: 1 delivery due now"
    assert run("retry", "--dead").output == "No delivery is dead that could be tried again.\n"


@pytest.mark.parametrize(
    "words", [(), ("12", "--dead"), ("12", "--receiver", "desk"), ("--receiver", "desk")], ids=" ".join
)
def test_a_retry_that_names_nothing_or_both_is_a_usage_error(words: tuple[str, ...], desk: SqlStore) -> None:
    before = desk.ledger.deliveries()
    assert run("retry", *words).exit_code == 2
    assert desk.ledger.deliveries() == before


@pytest.mark.parametrize("words", [("list",), ("show", "1"), ("retry", "1")], ids=" ".join)
def test_before_the_first_run_there_is_nothing_to_ask(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*words).exit_code == 2
    (tmp_path / "config.toml").write_text("")
    done = run(*words)
    assert done.exit_code == 1
    assert "no store yet" in done.output
    assert not list(tmp_path.glob("monitor.db*"))


def test_a_delivery_whose_text_is_no_longer_kept_says_so_and_is_not_tried_again(desk: SqlStore) -> None:
    dead = by_state(desk)["dead"]
    made = desk.ledger.deliveries()[0].created_at
    old = PruneLimits(*[made + timedelta(days=31)] * 5, ruleset="")
    assert desk.retention.prune(PruneStep.MESSAGES, old, 10)
    shown = run("show", str(dead)).output
    assert "(its text is no longer kept: retention, " in shown
    assert "Try again" not in shown
    assert json.loads(run("show", str(dead), "--json").output)["message"]["gone"]["reason"] == "retention"
    done = run("show", str(dead), "--as", "html")
    assert (done.exit_code, done.output) == (
        1,
        f"monitor: delivery {dead}: its text is no longer kept (retention)\n",
    )
    retried = run("retry", str(dead))
    assert retried.exit_code == 1
    assert "its text is no longer kept: there is nothing left to send" in retried.output
    assert by_state(desk)["dead"] == dead
