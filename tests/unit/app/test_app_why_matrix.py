"""Every place an entry, a match or a delivery can be, built with the real stages: what `monitor why` says of it.

Each row of the tables in docs/explanation/why.md is one cell here, and says the words that the test looks for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from made import MINUTE
from newsroom import RULES, Newsroom
from why_rooms import (
    MORNING,
    NIGHT,
    PAUSED,
    URL,
    after_quiet,
    asked,
    at_subscription,
    beyond_room,
    copy,
    cut_part,
    digest_gone,
    drafted,
    follow_up,
    forgotten,
    in_parts,
    in_thread,
    inbox_gone,
    late_window,
    lost_feed,
    many_readers,
    matched,
    newsroom,
    no_digest,
    older_page,
    override,
    page_waits,
    polled,
    pruned,
    revised,
    rules_not_kept,
    rules_then,
    silenced,
    storm,
    told,
    too_few,
    too_old,
    twice,
    unplanned,
    unread_feed,
    unsubscribed,
    windowed,
)

from monitor.app.why_json import why_json
from monitor.app.why_words import laid_out, why_lines
from monitor.core.text.columns import display_width
from monitor.model.digest import AlreadySent, Immediate
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.silence import SilenceMode
from monitor.model.telling import Updates

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "why.md"


# ---- the cells


@dataclass(frozen=True)
class Cell:
    """`words` must all be said; `facts` are (path into the JSON of the first entry, value)."""

    name: str
    build: Callable[[], Newsroom]
    words: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    url: str = URL
    how: Mapping[str, Any] = field(default_factory=dict)


def cell(
    name: str, build: Callable[[], Newsroom], *words: str, url: str = URL, how: Any = None, **facts: Any
) -> Cell:
    named = {path.replace("__", "."): value for path, value in facts.items()}
    return Cell(name, build, words, named, url, how or {})


LATER = DeliveryFailed(DeliveryFault.TEMPORARY, "451 later")
NO = DeliveryFailed(DeliveryFault.REFUSED, "550 no")
BROKEN = DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, "535 wrong password")
NEW_RULE = RULES + "\n[[rules]]\nid = 'shut'\nquery = 'shut'\n"

CELLS = [
    # entries
    cell(
        "never seen",
        unread_feed,
        "was never seen in a feed",
        "covers its host: last polled",
        "failing: HTTP 503",
        "--fetch",
        url="https://news.example/never",
        seen=False,
    ),
    cell(
        "no feed on its host",
        newsroom,
        "No feed of yours is on its host",
        url="https://else.example/x",
        seen=False,
    ),
    cell(
        "there before you subscribed",
        at_subscription,
        "there before you subscribed",
        "torkham-closed would match the feed's words",
        fate="seen_at_subscribe",
        would_match=["torkham-closed"],
    ),
    cell("too old", too_old, "published before max_entry_age", "none read it", fate="too_old"),
    cell(
        "on an older page, from before the last reading",
        older_page,
        "on an older page of the feed",
        "published before the last reading",
        "none read it",
        fate="older_page",
    ),
    cell(
        "never seen, and its feed may have lost it",
        lost_feed,
        "it may have lost entries before",
        url="https://news.example/never",
        seen=False,
    ),
    cell("waits to be read", polled, "waits to be read", fate="waiting"),
    cell("waits for the rules", lambda: polled("read", "group"), "not matched yet", article__ruleset=None),
    cell("its page is asked again", page_waits, "HTTP 404", "will be asked again", reread__state="waiting"),
    cell("forgotten before it was read", forgotten, "removed by hand before any rule read them", fate="forgotten"),
    cell("its text is dropped", pruned, "older than the retention time: dropped", text_gone__reason="retention"),
    cell(
        "a copy",
        copy,
        "the same words",
        "a copy without a matched sentence",
        url="https://news.example/copy",
        digests__0__why="copy",
    ),
    cell(
        "a revision",
        lambda: revised("The Torkham crossing was closed on Sunday. It rained."),
        "Revision      of an entry seen before",
        "not told in alerts: its earlier wording matched",
        revision=True,
        digests__0__state="merged",
    ),
    # rules
    cell("match", told, 'match         torkham-closed: "Torkham" and "closed"', rules__0__matched=True),
    cell("no match", told, "no match      trucks: absent: trucks", rules__1__matched=False),
    cell(
        "only in a part that was cut", cut_part, "torkham-closed would match in the part left out (cohesion cut)"
    ),
    cell(
        "not among the rules then",
        lambda: rules_then(NEW_RULE),
        "not read      shut: not among the rules when they read it",
        "monitor rules backtest --rule shut",
        rules__3__was_there=False,
    ),
    cell(
        "not among the rules then, and does not hold",
        lambda: rules_then(NEW_RULE.replace("query = 'shut'", "query = 'snow'")),
        "not among the rules when they read it",
        "does not match as it is now: absent: snow",
        how={"rule": "shut"},
    ),
    cell(
        "changed since",
        lambda: rules_then(RULES.replace("closed OR", "shut OR")),
        "changed since, now",
        "matches as it is now",
    ),
    cell(
        "no longer among the rules",
        lambda: rules_then("[[rules]]\nid = 'other'\nquery = 'x'\n"),
        "no longer among the rules",
    ),
    cell("the rules of then are not kept", rules_not_kept, "those that read it were not kept", rules_kept=False),
    # pending
    cell(
        "for a window",
        lambda: matched(schedule=MORNING),
        "waits for digest alerts, next",
        digests__0__waits__for="window",
        digests__0__waits__until="2023-02-23T08:00:00+00:00",
    ),
    cell(
        "for a late window",
        late_window,
        "is late, and closes once a monitor has caught up",
        digests__0__waits__for="late_window",
    ),
    cell(
        "for quiet hours",
        lambda: matched(quiet=NIGHT),
        "held by quiet hours, told",
        digests__0__waits__for="quiet_hours",
    ),
    cell("for a pause", lambda: matched(quiet=PAUSED), "held by a pause, told", digests__0__waits__for="pause"),
    cell(
        "for group_wait",
        lambda: matched(schedule=Immediate(MINUTE)),
        "(group_wait)",
        digests__0__waits__for="group_wait",
        digests__0__waits__until="2023-02-22T12:01:00+00:00",
    ),
    cell("for the turn of a follow-up", follow_up, "a follow-up, told", digests__0__waits__for="follow_up"),
    cell(
        "for min_publishers",
        lambda: matched(min_publishers=2),
        "held back, its story has 1 of the 2",
        digests__0__waits__for="min_publishers",
    ),
    cell(
        "for a silence",
        lambda: silenced(SilenceMode.HOLD, over=False),
        "held in digest alerts by silence",
        "planned works (Sara)",
        digests__0__waits__for="silence",
    ),
    cell(
        "for a silence that will discard it",
        lambda: silenced(SilenceMode.DISCARD, over=False),
        "will discard it when digest alerts is due",
        digests__0__waits__for="silence",
    ),
    cell(
        "for the next turn",
        unplanned,
        "waits for digest alerts: due now",
        digests__0__waits__for="next_turn",
    ),
    cell(
        "for a digest that the config no longer has",
        digest_gone,
        "which the config no longer has",
        digests__0__waits__for="config",
    ),
    cell(
        "drafted by a dry run",
        drafted,
        "a dry run has drafted it",
        "draft of a dry run",
        digests__0__deliveries__0__state="draft",
    ),
    # ended without a message
    cell("no digest takes the rule", no_digest, "no digest takes this rule", digests=[]),
    cell(
        "too few publishers",
        too_few,
        "its story never had the independent publishers",
        digests__0__state="too_few",
    ),
    cell(
        "discarded by a silence",
        lambda: silenced(SilenceMode.DISCARD, over=True),
        "never told in alerts: discarded by silence",
        "--tell brings it back",
        digests__0__state="silenced",
    ),
    cell(
        "forgotten",
        lambda: forgotten("read", "group", "match"),
        "the text was removed by hand before",
        digests__0__state="forgotten",
    ),
    cell(
        "merged: an update that was not wanted",
        lambda: revised(
            "The Torkham crossing was closed on Sunday. Chaman at Torkham: closed.", updates=Updates.NONE
        ),
        "an update, and the digest has updates",
        digests__0__why="updates_off",
    ),
    # told
    cell("told at once", told, "digest alerts, at once → desk sent", digests__0__kind="story"),
    cell(
        "told in a window",
        windowed,
        "digest alerts, window to",
        digests__0__kind="window",
        digests__0__window__end="2023-02-22T13:00:00+00:00",
    ),
    cell(
        "told in the message after quiet time",
        after_quiet,
        "in one message of 3 stories with all that quiet time held",
        digests__0__kind="catch_up",
    ),
    cell(
        "told in a storm",
        storm,
        "in one message of 12 stories, since so many were due at once",
        digests__0__kind="storm",
    ),
    cell(
        "told in quiet time",
        override,
        "in quiet time, as its severity overrides that",
        digests__0__kind="override",
    ),
    cell(
        "one line beyond max_stories",
        beyond_room,
        "story 4 of 4: one line, as all beyond max_stories = 2",
        digests__0__one_line=True,
        digests__0__place=4,
    ),
    cell(
        "brief, as sent before",
        lambda: twice(AlreadySent.BRIEF),
        "already sent to desk",
        "shown in one line",
        digests__1__sent_before__0__shown="brief",
    ),
    cell(
        "left out, as sent before",
        lambda: twice(AlreadySent.SKIP),
        ": left out",
        "→ nobody: all had it from another digest",
        digests__1__sent_before__0__shown="skip",
    ),
    cell("in several parts", in_parts, "part 1 of 2", "part 2 of 2", digests__0__deliveries__0__parts=2),
    cell("in a thread", in_thread, "its message 2 on the story", "in the thread of"),
    # deliveries
    cell(
        "sent",
        told,
        "desk (desk@example.org): sent Wed 22 Feb 2023",
        "receipt: recorded",
        digests__0__deliveries__0__state="sent",
    ),
    cell(
        "waits for its first attempt",
        matched,
        "waits for its first attempt",
        digests__0__deliveries__0__attempts=0,
    ),
    cell(
        "waits after a failure",
        lambda: told(LATER),
        "waits after 1 attempt, the last: temporary: 451 later",
        "next attempt",
        digests__0__deliveries__0__attempts=1,
    ),
    cell(
        "its receiver refuses everything",
        lambda: told(BROKEN),
        "desk by email refuses everything since",
        "; next try",
        digests__0__deliveries__0__refuses_since="2023-02-22T12:00:00+00:00",
    ),
    cell(
        "given up",
        lambda: told(NO),
        "given up after 1 attempt: refused: 550 no",
        "monitor deliveries retry",
        digests__0__deliveries__0__state="dead",
    ),
    cell(
        "unsubscribed before it was planned",
        lambda: unsubscribed(late=False),
        "desk@example.org unsubscribed from alerts on",
        "→ nobody: all had unsubscribed",
        digests__0__unsubscribed__0__recipient="desk@example.org",
    ),
    cell(
        "unsubscribed before it was sent",
        lambda: unsubscribed(late=True),
        "its recipient unsubscribed before",
        digests__0__deliveries__0__state="suppressed",
    ),
    cell(
        "its inbox is not in the config",
        inbox_gone,
        "the config no longer has this inbox",
        digests__0__deliveries__0__in_config=False,
    ),
    cell(
        "many readers",
        many_readers,
        "desk 1 given up, 29 sent",
        "given up after 1 attempt",
        "30 in all (1 given up, 29 sent): monitor deliveries list --digest alerts",
    ),
]


def found_in(answer: Any, path: str) -> Any:
    for step in path.split("."):
        answer = answer[int(step) if step.isdecimal() else step]
    return answer


@pytest.mark.parametrize("one", CELLS, ids=lambda one: one.name)
def test_every_place_says_where_it_is_in_words_and_to_programs(one: Cell) -> None:
    room = one.build()
    answer = asked(room, one.url, **one.how)
    lines = list(laid_out(why_lines(answer)))
    assert max(map(display_width, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    for words in one.words:
        assert " ".join(words.split()) in text, "\n".join(lines)
    first = json.loads(json.dumps(why_json(answer)))[0]
    for path, value in one.facts.items():
        assert found_in(first, path) == value, (path, json.dumps(first, indent=1))


def test_the_page_lists_every_place_with_its_words() -> None:
    rows = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| place"):
            name, words = (part.strip() for part in line.strip("|").split("|"))
            rows[name] = words
    assert list(rows) == [one.name for one in CELLS]
    for one in CELLS:
        assert " ".join(one.words[0].split()) in rows[one.name].replace("`", ""), one.name
