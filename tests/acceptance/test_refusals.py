"""A revoked webhook under the real daemon: asked once, told of, and all go on when it is mended."""

from __future__ import annotations

import pytest
from desk import Desk
from http_sink import http_sink
from local_feed import LocalFeed

SIEM = '[receivers.siem]\nwebhook = { url = "env:HOOK", secret = "env:HOOK_SECRET" }\n'
SECRET = "whsec_" + "c2VjcmV0IGtleSBmb3IgYSB0ZXN0IG9m"


def test_a_revoked_webhook_is_asked_once_and_gets_everything_after_a_test_that_got_through(
    desk: Desk, feed: LocalFeed
) -> None:
    def waiting() -> int:
        return desk.number("SELECT count(*) FROM deliveries WHERE state = 'waiting'")

    with http_sink() as sink:
        sink.answer = (404, {}, b"no_service")
        desk.environment |= {"HOOK": f"{sink.url}/in", "HOOK_SECRET": SECRET}
        desk.write([feed.url], receivers=SIEM, to='["siem"]')
        feed.add("Torkham closed, incident 1x", "Torkham was closed, said witness 1 of 1.")
        with desk.running():
            desk.within("60s", lambda: desk.number("SELECT count(*) FROM broken_receivers"), "the refusal")
            for number in (2, 3):
                feed.add(f"Torkham closed, incident {number}x", f"Torkham was closed, said witness {number} of 9.")
            desk.within("60s", lambda: waiting() == 3, "the other alerts")
            for command in (("status",), ("deliveries", "list")):
                said = desk.command(*command).stdout
                assert "siem by webhook refuses since " in said
                assert ": HTTP 404 no_service; next try " in said
                assert "; 3 deliveries waiting" in said
            assert len(sink.requests) == 1
            sink.answer = (200, {}, b"ok")
            tested = desk.command("receivers", "test", "siem").stdout
            assert "what siem by webhook had refused is tried again now" in tested
            desk.within("60s", lambda: desk.sent() == 3, "what had waited")
        keys = [headers["webhook-id"] for _, headers, _ in sink.requests]
        assert sorted(keys.count(key) for key in set(keys)) == [1, 1, 1, 2]  # the test, and one that was refused


@pytest.mark.soak
def test_a_reload_asks_a_broken_receiver_again(desk: Desk, feed: LocalFeed) -> None:
    with http_sink() as sink:
        sink.answer = (410, {}, b"")
        desk.environment |= {"HOOK": f"{sink.url}/in", "HOOK_SECRET": SECRET}
        desk.write([feed.url], receivers=SIEM, to='["siem"]')
        feed.add("Torkham closed, incident 1x", "Torkham was closed, said witness 1 of 1.")
        with desk.running() as daemon:
            desk.within("60s", lambda: desk.number("SELECT count(*) FROM broken_receivers"), "the refusal")
            desk.write_store("UPDATE deliveries SET next_attempt_at = created_at")  # not its own hour
            desk.reload(daemon)
            desk.within("60s", lambda: len(sink.requests) == 2, "another try")
