"""The real daemon, a webhook on loopback, and the commands that work beside it."""

from __future__ import annotations

import json

from desk import Desk, eventually
from http_sink import http_sink
from local_feed import LocalFeed
from standardwebhooks import Webhook

SECRET = "whsec_" + "A" * 43 + "="
SIEM = '[receivers.siem]\nwebhook = { url = "env:HOOK", secret = "env:HOOK_SECRET" }\n'
ATTEMPTS = "SELECT count(*) FROM attempts"


def configured(desk: Desk, feed: LocalFeed, url: str) -> None:
    desk.environment.update({"HOOK": f"{url}/in?token=sesame", "HOOK_SECRET": SECRET})
    desk.write([feed.url], receivers=SIEM, to='["siem"]')


def test_a_webhook_that_was_down_gets_the_same_signed_message_on_every_try(desk: Desk, feed: LocalFeed) -> None:
    with http_sink() as gone:
        url = gone.url
    port = int(url.rpartition(":")[2])
    configured(desk, feed, url)
    link = feed.add("Torkham closed", "The Torkham crossing was closed.")
    with desk.running():
        eventually(lambda: desk.number(ATTEMPTS) == 1, "a failed attempt")
        ((key,),) = desk.ask("SELECT key FROM deliveries")
        with http_sink(port) as siem:
            siem.answer = (503, {"Retry-After": "3600"}, b"starting")
            assert desk.command("deliveries", "retry", key).returncode == 0
            eventually(lambda: desk.number(ATTEMPTS) == 2, "the second attempt")
            siem.answer = (204, {}, b"")
            said = desk.command("deliveries", "retry", key[:8]).stdout
            assert "due now" in said
            assert "The monitor that is running" in said
            eventually(desk.sent, "the third attempt")
    (path, first, body), (_, second, again) = siem.requests
    assert path == "/in?token=sesame"
    assert body == again
    assert first["webhook-id"] == second["webhook-id"] == key
    for headers in (first, second):
        digest = Webhook(SECRET).verify(body, headers)
        assert (digest["key"], digest["digest"]) == (key, "alerts")
    assert digest["stories"][0]["url"] == link
    shown = json.loads(desk.command("deliveries", "show", key, "--json").stdout)
    assert [one["outcome"] for one in shown["history"]] == [
        "unreachable, back_off",
        "temporary, retry_after",
        "sent",
    ]
    assert (shown["state"], shown["receipt"], shown["attempts"]) == ("sent", "HTTP 204", 1)
    # neither the address nor the secret shows anywhere
    told = desk.log() + json.dumps(desk.ask("SELECT last_error, receipt FROM deliveries")) + said
    assert "sesame" not in told
    assert SECRET not in told


def test_what_a_webhook_refused_is_dead_until_somebody_retries_it(desk: Desk, feed: LocalFeed) -> None:
    with http_sink() as siem:
        configured(desk, feed, siem.url)
        siem.answer = (400, {}, b"no such index")
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        dead = "SELECT count(*) FROM deliveries WHERE state = 'dead'"
        with desk.running():
            eventually(lambda: desk.number(dead), "the dead delivery")
            assert "monitor deliveries list --state dead" in desk.command("status").stdout
            listed = desk.command("deliveries", "list", "--state", "dead").stdout
            assert "refused: HTTP 400 no such index" in listed
            siem.answer = (200, {}, b"")
            # beside the daemon, and past its outbox
            tried = desk.command("receivers", "test", "siem", "--json")
            assert tried.returncode == 0
            assert json.loads(tried.stdout)["receipt"] == "HTTP 200"
            assert desk.number(dead) == 1
            retried = desk.command("deliveries", "retry", "--dead")
            assert retried.stdout.splitlines()[0] == "siem: 1 delivery due now"
            eventually(desk.sent, "the delivery")
        assert "what was given up" not in desk.command("status").stdout
    ids = [headers["webhook-id"] for _, headers, _ in siem.requests]
    assert ids[0] == ids[2] != ids[1]


def test_a_dry_run_prints_what_a_webhook_would_get_and_posts_nothing(desk: Desk, feed: LocalFeed) -> None:
    with http_sink() as siem:
        configured(desk, feed, siem.url)
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        dry = desk.command("run", "--once", "--dry-run")
        assert dry.returncode == 0, dry.stderr
        head, _, body = dry.stdout.partition("\n")
        assert head.startswith("---- draft: alerts to siem (webhook): ")
        assert json.loads(body)["stories"][0]["headline"] == "Torkham closed"
        assert not siem.requests
        number = desk.number("SELECT id FROM deliveries")
        refused = desk.command("deliveries", "retry", str(number))
        assert refused.returncode == 1
        assert "is never sent" in refused.stdout
