"""`monitor receivers`: real messages to real servers on loopback, and what to do when they do not arrive."""

from __future__ import annotations

import email
import json
import re
from collections.abc import Iterator
from email import policy
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from http_sink import Sink, http_sink
from mail_server import MailServer, mail_server
from slack_stand_in import TOKEN, SlackStandIn, slack_stand_in
from standardwebhooks import Webhook

from monitor.cli.main import cli

SECRET = "whsec_" + "A" * 32
CONFIG = """
[[feeds]]
url = "https://news.example/feed"
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
from = "Desk <monitor@example.org>"
[receivers.desk]
email = ["desk@example.org", "night@example.org"]
slack = {{ webhook_url = "env:SLACK" }}
webhook = {{ url = "env:HOOK", secret = "env:HOOK_SECRET" }}
file = {{ directory = "digests" }}
stdout = {{}}
[receivers.siem]
webhook = {{ url = "https://siem.example/in?token=sesame", secret = "env:HOOK_SECRET" }}
[[digests]]
name = "morning"
rules = ["*"]
to = ["desk"]
schedule = "0 8 * * *"
timezone = "Asia/Kabul"
"""


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
def slack() -> Iterator[Sink]:
    with http_sink() as running:
        yield running


@pytest.fixture
def siem() -> Iterator[Sink]:
    with http_sink() as running:
        running.answer = (202, {}, b"")
        yield running


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mail: MailServer, slack: Sink, siem: Sink) -> Path:
    """A config whose receivers are real, in the current directory; it has no rules and nothing has ever run."""
    monkeypatch.setenv("SLACK", slack.url)
    monkeypatch.setenv("HOOK", siem.url + "/in?token=sesame")
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    (tmp_path / "config.toml").write_text(CONFIG.format(port=mail.port))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["receivers", *arguments], prog_name="monitor")


def test_a_test_message_reaches_every_recipient_and_says_what_it_is(
    desk: Path, mail: MailServer, slack: Sink, siem: Sink
) -> None:
    done = run("test", "desk")
    assert done.exit_code == 0, done.output
    results = [line for line in done.stdout.splitlines() if line.startswith("ok  ")]
    assert [line.split(":")[0] for line in results] == [
        "ok    desk@example.org by email",
        "ok    night@example.org by email",
        "ok    slack",
        "ok    webhook",
        "ok    file",
        "ok    stdout",
    ]
    assert "queued" in results[0]
    # A mail server says who it is, and how the way there is protected.
    assert re.search(r"^      \S.*SMTP.* · not encrypted$", done.stdout, re.MULTILINE)
    mails = [email.message_from_bytes(one.content, policy=policy.default) for one in mail.received]
    assert {one["Subject"] for one in mails} == {"TEST of receiver desk: Only a test: nothing happened"}
    assert {one["To"] for one in mails} == {"desk@example.org", "night@example.org"}
    assert len({one["Message-ID"] for one in mails}) == 2
    assert "TEST" in json.loads(slack.requests[0][2])["text"]
    ((_, headers, body),) = siem.requests
    digest = Webhook(SECRET).verify(body, headers)
    assert (digest["digest"], digest["batch"], digest["key"]) == ("TEST", "test", headers["webhook-id"])
    assert digest["timezone"] == "Asia/Kabul"
    (file,) = (desk / "digests").iterdir()
    assert json.loads(file.read_text())["stories"][0]["headline"].startswith("This is only a test")
    assert "TEST of receiver desk" in done.stdout  # the receiver's own stdout


def test_two_tests_are_two_messages(desk: Path, mail: MailServer, siem: Sink) -> None:
    assert run("test", "desk").exit_code == run("test", "desk").exit_code == 0
    assert len({headers["webhook-id"] for _, headers, _ in siem.requests}) == 2
    ids = {email.message_from_bytes(one.content)["Message-ID"] for one in mail.received}
    assert len(ids) == 4


def test_a_test_needs_no_store_and_makes_none(desk: Path) -> None:
    assert run("test", "desk").exit_code == 0
    assert not list(desk.glob("monitor.db*"))


def test_what_one_recipient_refuses_the_others_still_get(desk: Path, mail: MailServer, slack: Sink) -> None:
    mail.answers["RCPT"] = "550 5.1.1 no such user"
    slack.answer = (404, {}, b"no_service")
    done = run("test", "desk")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert [line[:4] for line in lines if line[:4] in ("ok  ", "FAIL")] == ["FAIL"] * 3 + ["ok  "] * 3
    said = " ".join(done.stdout.split())
    assert "550 5.1.1 no such user" in said
    assert "Check the address night@example.org in [receivers.desk]" in said
    assert "HTTP 404 no_service" in said
    assert "Make a new incoming webhook in Slack" in said
    # advice keeps to the screen
    assert all(len(line) <= 80 for line in lines if line.startswith("      "))


@pytest.mark.parametrize(
    ("status", "headers", "fault", "advice"),
    [
        (401, {}, "broken_receiver", "Check url and secret of webhook in [receivers.desk]"),
        (400, {}, "refused", "The other side does not take such a message"),
        (500, {}, "temporary", "Run this again in a few minutes."),
        (429, {"Retry-After": "40"}, "rate_limited", "Run this again in 40 s."),
    ],
)
def test_a_failure_as_json_says_what_to_do(
    desk: Path, siem: Sink, status: int, headers: dict[str, str], fault: str, advice: str
) -> None:
    siem.answer = (status, headers, b"")
    done = run("test", "desk", "--json")
    assert done.exit_code == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["ok"] for row in rows] == [True, True, True, False, True, True]
    failed = next(row for row in rows if not row["ok"])
    assert (failed["channel"], failed["fault"], failed["error"]) == ("webhook", fault, f"HTTP {status}")
    assert failed["advice"].startswith(advice)
    assert "TEST of receiver desk" in done.stderr  # JSON lines stay alone on standard output
    assert "sesame" not in done.output


def test_an_answer_that_was_lost_is_not_called_a_failure_to_arrive(desk: Path, siem: Sink) -> None:
    siem.answer = None
    done = run("test", "desk")
    assert done.exit_code == 1
    assert "It may have arrived or not" in done.stdout


def test_an_unknown_receiver_names_those_there_are(desk: Path) -> None:
    done = run("test", "dsek")
    assert done.exit_code == 1
    assert done.output.strip() == 'monitor: no receiver is called "dsek"; there are: desk, siem'


def test_a_secret_that_is_missing_is_named_before_anything_is_sent(
    desk: Path, monkeypatch: pytest.MonkeyPatch, mail: MailServer
) -> None:
    monkeypatch.delenv("HOOK_SECRET")
    done = run("test", "desk")
    assert done.exit_code == 2
    assert "env:HOOK_SECRET: the environment variable is not set" in done.output
    assert not mail.received


def test_the_list_says_who_is_reached_how_and_needs_no_secret(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK", "HOOK", "HOOK_SECRET"):
        monkeypatch.delenv(name)
    done = run("list")
    assert done.exit_code == 0
    assert "email    night@example.org" in done.output
    assert "webhook  env:HOOK" in done.output
    assert "webhook  siem.example\n" in done.output
    assert "digests  morning" in done.output
    assert "no digest is sent to it" in done.output
    assert "monitor receivers test desk" in done.output
    assert "sesame" not in done.output
    rows = [json.loads(line) for line in run("list", "--json").output.splitlines()]
    assert [row["receiver"] for row in rows] == ["desk", "siem"]
    assert rows[0]["channels"][2] == {"channel": "slack", "to": "env:SLACK"}
    assert rows[1] == {
        "receiver": "siem",
        "channels": [{"channel": "webhook", "to": "siem.example"}],
        "digests": [],
        "health": False,
        "unsubscribed": [],
    }


@pytest.mark.parametrize("words", [("list",), ("test", "desk")], ids=" ".join)
def test_without_a_config_it_says_so_with_two(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.exit_code == 2
    assert "config.toml: no such file" in done.output


def test_without_receivers_the_list_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("")
    assert run("list").output == "The config has no [receivers].\n"
    assert run("test", "desk").output.strip() == 'monitor: no receiver is called "desk"; there are: none'


# ---- a bot of Slack


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackStandIn]:
    with slack_stand_in() as stand_in:
        line = f'slack = {{ token = "env:BOT", to = "#press", api_url = "{stand_in.api_url}" }}'
        (tmp_path / "config.toml").write_text(f"[receivers.press]\n{line}\n")
        monkeypatch.setenv("BOT", TOKEN)
        monkeypatch.chdir(tmp_path)
        yield stand_in


def test_a_bot_posts_the_test_and_says_where(bot: SlackStandIn) -> None:
    done = run("test", "press")
    (posted,) = bot.posted
    assert done.stdout == f"ok    slack: ok C0000PRESS {posted.ts}\n"
    assert "TEST" in posted.body["text"]
    assert json.loads(run("list", "--json").stdout)["channels"] == [{"channel": "slack", "to": "#press (env:BOT)"}]


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("not_in_channel", 'type "/invite @BOT" there'),
        ("channel_not_found", "Check to in [receivers.press]"),
        ("missing_scope", "OAuth & Permissions"),
        ("is_archived", "archived"),
        ("restricted_action_read_only_channel", "ask those who manage the workspace"),
        ("token_revoked", "Check the token of slack in [receivers.press]"),
    ],
)
def test_each_word_of_slack_has_its_advice(bot: SlackStandIn, word: str, advice: str) -> None:
    bot.answers["chat.postMessage"] = [word]
    done = run("test", "press")
    assert done.exit_code == 1
    said = " ".join(done.stdout.split())
    assert f"FAIL slack: chat.postMessage: {word}" in said
    assert advice in said
    assert TOKEN not in said
