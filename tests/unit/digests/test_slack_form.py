"""What a digest looks like in Slack: a parent with counts, parts that follow, and replies to it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from digest_samples import DIGEST, END, PASHTO, STRANDED, TORKHAM, link, passage, storm
from slack_rules import fault_in
from slack_sdk.models.blocks import Block

from monitor.core.digests.render import render
from monitor.core.digests.render.slack_form import FOR_CHANNELS
from monitor.core.digests.render.slack_text import escape, fit, unmarked
from monitor.model.digest import (
    Badge,
    CatchUp,
    Digest,
    DigestStory,
    Message,
    MessageFormat,
    SentBefore,
)
from monitor.model.rule import Severity
from monitor.model.silence import Swallowed

ALERT = replace(DIGEST, stories=(TORKHAM,), immediate=True)
UPDATE = replace(
    TORKHAM,
    articles=(*TORKHAM.articles, link(9, "Kabul Courier", 1, title="Toll of the clash rises")),
    matched=(replace(passage("The toll rose to 45 at Torkham.", "Torkham"), article_id=9),),
    badges=(Badge.UPDATED,),
    update="41 → 45 people",
    told=(9,),
)


def parts(digest: Digest, answers: tuple[str, ...] = ()) -> Sequence[Message]:
    return render(digest, MessageFormat.SLACK, answers=answers)


def payload(message: Message) -> dict[str, Any]:
    """What is sent, without what is for our channels; refused by nobody."""
    assert message.payload is not None
    sent = {name: value for name, value in message.payload.items() if name not in FOR_CHANNELS}
    assert fault_in(sent, "webhook") is None, fault_in(sent, "webhook")
    for block in sent["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
        assert parsed.to_dict() == block  # nothing that the models do not know
    return sent


def shown(message: Message) -> str:
    return json.dumps(payload(message), ensure_ascii=False)


def many(high: int, normal: int) -> Digest:
    stories = [replace(TORKHAM, id=f"s_{n}", headline=f"High story {n}.") for n in range(high)]
    stories += [replace(STRANDED, id=f"s_{high + n}", headline=f"Normal story {n}.") for n in range(normal)]
    return replace(DIGEST, stories=tuple(stories))


def test_no_emoji_comes_of_a_matched_word_within_it():
    story = replace(TORKHAM, matched=(passage("Torkham :face_palm_closed: today", "palm"),))
    (message,) = parts(replace(ALERT, stories=(story,)))
    assert "∶face_*palm*_closed:" in payload(message)["blocks"][0]["text"]["text"]


def test_an_alert_begins_with_the_fact_and_ends_with_the_digest_it_comes_from():
    (message,) = parts(ALERT)
    blocks = payload(message)["blocks"]
    assert blocks[0]["text"]["text"].startswith("`HIGH` *Torkham crossing closed*\n> ")
    about = blocks[-2]["elements"][0]["text"]
    coverage = "212 feeds checked, 3 failing, 1 may have lost entries"
    assert about == f"Border morning · Wed 22 Feb 2023, 19:30 Kabul · {coverage}"
    assert "monitor why URL" in blocks[-1]["elements"][0]["text"]
    assert "silence add --story s_7f3a" in blocks[-1]["elements"][0]["text"]


def test_a_digest_of_up_to_five_stories_is_one_message():
    (message,) = parts(many(1, 4))
    assert "3 stories" not in shown(message)
    assert "below" not in shown(message)


@pytest.mark.parametrize(
    ("high", "normal", "in_parent"), [(8, 0, 5), (5, 30, 5), (4, 4, 4), (1, 20, 3), (0, 9, 3)]
)
def test_the_parent_has_the_counts_and_the_high_stories_the_rest_follows(high: int, normal: int, in_parent: int):
    digest = many(high, normal)
    first, *rest = parts(digest)
    said = shown(first)
    number = high + normal
    assert f"{number} stories from" in said
    assert sum(one.headline in said for one in digest.stories) == in_parent
    assert f"{number - in_parent} more stories in {len(rest)} message" in said
    assert "below" in said
    for message in rest:
        assert len(payload(message)["blocks"]) <= 20 + 2
    follow = " ".join(map(shown, rest))
    assert all(one.headline in follow for one in digest.stories[in_parent:])
    assert f"stories {in_parent + 1}–" in shown(rest[0])
    assert f"–{number} of {number}" in shown(rest[-1])


def test_a_storm_is_told_to_its_end_about_twenty_a_message():
    messages = parts(storm(100))
    assert len(messages) <= 1 + 6
    text = " ".join(map(shown, messages))
    assert all(f"https://storm.example/story-{n}-" in text for n in range(100))


def test_what_the_digest_says_of_itself_is_told():
    digest = replace(
        DIGEST,
        catch_up=CatchUp.QUIET_HOURS,
        left_out=2,
        silenced=(Swallowed(4, "strike & more", END, held=3, discarded=1),),
    )
    said = shown(parts(digest)[0])
    assert "Held since yesterday 08:00 by quiet hours" in said
    assert "Left out: 2 stories you were alerted of before" in said
    assert "4 stories silenced: 3 wait until 08:00 and 1 discarded (strike &amp; more)" in said


@pytest.mark.parametrize("severity", list(Severity))
def test_a_story_that_was_sent_before_says_when_and_what_came_since(severity: Severity):
    rules = (replace(TORKHAM.rules[0], severity=severity),)
    story = replace(TORKHAM, rules=rules, sent_before=SentBefore("alerts", TORKHAM.first_seen, 3))
    assert "alerted yesterday 18:00, +3 publishers since" in shown(parts(replace(DIGEST, stories=(story,)))[0])


@pytest.mark.parametrize(("high", "normal"), [(2, 2), (6, 20)])
def test_of_several_stories_each_has_the_name_by_which_it_can_be_silenced(high: int, normal: int):
    digest = replace(many(high, normal), max_stories=20)  # the last ones on one line
    said = " ".join(map(shown, parts(digest)))
    assert [one.id for one in digest.stories if not re.search(rf" · (story )?{one.id}\"", said)] == []


def test_no_name_is_shown_but_such_as_a_command_takes():
    stories = (replace(TORKHAM, id="s_1 `rm`"), replace(STRANDED, id="$(rm)"))
    assert "rm" not in re.findall(r"\w+", shown(parts(replace(DIGEST, stories=stories))[0]))


# ---- updates


def test_an_update_is_a_reply_that_says_what_is_new_and_carries_the_new_state_of_its_parent():
    digest = replace(ALERT, stories=(UPDATE,))
    (reply,) = parts(digest, ("first",))
    said = shown(reply)
    assert payload(reply)["text"].endswith(" · update: 41 → 45 people")
    for new in ("41 → 45 people", "Toll of the clash rises", "The toll rose to 45 at *Torkham*."):
        assert new in said
    assert "feeds checked" not in said
    assert reply.payload is not None
    parent = reply.payload["parent"]
    assert parent.keys() == {"text", "blocks"}
    assert fault_in({"channel": "C1", "ts": "1.1", **parent}, "update") is None
    (fresh,) = parts(digest)
    assert fresh.payload is not None
    assert parent == {"text": fresh.payload["text"], "blocks": fresh.payload["blocks"]}
    assert fresh.payload["alone"] is True


def test_only_a_message_on_one_story_may_be_edited_later():
    for digest in (DIGEST, replace(DIGEST, immediate=True), replace(ALERT, immediate=False)):
        (message,) = parts(digest, ("first",))
        assert message.payload is not None
        assert "alone" not in message.payload
        assert "parent" not in message.payload


# ---- text is shown as text

HOSTILE = [
    "<!channel> <!here|now> <@U012AB> <#C012>",
    "</div><script>alert(1)</script> & &amp; &lt;",
    "*bold* _slanted_ ~gone~ `code` ```block``` :fire: :+1:",
    "> quoted\r\n> twice\u2028and\x00again",
    "<https://evil.example|Reuters>",
    "safe \u202eelbisrever\u202c \u2066x\u2069",
    "|>|<|&|",
    "x" * 10_000,
    "&" * 10_000,
    "😀" * 10_000,
    "\ud800" * 50,
    "",
    "   ",
    "د طورخم دروازه تړلې ده " * 100,
]


def hostile(title: str) -> DigestStory:
    return replace(
        UPDATE,
        headline=title,
        articles=tuple(replace(one, title=title, publisher=title) for one in UPDATE.articles),
        rules=(replace(UPDATE.rules[0], id=title, title=title, because=title),),
        matched=(replace(passage(f"Torkham {title}", "Torkham"), article_id=9),),
        update=title,
    )


@pytest.mark.parametrize("title", HOSTILE)
def test_whatever_a_title_says_is_shown_as_text(title: str):
    for stories, answers in (((hostile(title),), ()), ((hostile(title),), ("k",)), ((hostile(title),) * 30, ())):
        digest = replace(ALERT, stories=stories, immediate=len(stories) == 1)
        for message in parts(digest, answers):
            said = shown(message)  # checks the markup, too
            assert "<!" not in said
            assert "<@" not in said
            assert "<#" not in said


def test_markup_of_slack_in_a_title_is_shown_and_not_obeyed():
    assert unmarked("*a* _b_ ~c~ `d`") == "∗a∗ ˍbˍ ∼c∼ ˋdˋ"
    assert unmarked("snake_case 2*3 12:30:45 at 6:41") == "snake_case 2∗3 12:30:45 at 6:41"
    assert unmarked("> said :fire: :+1:") == "› said ∶fire: ∶+1:"
    assert fit("a > b", 20) == "a &gt; b"
    assert escape("a & b < c > d") == "a &amp; b &lt; c &gt; d"


def test_right_to_left_text_does_not_turn_what_stands_beside_it():
    first, second = parts(replace(DIGEST, stories=(PASHTO,) * 6))
    assert f"|\u2068{PASHTO.headline}\u2069>" in shown(first)
    assert f"|\u2068{PASHTO.headline}\u2069> · \u2068پژواک\u2069" in shown(second)
    assert "\u2068" not in shown(parts(ALERT)[0])


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        (("closed",), "was *closed* again"),
        (("clos",), "was closed again"),  # Slack bolds no half word
        (("was closed",), "*was closed* again"),
        (("again",), "was closed *again*."),
    ],
)
def test_matched_words_are_bold_where_slack_can_make_them_so(words: tuple[str, ...], marked: str):
    story = replace(TORKHAM, matched=(passage("Torkham was closed again.", *words),))
    assert marked in shown(parts(replace(ALERT, stories=(story,)))[0])


@pytest.mark.parametrize("length", [100, 1_880, 1_949, 1_950, 2_000, 2_900, 9_000])
def test_an_address_of_any_length_costs_no_story(length: int):
    url = "https://long.example/" + "a" * (length - 21)
    (message,) = parts(replace(ALERT, stories=(replace(TORKHAM, url=url, articles=TORKHAM.articles[:1]),)))
    assert TORKHAM.headline in shown(message)
    assert (url in shown(message)) is (length <= 1_880)


@pytest.mark.parametrize("digest", [DIGEST, ALERT, storm(60), replace(DIGEST, stories=(PASHTO,) * 30)])
def test_the_same_digest_gives_the_same_bytes(digest: Digest):
    assert list(map(shown, parts(digest))) == list(map(shown, parts(digest)))
