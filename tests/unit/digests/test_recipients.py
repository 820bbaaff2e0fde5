"""Who a digest goes to, each inbox once, and what an inbox has from other digests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import NOON

from monitor.core.digests.recipients import inbox_of, recipients_of_all, sent_before, sent_by_inbox
from monitor.core.digests.tags import tags_of
from monitor.model.addressing import BatchSent, Elsewhere, ToldElsewhere
from monitor.model.delivery import ChannelKind, EmailEndpoint, Receiver, StdoutEndpoint
from monitor.model.rule import Rule

ME = inbox_of("desk", ChannelKind.EMAIL, "me@example.org")


def batch(name: str, minutes: int | None = 0, digest: str = "alerts", **more: object) -> BatchSent:
    sent_at = None if minutes is None else NOON + timedelta(minutes=minutes)
    short = more.get("short", frozenset())
    to = str(more.get("to", "me@example.org"))
    return BatchSent(digest, name, "desk", ChannelKind.EMAIL, to, NOON, sent_at, frozenset(short))  # type: ignore[call-overload]


def way(*told: tuple[str, int], digest: str = "alerts") -> ToldElsewhere:
    return ToldElsewhere(digest, told)


def asked(matches: list[int], elsewhere: Elsewhere) -> str | None:
    """The digest and batch that say it was all sent, or None."""
    found = sent_before(matches, elsewhere.told, sent_by_inbox(elsewhere).get(ME, {}))
    return None if found is None else f"{found.digest} {found.batch} {found.at:%H:%M}"


TABLE: list[tuple[str, list[int], Elsewhere, str | None]] = [
    ("nothing is told of it", [], Elsewhere(), None),
    ("no digest knows it", [1], Elsewhere(), None),
    ("one batch told it", [1], Elsewhere({1: (way(("b", 1)),)}, (batch("b", 5),)), "alerts b 12:05"),
    ("a part of it still waits", [1], Elsewhere({1: (way(("b", 1)),)}, (batch("b", None),)), None),
    ("another was sent it", [1], Elsewhere({1: (way(("b", 1)),)}, (batch("b", to="you@example.org"),)), None),
    (
        "the address in capitals",
        [1],
        Elsewhere({1: (way(("b", 1)),)}, (batch("b", to="ME@example.org"),)),
        "alerts b 12:00",
    ),
    ("it was one line there", [1], Elsewhere({1: (way(("b", 1)),)}, (batch("b", short={1}),)), None),
    (
        "another story was one line there",
        [1],
        Elsewhere({1: (way(("b", 1)),)}, (batch("b", short={2}),)),
        "alerts b 12:00",
    ),
    ("one of two is missing", [1, 2], Elsewhere({1: (way(("b", 1)),)}, (batch("b"),)), None),
    (
        "the last of two messages counts",
        [1, 2],
        Elsewhere({1: (way(("b", 1)),), 2: (way(("c", 2)),)}, (batch("b", 1), batch("c", 9))),
        "alerts c 12:09",
    ),
    (
        "the first of two digests counts",
        [1],
        Elsewhere(
            {1: (way(("b", 1)), way(("x", 1), digest="other"))}, (batch("b", 7), batch("x", 3, digest="other"))
        ),
        "other x 12:03",
    ),
    (
        "merged with two messages of which one waits",
        [3],
        Elsewhere({3: (way(("b", 1), ("c", 2)),)}, (batch("b"), batch("c", None))),
        None,
    ),
    (
        "merged with two messages that were both sent",
        [3],
        Elsewhere({3: (way(("b", 1), ("c", 2)),)}, (batch("b", 1), batch("c", 2))),
        "alerts c 12:02",
    ),
    (
        "merged with one that was left to a third digest",
        [3],
        Elsewhere({3: (way(("b", 1), ("c", 2)),)}, (batch("b"), batch("c", short={2}))),
        None,
    ),
]


@pytest.mark.parametrize(("says", "matches", "elsewhere", "expected"), TABLE, ids=[one[0] for one in TABLE])
def test_a_story_was_sent_before_only_if_all_of_it_was(
    says: str, matches: list[int], elsewhere: Elsewhere, expected: str | None
) -> None:
    assert asked(matches, elsewhere) == expected, says


def test_each_inbox_is_sent_to_once_and_stands_for_all_that_name_it() -> None:
    receivers = [
        Receiver("a", (EmailEndpoint(("Me@Example.org", "me@example.org")), StdoutEndpoint())),
        Receiver("b", (StdoutEndpoint(), EmailEndpoint(("ME@EXAMPLE.ORG", "you@example.org")))),
        Receiver("c", (EmailEndpoint(("me@example.org",)),)),
    ]
    found = [(one.receiver, one.recipient, one.also) for one in recipients_of_all(receivers)]
    assert found == [
        ("a", "Me@Example.org", ("b", "c")),
        ("a", "stdout", ()),
        ("b", "stdout", ()),
        ("b", "you@example.org", ()),
    ]


def test_a_digest_is_about_the_tags_it_asks_for_and_those_of_its_rules() -> None:
    rules = [
        Rule("a", "A", "x", "v", ("trade",)),
        Rule("b", "B", "x", "v", ("border",)),
        Rule("c", "C", "x", "v", ("war",)),
    ]
    assert tags_of(["tag:border severity:high", "a", "!tag:opinion"], rules) == {"border", "trade"}
