"""One hot story that fires hundreds of rules: every match is kept and told, in bounded time and room."""

from __future__ import annotations

import time

from made import NOON
from newsroom import HOUR, Newsroom, digest_settings, item

from monitor.model.delivery import ChannelKind, EmailEndpoint, FileEndpoint, Receiver
from monitor.model.digest import MessageFormat
from monitor.model.rule import Explanation, Match

MANY = 300
RULES = "".join(
    f"[[rules]]\nid = 'r{number:03}'\ntitle = 'Rule {number} on the crossing'\n"
    f"query = 'Torkham AND (closed OR word{number})'\n"
    for number in range(MANY)
)
URGENT = "[[rules]]\nid = 'urgent'\ntitle = 'An urgent rule'\nseverity = 'high'\nquery = 'Torkham NEAR/3 closed'\n"
OTHER = "[[rules]]\nid = 'floods'\nquery = 'flood*'\n"
LONG = "Torkham was closed again by officials on Sunday. " * 60
RECEIVERS = (
    Receiver("files", (FileEndpoint("digests", MessageFormat.JSON),)),
    Receiver("mail", (EmailEndpoint(("desk@example.org",)),)),
)


def spans_in(one: Explanation) -> int:
    return len(one.spans) + sum(map(spans_in, one.children))


def test_a_story_that_fires_hundreds_of_rules_is_told_whole():
    digest = digest_settings(to=("files", "mail"))
    room = Newsroom(rules=RULES + URGENT + OTHER, digests=[digest], receivers=RECEIVERS)
    room.serve(item(summary=LONG), item("e2", "Floods in Sindh", "Floods in Sindh, officials said."))
    begun = time.process_time()
    for stage in (room.poll, room.read, room.group):
        stage()
    reports = room.match()
    plans = room.plan()
    room.deliver()
    assert time.process_time() - begun < 30  # two seconds on a quiet machine

    matches = [new.match for report in reports for new in report.matches]
    assert len(matches) == MANY + 2
    assert not [report.failures for report in reports if report.failures]
    assert all(isinstance(match, Match) and match.spans for match in matches)
    assert max(spans_in(match.explanation) for match in matches) < 100  # the tree is stored with each
    assert room.store.ledger.count_matches(NOON - HOUR) == MANY + 2
    assert len(plans) == 2  # an immediate digest sends each story by itself
    assert room.store.digests.pending("alerts") == []

    payloads = [message.payload for message, _, _ in room.channels["files", ChannelKind.FILE].sent]
    told = [{rule["id"] for story in payload["stories"] for rule in story["rules"]} for payload in payloads]
    assert told == [{f"r{number:03}" for number in range(MANY)} | {"urgent"}, {"floods"}]
    mails = [message.text for message, _, _ in room.channels["mail", ChannelKind.EMAIL].sent]
    assert "Rule urgent" in mails[0]
    assert f"and {MANY - 3} more rules" in mails[0]
    assert len(mails[0]) < 5_000
