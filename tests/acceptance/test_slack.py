"""The real daemon and a stand-in that is as strict as Slack: alerts, updates in their thread, long digests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk import Desk, eventually
from local_feed import LocalFeed
from slack_stand_in import TOKEN, SlackStandIn, slack_stand_in

# Taken away when deliveries name what they follow: pipeline/addressing.py.

POLLED = "SELECT count(*) FROM feeds WHERE first_success_at IS NOT NULL"


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with slack_stand_in() as running:
        yield running


def by_bot(desk: Desk, slack: SlackStandIn) -> str:
    """The receivers of a config with a bot in #press."""
    desk.environment["BOT"] = TOKEN
    return f'[receivers.desk]\nslack = {{ token = "env:BOT", to = "#press", api_url = "{slack.api_url}" }}\n'


def test_a_long_digest_has_its_parts_in_the_thread_of_the_first(
    desk: Desk, feed: LocalFeed, slack: SlackStandIn
) -> None:
    towns = [f"Town{chr(65 + n)}{chr(65 + 2 * n % 26)}" for n in range(12)]
    for town in towns:
        feed.add(
            f"Floods in {town}", f"Heavy floods reached {town}, its {town.lower()} bridge and mills on Sunday."
        )
    desk.write([feed.url], receivers=by_bot(desk, slack), schedule="every 30m")
    slack.gap = 0.9  # Slack takes one message a second
    assert desk.command("run", "--once").returncode == 0
    (top,) = slack.top()
    replies = slack.replies(top.ts)
    assert len(slack.posted) == 1 + len(replies)
    assert "more stories in" in top.said()
    said = top.said() + "".join(one.said() for one in replies)
    assert all(town in said for town in towns)
    assert not slack.refused
    assert "429" not in desk.log()
    assert {one.key for one in slack.posted} == {key for (key,) in desk.ask("SELECT key FROM deliveries")}


def test_an_update_edits_the_alert_and_answers_in_its_thread(
    desk: Desk, feed: LocalFeed, slack: SlackStandIn
) -> None:
    desk.write([feed.url], receivers=by_bot(desk, slack))
    text = "The Torkham crossing was closed on Sunday, officials on both sides of the border said."
    with desk.running():
        eventually(lambda: desk.number(POLLED), "a poll")
        link = feed.add("Torkham closed", text, id="one")
        eventually(lambda: desk.sent(), "the alert")
        (top,) = slack.posted
        assert top.body["text"].startswith("HIGH Torkham crossing closed: Local")
        feed.clear()
        feed.add("Torkham closed", f"{text} Floods cut the road to it.", id="one", link=link)  # and one more rule
        eventually(lambda: desk.sent() == 2, "the update")
    (reply,) = slack.replies(top.ts)
    assert "Floods" in reply.said()
    assert "UPDATED" in top.said()
    assert [method for method, _ in slack.calls] == ["chat.postMessage", "chat.update", "chat.postMessage"]
    assert not slack.refused
