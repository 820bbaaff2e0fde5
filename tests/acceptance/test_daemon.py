"""The real daemon against a real feed server, a real SMTP server and an HTTP sink."""

from __future__ import annotations

import email
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path

import pytest
from desk import Desk, eventually
from http_sink import http_sink
from local_feed import LocalFeed
from mail_server import mail_server
from scripted import LOGIN_PAGE, failure, held_back, redirect
from tiny_pipeline import train_pipeline

from monitor.adapters.store.tables import SCHEMA
from monitor.demo.server import Answer, LocalSite

DATA = Path(__file__).parents[1] / "data"
MAIL = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
from = "Border desk <monitor@example.org>"
[receivers.desk]
email = ["desk@example.org"]
"""

_ROUTED = """
SELECT count(*) FROM routings JOIN matches ON matches.id = match_id JOIN articles ON articles.id = article_id
WHERE url LIKE ? AND state != 'pending'
"""


def test_a_new_entry_reaches_an_inbox_and_slack_with_its_reason(desk: Desk, feed: LocalFeed) -> None:
    with mail_server() as mail, http_sink() as slack:
        desk.environment["SLACK"] = slack.url + "/hook"
        receivers = MAIL.format(port=mail.port) + '[receivers.ops]\nslack = { webhook_url = "env:SLACK" }\n'
        desk.write([feed.url], receivers=receivers, to='["desk", "ops"]')
        desk.lays_store = False
        with desk.running():
            eventually(
                lambda: desk.number("SELECT count(*) FROM feeds WHERE first_success_at IS NOT NULL"), "a poll"
            )
            link = feed.add("Border shut", "The Torkham crossing was closed on Sunday.")
            eventually(lambda: mail.received and slack.requests, "the alert")
        message = email.message_from_bytes(mail.received[0].content, policy=policy.default)
        text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert "Torkham crossing closed" in message["Subject"]
        assert link in text
        assert "[Torkham]" in text
        assert len(mail.received) == len(slack.requests) == 1
        assert "Torkham" in json.loads(slack.requests[0][2])["text"]
        # the secret reached the wire and nothing else
        assert "/hook" not in desk.log()
        why = desk.command("why", link).stdout
        assert "torkham-closed" in why
        assert "desk@example.org): sent" in why


def test_nothing_alerts_again_after_a_restart_or_with_another_id_or_tracking(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    link = feed.add("Torkham closed", "The Torkham crossing was closed.", id="one")
    with desk.running():
        eventually(desk.sent, "the alert")
    feed.clear()
    feed.add("Torkham closed", "The Torkham crossing was closed.", id="two", link=link + "?utm_source=rss")
    polls = "SELECT sum(polls) FROM poll_counts WHERE outcome = 'ok'"
    before = desk.number(polls)
    with desk.running():
        eventually(lambda: desk.number(polls) > before, "a poll after the restart")
        marker = feed.add("Floods in Sindh", "The flood came at night.")
        eventually(lambda: desk.sent() == 2, "the next alert")
    assert desk.number("SELECT count(*) FROM entries") == 2
    assert desk.number("SELECT count(*) FROM matches WHERE rule_id = 'torkham-closed'") == 1
    assert marker


def test_new_words_in_a_known_entry_alert_and_a_comma_does_not(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    quiet = "Torkham was busy on Sunday."
    link = feed.add("At the border", quiet, id="live")
    with desk.running():
        eventually(
            lambda: desk.number("SELECT count(*) FROM articles WHERE stage = 'matched'"), "the first reading"
        )
        feed.clear()
        feed.add("At the border", f"{quiet} Then Torkham was closed.", id="live", link=link)
        eventually(lambda: desk.sent() == 1, "the alert on the added words")
        feed.clear()
        feed.add("At the border", f"{quiet} Then Torkham was closed. Rain fell.", id="live", link=link)
        eventually(lambda: desk.number("SELECT count(*) FROM routings WHERE state = 'merged'") == 1, "the edit")
    assert desk.sent() == 1


def test_a_feed_in_trouble_never_disturbs_another(desk: Desk, feed: LocalFeed, site: LocalSite) -> None:
    huge = b"<rss><channel><title>big</title>" + b"<item><title>x</title></item>" * 300_000
    trouble = {
        "/down": failure(500),
        "/login": LOGIN_PAGE,
        "/huge": Answer(huge),
        "/malformed": Answer(b"\x00\x01\x02 <<<>>> no feed at all", "application/rss+xml"),
        "/loop": redirect("/loop", 302),
    }
    urls = [site.route(path, answer) for path, answer in trouble.items()]
    let_go = threading.Event()
    urls.append(site.route("/slow", held_back(LOGIN_PAGE, let_go, timedelta(seconds=20))))
    urls.append("http://127.0.0.1:9/nobody-listens")
    desk.write([*urls, feed.url], poll='max_bytes = "2MB"\nper_host = 20')
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    with desk.running():
        eventually(desk.sent, "the alert of the healthy feed")
        eventually(
            lambda: desk.number("SELECT count(*) FROM feeds WHERE failures > 0") >= len(urls), "every failure", 90
        )
        let_go.set()
    outcomes = {
        url.rsplit("/", 1)[1]: (outcome, error)
        for url, outcome, error in desk.ask("SELECT declared_url, last_outcome, last_error FROM feeds")
    }
    assert outcomes["down"][0] == "http_error"
    assert outcomes["login"][0] == "not_a_feed"
    assert outcomes["huge"][0] == "too_large"
    assert outcomes["malformed"][0] == "not_a_feed"
    assert outcomes["loop"][0] == "bad_redirect"
    assert outcomes["slow"][0] == "timeout"
    assert outcomes["nobody-listens"][0] == "unreachable"
    assert all(outcomes[path.strip("/")][1] for path in (*trouble, "slow", "nobody-listens"))
    status = desk.command("status").stdout
    assert "failing" in status


def test_a_mail_server_that_is_away_gets_the_message_after_a_restart(desk: Desk, feed: LocalFeed) -> None:
    with mail_server() as gone:
        port = gone.port
    desk.write([feed.url], receivers=MAIL.format(port=port))
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    with desk.running():
        eventually(lambda: desk.number("SELECT count(*) FROM attempts"), "a failed attempt")
    assert desk.number("SELECT count(*) FROM deliveries WHERE state = 'waiting'") == 1
    assert "unreachable" in desk.ask("SELECT last_error FROM deliveries")[0][0]
    key = desk.ask("SELECT key FROM deliveries")[0][0]
    desk.write_store("UPDATE deliveries SET next_attempt_at = created_at")  # not to wait for the back-off here
    with mail_server() as back:
        desk.write([feed.url], receivers=MAIL.format(port=back.port))
        with desk.running():
            eventually(lambda: back.received, "the mail after the restart")
            eventually(desk.sent, "its receipt")
        assert key in email.message_from_bytes(back.received[0].content, policy=policy.default)["Message-ID"]


def test_a_failing_receiver_never_disturbs_another(desk: Desk, feed: LocalFeed) -> None:
    with mail_server() as gone:
        port = gone.port
    receivers = MAIL.format(port=port) + "[receivers.files]\nfile = { directory = 'digests' }\n"
    desk.write([feed.url], receivers=receivers, to='["desk", "files"]')
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    with desk.running():
        eventually(lambda: list((desk.folder / "digests").glob("*.json")), "the file")


def test_a_split_beside_the_daemon_is_told_by_it_and_a_join_takes_it_back(desk: Desk, feed: LocalFeed) -> None:
    text = "The Torkham crossing was closed by border guards on Sunday after a quarrel about travel papers. " * 3
    desk.write([feed.url])
    with desk.running():
        for name in ("first", "copy"):
            feed.add("Torkham closed", text, link=f"https://{name}.example/gate")
            eventually(lambda name=name: desk.number(_ROUTED, f"%{name}%"), f"what came of the {name}")
        assert desk.ask("SELECT DISTINCT story_id FROM articles") == [("s_1",)]
        assert desk.sent() == 1
        split = desk.command("stories", "split", "s_1", "a_2", "--author", "anna")
        assert "Told again in alerts: torkham-closed (1 match)" in split.stdout, split.stderr
        eventually(lambda: desk.sent() == 2, "the alert of the article that stands apart")
        joined = desk.command("stories", "join", "s_1", "s_2")
        assert joined.returncode == 0, joined.stderr
        feed.add("Torkham closed", text, link="https://third.example/gate")
        eventually(lambda: desk.number(_ROUTED, "%third%"), "what came of the third")
    assert desk.ask("SELECT DISTINCT story_id FROM articles") == [("s_1",)]
    assert desk.sent() == 2


def test_full_text_is_read_from_the_page_behind_the_entry(desk: Desk, feed: LocalFeed, site: LocalSite) -> None:
    words = " ".join(
        f"<p>Paragraph {n} tells at length what traders at the crossing said that day.</p>" for n in range(8)
    )
    text = f"<h1>At the border</h1><p>On Sunday Torkham was closed.</p>{words}"
    page = f"<html><body><article>{text}</article></body></html>"
    link = site.route("/page.html", Answer(page.encode()))
    feed.add("At the border", "What traders said.", link=link)
    desk.write([feed.url], feed_lines="full_text = true")
    with desk.running():
        eventually(desk.sent, "the alert from the page's text")
    assert desk.ask("SELECT quality FROM articles") == [("full",)]


def test_a_page_that_cannot_be_read_leaves_the_feeds_own_text_to_the_rules(
    desk: Desk, feed: LocalFeed, site: LocalSite
) -> None:
    link = site.route("/gone.html", failure(404))
    feed.add("At the border", "Torkham was closed.", link=link)
    desk.write([feed.url], feed_lines="full_text = true")
    with desk.running():
        eventually(desk.sent, "the alert from the feed's text")
    assert "404" in desk.ask("SELECT note FROM articles")[0][0]


def test_old_entries_do_not_alert_at_subscription_and_one_pass_says_so(desk: Desk, feed: LocalFeed) -> None:
    now = datetime.now(UTC)
    feed.add("Torkham closed", "An old one.", published=now - timedelta(days=2), id="old")
    feed.add("Torkham closed for good", "Older still.", published=now - timedelta(days=30), id="older")
    desk.write([feed.url])
    done = desk.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert "stored as seen" in done.stderr
    assert {fate for (fate,) in desk.ask("SELECT fate FROM entries")} <= {"seen_at_subscribe", "too_old"}
    assert desk.sent() == 0


def test_one_pass_closes_every_window_that_has_matches(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url], schedule="0 8 * * *")
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    done = desk.command("run", "--once")
    assert done.returncode == 0, done.stderr
    [file] = (desk.folder / "digests").glob("*.json")
    digest = json.loads(file.read_text(encoding="utf-8"))
    assert [story["headline"] for story in digest["stories"]] == ["Torkham closed"]
    again = desk.command("run", "--once")
    assert again.returncode == 0
    assert len(list((desk.folder / "digests").glob("*.json"))) == 1


def test_one_pass_fails_when_nothing_could_be_polled_or_delivered(desk: Desk, feed: LocalFeed) -> None:
    desk.write(["http://127.0.0.1:9/feed"])
    assert desk.command("run", "--once").returncode == 1
    (desk.folder / "digests").write_text("a file where the folder should be")
    desk.write([feed.url])
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    failed = desk.command("run", "--once")
    assert failed.returncode == 1
    assert "not delivered to desk" in failed.stderr


def test_a_dry_run_sends_nothing_and_the_real_run_sends_it_all(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    dry = desk.command("run", "--once", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "draft: alerts to desk" in dry.stdout
    assert "The Torkham crossing was closed." in dry.stdout
    assert not (desk.folder / "digests").exists()
    assert desk.command("run", "--once").returncode == 0
    assert len(list((desk.folder / "digests").glob("*.json"))) == 1


@pytest.mark.needs("a SQLite store")  # in PostgreSQL two share the work: test_two_daemons.py
def test_a_second_daemon_on_the_same_store_is_refused_with_the_holders_pid(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    with desk.running() as daemon:
        eventually(lambda: desk.ask("SELECT 1 FROM feeds"), "the store")
        second = desk.command("run")
        assert second.returncode == 1
        assert f"pid {daemon.pid}" in second.stderr
        status = desk.command("status", "--json")
        assert json.loads(status.stdout)["pid"] == daemon.pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_ten_seconds_even_with_a_slow_feed(
    desk: Desk, site: LocalSite, number: signal.Signals
) -> None:
    let_go, asked = threading.Event(), threading.Event()

    def slow(_: object) -> Answer:
        asked.set()
        let_go.wait(30)
        return LOGIN_PAGE

    desk.write([site.route("/slow", slow)], poll='timeout = "60s"'.replace("timeout", "# timeout"))
    daemon = desk.start()
    try:
        assert asked.wait(60), desk.log()
        begun = time.monotonic()
        daemon.send_signal(number)
        assert daemon.wait(timeout=15) == 0
        assert time.monotonic() - begun < 10
    finally:
        let_go.set()
        daemon.kill()


def test_a_database_of_a_newer_version_is_refused_and_not_touched(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    assert desk.command("run", "--once").returncode == 0
    desk.write_store("UPDATE alembic_version SET version_num = '9999'")
    commands = ("run --once", "run", "status", "search flood", "why https://x.example/1", "db check", "db upgrade")
    for line in commands:
        refused = desk.command(*line.split())
        assert (refused.returncode, refused.stdout) == (1, ""), line
        said = f"written by a newer version (schema 9999, this version knows {SCHEMA}); upgrade the monitor"
        assert said in refused.stderr, line
    assert desk.ask("SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.needs("a SQLite store")
def test_a_store_of_an_older_version_is_brought_up_to_date_with_a_word_on_it(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    with closing(sqlite3.connect(desk.store)) as old:
        old.executescript((DATA / "stores" / "0001-d.sql").read_text(encoding="utf-8"))
    passed = desk.command("run", "--once")
    assert "an older version wrote the store; it is brought up to date first" in passed.stderr
    assert '"monitor db upgrade" keeps a copy' in passed.stderr
    assert desk.ask("SELECT version_num FROM alembic_version") == [(SCHEMA,)]
    assert "older version" not in desk.command("run", "--once").stderr


@pytest.mark.needs("a SQLite store")
def test_a_file_that_is_no_database_gets_one_sentence(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    (desk.folder / "monitor.db").write_bytes(b"not a database, but text" * 100)
    refused = desk.command("run", "--once")
    assert refused.returncode == 1
    assert "no SQLite database" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.needs("a SQLite store")
def test_a_folder_that_cannot_be_written_gets_one_sentence(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    text = desk.config.read_text(encoding="utf-8").replace("sqlite:///monitor.db", "sqlite:////proc/monitor.db")
    desk.config.write_text(text, encoding="utf-8")
    refused = desk.command("run", "--once")
    assert refused.returncode == 1
    assert "/proc/monitor.db" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_wrong_config_starts_nothing(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url], more="quite_hours = '22:00-06:00'")
    refused = desk.command("run")
    assert refused.returncode == 2
    assert "Nothing was started" in refused.stderr
    assert not desk.has_store()


def test_reading_commands_need_no_secret(desk: Desk, feed: LocalFeed) -> None:
    secrets = {"SLACK": "http://127.0.0.1:9/hook", "HOOK": "http://127.0.0.1:9/in", "KEY": "whsec_" + "A" * 32}
    desk.environment.update(secrets)
    hook = 'webhook = { url = "env:HOOK", secret = "env:KEY" }'
    desk.write([feed.url], receivers=f'[receivers.desk]\nslack = {{ webhook_url = "env:SLACK" }}\n{hook}\n')
    assert desk.command("run", "--once").returncode == 0
    for name in secrets:
        del desk.environment[name]
    assert desk.command("status").returncode == 0
    assert desk.command("run", "--once").returncode == 2


def test_why_of_an_unknown_url_names_the_feed_that_covers_its_host(
    desk: Desk, feed: LocalFeed, site: LocalSite
) -> None:
    desk.write([feed.url])
    assert desk.command("run", "--once").returncode == 0
    unknown = desk.command("why", f"{site.url}/never-listed")
    assert unknown.returncode == 1
    assert "never seen" in unknown.stdout
    assert "covers its host" in unknown.stdout


def test_the_children_of_a_killed_daemon_end_with_it(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    line = [sys.executable, "-m", "monitor", "run", "-c", str(desk.config)]  # all of it its own
    with subprocess.Popen(line, cwd=desk.folder, env=desk.surroundings(), stderr=subprocess.DEVNULL) as daemon:
        try:
            eventually(desk.sent, "the alert")
            children = eventually(lambda: _children(daemon.pid), "children")
        finally:
            daemon.kill()
    eventually(lambda: not any(_alive(pid) for pid in children), "the children's end")


def _children(pid: int) -> list[int]:
    """All descendants; children belong to the thread that made them."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in thread.read_text(encoding="ascii").split():
            found += [int(child), *_children(int(child))]
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def test_log_lines_are_json_where_nobody_watches(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    done = desk.command("run", "--once", "--verbose")
    lines = [line for line in done.stderr.splitlines() if line.startswith("{")]
    assert any(json.loads(line)["event"] == "first poll" for line in lines)


@pytest.mark.needs("spacy")
def test_a_trained_pipeline_adds_names_to_those_of_the_entity_files(desk: Desk, feed: LocalFeed) -> None:
    model = train_pipeline(desk.folder / "pipeline")
    desk.write([feed.url], more=f'[nlp]\nmodel = "{model}"')
    feed.add("Torkham closed", "Reuters said Khawaja Asif left Kabul on Sunday .")
    done = desk.command("run", "--once")
    assert done.returncode == 0, done.stderr
    entities = json.loads(desk.ask("SELECT entities FROM articles")[0][0])
    assert {"Reuters", "Khawaja Asif", "Kabul"} <= {mention["name"] for mention in entities}


def test_a_pipeline_that_cannot_be_loaded_starts_nothing(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url], more='[nlp]\nmodel = "no_such_pipeline"')
    refused = desk.command("check")
    assert refused.returncode == 2
    assert "config.toml:" in refused.stdout
    assert "no_such_pipeline" in refused.stdout
