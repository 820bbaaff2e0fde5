"""The log of a real daemon: an entry is followed from its poll to its delivery by ids; nothing secret is in it."""

from __future__ import annotations

import json
from typing import Any

from desk import Desk, eventually
from local_feed import LocalFeed


def one(lines: list[dict[str, Any]], **ids: Any) -> dict[str, Any]:
    """The only line that has these values."""
    found = [line for line in lines if all(line.get(name) == value for name, value in ids.items())]
    assert len(found) == 1, found
    return found[0]


def test_an_entry_is_followed_from_its_poll_to_its_delivery_by_ids_alone(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    feed.add("Cricket", "The match was won.")
    with desk.running("--verbose"):
        eventually(lambda: desk.events("delivered"), "the delivery")
        eventually(lambda: len(desk.events("no match")) == 1, "the answer on the other entry")
    delivery = desk.events("delivered")[0]
    # Backwards, as somebody asks who has a message in hand: each line names the one before it.
    plan = one(desk.events("planned"), digest=delivery["digest"], batch=delivery["batch"])
    (match_id,) = plan["matches"]
    match = one(desk.events("match"), match=match_id)
    grouped = one(desk.events("grouped"), article=match["article"])
    read = one(desk.events("read"), article=grouped["article"])
    poll = one(desk.events("first poll"), feed_id=read["feed_id"])
    assert poll["will_be_read"] == 2
    # And forwards, as somebody asks what became of an entry.
    entry = read["entry"]
    assert match["entry"] == grouped["entry"] == entry
    assert match["story"] == grouped["story"]
    assert match["digests"] == [delivery["digest"]]
    assert desk.ask("SELECT feed_id FROM entries WHERE id = ?", entry) == [(poll["feed_id"],)]
    # The entry that nobody is told of has its lines, too.
    other = one(desk.events("no match"))
    assert other["entry"] != entry
    assert one(desk.events("read"), entry=other["entry"])["article"] == other["article"]

    (link,) = desk.ask("SELECT link FROM entries WHERE id = ?", entry)[0]
    asked = desk.command("why", link, "--json")
    (said,) = map(json.loads, asked.stdout.splitlines())
    assert (said["feed_id"], said["entry"]) == (poll["feed_id"], entry)
    assert (said["article"]["id"], said["article"]["story"]) == (match["article"], match["story"])
    (went,) = said["digests"]
    assert (went["match"], went["digest"], went["batch"]) == (match_id, delivery["digest"], delivery["batch"])
    (sent,) = went["deliveries"]
    assert (sent["id"], sent["key"]) == (delivery["delivery"], delivery["key"])


def test_an_address_is_logged_without_what_may_be_secret_in_it(desk: Desk, feed: LocalFeed) -> None:
    secret = "battery-staple"
    desk.write([f"{feed.url}?token={secret}"])
    link = f"{feed.site.url}/story/1?token={secret}"
    feed.add("Torkham closed", "The Torkham crossing was closed.", link=link)
    with desk.running("--verbose"):
        eventually(lambda: desk.events("delivered"), "the delivery")
    assert desk.ask("SELECT link FROM entries") == [(link,)]
    assert secret not in desk.log()
