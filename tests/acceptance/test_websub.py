"""WebSub end to end: the real daemon, a real hub in a process of its own, and a publisher that pings it."""

from __future__ import annotations

import json
import socket
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from desk import Desk, eventually
from hub import HubProcess, hub_process, post
from local_feed import LocalFeed
from talk import HERE, numbers

SUBSCRIBED = "SELECT count(*) FROM websub WHERE state = 'subscribed'"


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def configure(desk: Desk, feed: LocalFeed, *, interval: str = "1h", port: int | None = None, **more: str) -> int:
    """A desk that hubs can reach, whose feed is polled once an hour; the port of its web pages."""
    port = port or free_port()
    web = f'[web]\nlisten = "127.0.0.1:{port}"\npublic_url = "http://127.0.0.1:{port}/monitor"\n'
    desk.write([feed.url], feed_lines=f'interval = "{interval}"' if interval else "", more=web, **more)
    return port


def subscribed(desk: Desk, hub: HubProcess) -> None:
    eventually(lambda: hub.subscriptions and desk.number(SUBSCRIBED), "a subscription that was verified")


def digests(desk: Desk) -> list[str]:
    """The headlines that the receiver has, each as often as it came."""
    found = [json.loads(path.read_text()) for path in sorted((desk.folder / "digests").glob("*.json"))]
    return [story["headline"] for digest in found for story in digest["stories"]]


def polls(feed: LocalFeed) -> int:
    """How often the daemon asked; the hub, which fetches for itself, is another client."""
    return sum("media-monitor" in one.headers.get("user-agent", "") for one in feed.site.requests)


def item(number: int, title: str) -> str:
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>Local</title><link>http://x.example/</link>"
        f"<description>d</description><item><title>{title}</title><link>http://x.example/{number}</link>"
        f"<guid isPermaLink='false'>pushed-{number}</guid><description>{title}.</description></item>"
        "</channel></rss>"
    )


def test_what_is_pushed_arrives_at_once_and_alerts_once(desk: Desk, feed: LocalFeed) -> None:
    with hub_process() as hub:
        feed.offer(hub.url)
        port = configure(desk, feed)
        with desk.running():
            subscribed(desk, hub)
            (asked,) = hub.asked
            assert asked["hub.topic"] == feed.url
            assert asked["hub.callback"].startswith(f"http://127.0.0.1:{port}/monitor/websub/")
            assert 20 < len(asked["hub.secret"]) < 200
            asked_before = polls(feed)
            link = feed.add("Torkham closed", "The Torkham crossing was closed.")
            begun = time.monotonic()
            hub.ping(feed.url)
            eventually(lambda: digests(desk), "the alert")
            took = time.monotonic() - begun
            print(f"publisher's ping → receiver's file: {took:.2f} s")
            assert took < 15  # of a busy machine; usually well below one
            hub.ping(feed.url)
            hub.ping(feed.url)
            eventually(lambda: numbers(port)["pushes_total", "taken"] == 3, "three pushes")
            eventually(lambda: not desk.number("SELECT count(*) FROM pushes"), "pushes that were read")
            assert digests(desk) == ["Torkham closed"]
            assert polls(feed) == asked_before
            shown = json.loads(desk.command("feeds", "show", feed.url, "--json").stdout)
            assert shown["hub"]["state"] == "subscribed"
            assert shown["hub"]["trust"] == "trusted"
            assert "in feed Local, pushed by its hub" in desk.command("why", link).stdout
        told = desk.log() + "".join(desk.command("feeds", one).stdout for one in ("list", "health"))
        for secret in (asked["hub.secret"], asked["hub.callback"].rpartition("/")[2]):
            assert secret not in told


def test_a_push_that_lists_only_what_is_new_is_no_broken_listing(desk: Desk, feed: LocalFeed) -> None:
    for number in range(4):
        feed.add(f"Quiet day {number}", "Nothing.")
    with hub_process() as hub:
        feed.offer(hub.url)
        configure(desk, feed)
        with desk.running():
            subscribed(desk, hub)
            before = desk.ask("SELECT etag, body_hash, last_success_at, listed_at, may_have_lost_at FROM feeds")
            assert hub.distribute(feed.url, item(1, "Torkham closed"))["status"] == 202
            eventually(lambda: digests(desk) == ["Torkham closed"], "the alert")
            assert (
                desk.ask("SELECT etag, body_hash, last_success_at, listed_at, may_have_lost_at FROM feeds")
                == before
            )


def test_a_dry_run_reads_what_is_pushed_and_asks_no_hub(desk: Desk, feed: LocalFeed) -> None:
    with hub_process() as hub:
        feed.offer(hub.url)
        configure(desk, feed)
        with desk.running():
            subscribed(desk, hub)
        asked = len(hub.asked)
        desk.write_store("UPDATE websub SET next_try_at = '2000-01-01 00:00:00'")
        with desk.running("--dry-run"):
            eventually(lambda: desk.log().count(": running") == 2, "its callbacks")
            feed.add("Torkham closed", "The Torkham crossing was closed.")
            hub.ping(feed.url)
            eventually(lambda: desk.number("SELECT count(*) FROM deliveries WHERE state = 'draft'"), "the draft")
            assert not desk.number("SELECT count(*) FROM pushes")
        assert len(hub.asked) == asked
        with desk.running():
            eventually(lambda: digests(desk) == ["Torkham closed"], "the alert, in earnest")
            eventually(lambda: len(hub.asked) > asked, "the renewal that was due")


def test_what_was_not_signed_with_the_secret_is_ignored_and_counted(desk: Desk, feed: LocalFeed) -> None:
    with hub_process() as hub:
        feed.offer(hub.url)
        port = configure(desk, feed)
        with desk.running():
            subscribed(desk, hub)
            for method in ("wrong", None):
                hub.set(sign=method)
                assert hub.distribute(feed.url, item(1, "Torkham closed by forgers"))["status"] == 202
            assert numbers(port)["pushes_total", "bad_signature"] == 2
            for number, method in enumerate(("sha1", "sha256", "sha384", "sha512"), 2):
                hub.set(sign=method)
                assert hub.distribute(feed.url, item(number, f"Torkham closed {method}"))["status"] == 202
            eventually(lambda: "Torkham closed sha512" in " ".join(digests(desk)), "what was signed")
            assert desk.number("SELECT count(*) FROM entries WHERE title LIKE '%forgers%'") == 0
            (callback,) = hub.subscriptions
            replayed = post(callback, item(2, "Torkham closed sha1").encode(), {})
            assert replayed["status"] == 202  # without its signature it is nothing
            unknown = post(callback[:-1] + "~", b"x", {})
            assert unknown["status"] == 410
            assert numbers(port)["pushes_total", "bad_signature"] == 3


def test_nothing_is_verified_that_was_not_asked_for(desk: Desk, feed: LocalFeed) -> None:
    with hub_process() as hub:
        feed.offer(hub.url)
        port = configure(desk, feed)
        with desk.running():
            subscribed(desk, hub)
            (callback,) = hub.subscriptions
            before = desk.ask("SELECT token, topic, state FROM websub")
            for address, topic, mode in (
                (callback, "http://127.0.0.1:1/other", "subscribe"),
                (callback, feed.url, "unsubscribe"),
                (f"http://127.0.0.1:{port}/websub/AAAA", feed.url, "subscribe"),
            ):
                assert hub.verify(address, topic, mode)["status"] == 404
            assert desk.ask("SELECT token, topic, state FROM websub") == before
            assert hub.verify(callback, feed.url)["status"] == 200  # §5: what holds may be confirmed again


def test_a_lease_is_renewed_before_it_ends_and_over_a_restart(desk: Desk, feed: LocalFeed) -> None:
    with hub_process() as hub:
        hub.set(lease=6)
        feed.offer(hub.url)
        configure(desk, feed)
        with desk.running():
            subscribed(desk, hub)
            eventually(lambda: len(hub.asked) >= 3, "two renewals")
            times = [float(one["at"]) for one in hub.asked]
            assert all(later - earlier < 6 for earlier, later in pairwise(times))
        assert len({one["hub.callback"] for one in hub.asked}) == 1
        before = len(hub.asked)
        with desk.running():
            eventually(lambda: len(hub.asked) > before, "a renewal after the restart")
            feed.add("Torkham closed", "The Torkham crossing was closed.")
            eventually(lambda: next(iter(hub.subscriptions.values()))["until"] > time.time() + 3, "a fresh lease")
            hub.ping(feed.url)
            eventually(lambda: digests(desk) == ["Torkham closed"], "the alert")
        assert len({one["hub.callback"] for one in hub.asked}) == 1


def test_a_hub_that_is_down_is_asked_again_and_no_feed_waits_for_it(desk: Desk, feed: LocalFeed) -> None:
    port = free_port()
    feed.offer(f"http://127.0.0.1:{port}/")
    configure(desk, feed, interval="1s")
    with desk.running():
        eventually(lambda: desk.number("SELECT failures FROM websub") >= 2, "two failures")
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        eventually(lambda: digests(desk) == ["Torkham closed"], "the alert, by polling")
        with hub_process(port) as hub:
            hub.set(status=500)
            eventually(lambda: desk.number("SELECT count(*) FROM websub WHERE error LIKE '%500%'"), "an error")
            secret = hub.asked[0]["hub.secret"]
            hub.set(status=202)
            subscribed(desk, hub)
    assert secret not in desk.log()
    assert "answered 500" in desk.log()
    assert not [row for row in desk.ask("SELECT error FROM websub") if secret in str(row)]


def test_a_slow_hub_holds_up_nothing(desk: Desk, feed: LocalFeed) -> None:
    with hub_process() as hub:
        hub.set(delay=60)
        feed.offer(hub.url)
        configure(desk, feed, interval="1s")
        with desk.running():
            eventually(lambda: hub.asked, "the request that hangs")
            feed.add("Torkham closed", "The Torkham crossing was closed.")
            eventually(lambda: digests(desk) == ["Torkham closed"], "the alert, by polling")
            eventually(lambda: desk.number("SELECT count(*) FROM websub WHERE error LIKE '%no answer%'"), "an end")
            asked = len(hub.asked)
            eventually(lambda: len(hub.asked) > asked, "the next request that hangs")
    assert "left behind" not in desk.log()


def test_a_hub_that_denies_is_named_with_its_reason(desk: Desk, feed: LocalFeed) -> None:
    with hub_process() as hub:
        hub.set(deny="topics of this site are not\nallowed")
        feed.offer(hub.url)
        configure(desk, feed)
        with desk.running():
            eventually(lambda: desk.number("SELECT count(*) FROM websub WHERE state = 'denied'"), "the denial")
            shown = json.loads(desk.command("feeds", "show", feed.url, "--json").stdout)
            assert shown["hub"]["error"] == "the hub said no: topics of this site are not allowed"
            assert "HUB" in desk.command("feeds", "health").stdout


def test_the_hub_of_a_feed_that_is_removed_or_moves_is_left(desk: Desk, feed: LocalFeed) -> None:
    with hub_process() as hub, hub_process() as other:
        feed.offer(hub.url)
        port = configure(desk, feed, interval="1s", poll='max_interval = "1s"')
        with desk.running() as daemon:
            subscribed(desk, hub)
            feed.offer(other.url)
            eventually(lambda: other.subscriptions, "a subscription at the other hub")
            eventually(lambda: not hub.subscriptions, "none at the first")
            eventually(lambda: desk.number("SELECT count(*) FROM websub") == 1, "one row")
            desk.write(
                [f"{feed.site.url}/elsewhere.xml"],
                more=f'[web]\nlisten = "127.0.0.1:{port}"\npublic_url = "http://127.0.0.1:{port}/monitor"\n',
                poll='max_interval = "1s"',
            )
            desk.reload(daemon)
            eventually(lambda: not other.subscriptions, "none at the other hub")
            eventually(lambda: desk.number("SELECT count(*) FROM websub") == 0, "no row")


def test_a_hub_that_dies_silently_delays_an_alert_by_no_more_than_max_interval(
    desk: Desk, feed: LocalFeed
) -> None:
    with hub_process() as hub:
        feed.offer(hub.url)
        configure(desk, feed, interval="", poll='max_interval = "20s"')
        with desk.running():
            subscribed(desk, hub)
            hub.distribute(feed.url, item(1, "Torkham closed"))  # before any poll could
            eventually(lambda: digests(desk), "the alert")
            ((until, following),) = desk.ask("SELECT pushed_until, next_poll_at FROM feeds")
            assert until == following  # left to its hub
            hub.kill()
            feed.add("Floods in Sindh", "The floods reached the city.")
            before, begun = polls(feed), time.monotonic()
            eventually(lambda: "Floods in Sindh" in digests(desk), "the alert, by polling")
            assert polls(feed) - before <= 3  # not once a second
            assert time.monotonic() - begun < 50


def test_a_hub_that_keeps_news_to_itself_is_not_relied_on(desk: Desk, feed: LocalFeed) -> None:
    with hub_process() as hub:
        feed.offer(hub.url)
        configure(desk, feed, interval="", poll='max_interval = "10s"')
        with desk.running():
            subscribed(desk, hub)
            hub.distribute(feed.url, item(1, "Torkham closed"))
            eventually(
                lambda: desk.number("SELECT count(*) FROM feeds WHERE pushed_until IS NOT NULL"), "reliance"
            )
            # Published after the subscription and long enough ago for any hub: as if the hour were over.
            desk.write_store("UPDATE websub SET verified_at = '2020-01-01 00:00:00.000000'")
            feed.add("Floods in Sindh", "Since Monday.", published=datetime.now(UTC) - timedelta(hours=1))
            eventually(lambda: "Floods in Sindh" in digests(desk), "the alert, by polling")
            eventually(lambda: desk.events("hub not relied on"), "the log line")
            ((doubt, until),) = desk.ask("SELECT doubt, pushed_until FROM websub JOIN feeds ON feeds.id = feed_id")
            assert (doubt, until) == ("missed", None)
            assert "not announce" in desk.command("feeds", "health").stdout
            before = polls(feed)
            eventually(lambda: polls(feed) > before + 3, "polls as before")


def test_what_waits_is_bounded_and_the_feed_is_polled_instead(desk: Desk, feed: LocalFeed) -> None:
    with hub_process() as hub:
        feed.offer(hub.url)
        port = configure(desk, feed, poll="max_bytes = '20kB'")
        with desk.running():
            subscribed(desk, hub)
            before = polls(feed)
            feed.add("Torkham closed", "The Torkham crossing was closed.")
            large = item(1, "x" * 30_000)
            assert hub.distribute(feed.url, large)["status"] == 413
            eventually(lambda: polls(feed) > before, "a poll instead")
            eventually(lambda: digests(desk) == ["Torkham closed"], "the alert")
            assert numbers(port)["pushes_total", "too_large"] == 1
            assert hub.distribute(feed.url, "this is no feed")["status"] == 202
            eventually(lambda: polls(feed) > before + 1, "a poll after what could not be read")
            assert desk.number("SELECT count(*) FROM pushes") == 0


@pytest.mark.parametrize("web", ["", '[web]\nlisten = "127.0.0.1:0"\n'])
def test_without_a_public_address_no_hub_is_asked(desk: Desk, feed: LocalFeed, web: str) -> None:
    with hub_process() as hub:
        feed.offer(hub.url)
        desk.write([feed.url], more=web)
        with desk.running():
            feed.add("Torkham closed", "The Torkham crossing was closed.")
            eventually(lambda: digests(desk) == ["Torkham closed"], "the alert, by polling")
        assert hub.asked == []
        assert desk.number("SELECT count(*) FROM websub") == 0
        assert desk.number("SELECT count(*) FROM feeds WHERE hub_url IS NOT NULL") == 1


def test_what_waits_at_a_crash_is_read_at_the_next_start(desk: Desk, feed: LocalFeed, tmp_path: Path) -> None:
    with hub_process() as hub:
        feed.offer(hub.url)
        port = configure(desk, feed)
        with desk.running():
            subscribed(desk, hub)
        body = item(1, "Torkham closed")
        number = desk.number("SELECT id FROM feeds")
        desk.write_store(
            "INSERT INTO pushes (feed_id, received_at, content_type, size, body) VALUES "
            "(?, '2026-01-01 00:00:00.000000', 'application/rss+xml', ?, ?)",
            number,
            len(body),
            body.encode(),
        )
        configure(desk, feed, port=port)
        with desk.running():
            eventually(lambda: digests(desk) == ["Torkham closed"], "the alert")
