"""Slack by a bot's token, against a stand-in that is as strict as Slack."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from digest_samples import DIGEST, TORKHAM, message, storm
from slack_stand_in import TOKEN, SlackStandIn, slack_stand_in

from monitor.adapters.channels.slack import SlackChannel
from monitor.adapters.channels.slack_bot import Place, SlackBotChannel
from monitor.adapters.channels.slack_posting import LONGEST_TEXT, Pace
from monitor.core.digests.render import render
from monitor.model.delivery import SlackEndpoint, SlackTokenEndpoint
from monitor.model.digest import Badge, Digest, Message, MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret

KEY = "0123456789abcdef0123456789abcdef"
ALERT = replace(DIGEST, stories=(TORKHAM,), immediate=True)
NEWS = replace(TORKHAM, update="41 → 45 people", badges=(Badge.UPDATED,))


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with slack_stand_in() as running:
        yield running


def bot(
    slack: SlackStandIn, *, token: str = TOKEN, to: str = "#press", pace: Pace | None = None
) -> SlackBotChannel:
    return SlackBotChannel(SlackTokenEndpoint(Secret(token), to, slack.api_url), pace=pace or Pace(gap=0))


def alert(digest: Digest = ALERT) -> Message:
    return render(digest, MessageFormat.SLACK)[0]


def update(parent: str | None) -> Message:
    (made,) = render(replace(ALERT, stories=(NEWS,)), MessageFormat.SLACK, answers=("first",))
    return replace(made, parent=parent)


def failure_of(of: SlackBotChannel, sent: Message | None = None) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        of.send(sent or alert(), "slack", KEY)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert caught.value.detail.isprintable()
    return caught.value


def test_an_alert_is_posted_with_its_key_and_the_receipt_says_where(slack: SlackStandIn):
    receipt = bot(slack).send(alert(), "slack", KEY)
    (posted,) = slack.posted
    assert (posted.channel, posted.key) == ("C0000PRESS", KEY)
    assert posted.body["unfurl_links"] is posted.body["unfurl_media"] is False
    assert receipt.detail == f"ok C0000PRESS {posted.ts}"
    assert receipt.reference == f"C0000PRESS:{posted.ts}:{posted.ts}:alone:#press"
    assert str(Place.read(receipt.reference)) == receipt.reference


def test_the_parts_of_a_digest_stand_in_the_thread_of_the_first(slack: SlackStandIn):
    first, *rest = render(storm(60), MessageFormat.SLACK)
    parent = bot(slack).send(first, "slack", "k1").reference
    for part in rest:
        bot(slack).send(replace(part, parent=parent), "slack", f"k{part.part}")
    (top,) = slack.top()
    assert [one.key for one in slack.replies(top.ts)] == [f"k{part.part}" for part in rest]
    assert not slack.refused


def test_an_update_edits_its_parent_and_answers_in_its_thread(slack: SlackStandIn):
    parent = bot(slack).send(alert(), "slack", "first").reference
    receipt = bot(slack).send(update(parent), "slack", "second")
    top, reply = slack.posted
    assert [method for method, _ in slack.calls] == ["chat.postMessage", "chat.update", "chat.postMessage"]
    assert reply.thread_ts == top.ts
    assert "41 → 45 people" in reply.said()
    assert "UPDATED" in top.said()
    assert len(top.edits) == 1
    assert receipt.detail == f"ok C0000PRESS {reply.ts}; parent edited"


def test_an_older_update_that_comes_late_does_not_put_an_older_state_back(slack: SlackStandIn):
    channel = bot(slack)
    parent = channel.send(alert(), "slack", "1").reference
    newer, older = update(parent), update(parent)
    older = replace(older, date=newer.date - timedelta(minutes=5))
    channel.send(newer, "slack", "3")
    assert "it says what came later" in channel.send(older, "slack", "2").detail
    assert len(slack.posted[0].edits) == 1
    assert len(slack.replies(slack.posted[0].ts)) == 2


def test_an_answer_to_a_reply_goes_to_the_top_of_the_thread(slack: SlackStandIn):
    first = bot(slack).send(alert(), "slack", "1").reference
    second = bot(slack).send(update(first), "slack", "2").reference
    bot(slack).send(update(second), "slack", "3")
    (top,) = slack.top()
    assert [one.key for one in slack.replies(top.ts)] == ["2", "3"]
    assert len(top.edits) == 2


def test_a_message_on_many_stories_is_never_overwritten_by_one_of_them(slack: SlackStandIn):
    parent = bot(slack).send(alert(DIGEST), "slack", "1").reference
    reply = bot(slack).send(update(parent), "slack", "2").reference
    bot(slack).send(update(reply), "slack", "3")
    (top,) = slack.top()
    assert len(slack.replies(top.ts)) == 2
    assert not top.edits


@pytest.mark.parametrize(
    "word", ["message_not_found", "cant_update_message", "edit_window_closed", "is_inactive", "internal_error"]
)
def test_a_parent_that_cannot_be_edited_does_not_hold_the_reply(slack: SlackStandIn, word: str):
    parent = bot(slack).send(alert(), "slack", "1").reference
    slack.answers["chat.update"] = [word]
    receipt = bot(slack).send(update(parent), "slack", "2")
    assert receipt.detail.endswith(f"; parent not edited, chat.update: {word}")
    assert len(slack.replies(slack.posted[0].ts)) == 1


def test_where_the_parent_is_gone_the_reply_stands_by_itself(slack: SlackStandIn):
    parent = bot(slack).send(alert(), "slack", "1").reference
    slack.posted[0].gone = True
    receipt = bot(slack).send(update(parent), "slack", "2")
    assert "outside the thread, chat.postMessage: thread_not_found" in receipt.detail
    assert slack.posted[1].thread_ts is None
    assert "Torkham crossing closed" in slack.posted[1].said()


@pytest.mark.parametrize("parent", [None, "", "smtp 250 ok", "C1:1.1:1.1:alone", "C0000PRESS:x:1.1:alone:#press"])
def test_a_reply_without_a_parent_that_can_be_read_stands_by_itself(slack: SlackStandIn, parent: str | None):
    bot(slack).send(update(parent), "slack", KEY)
    assert [one.thread_ts for one in slack.posted] == [None]


def test_a_thread_is_left_behind_when_the_config_names_another_channel(slack: SlackStandIn):
    parent = bot(slack).send(alert(), "slack", "1").reference
    bot(slack, to="#ops").send(update(parent), "slack", "2")
    assert [(one.channel, one.thread_ts) for one in slack.posted] == [("C0000PRESS", None), ("C00000OPS0", None)]
    assert not slack.posted[0].edits


def test_a_retry_after_a_lost_answer_edits_again_and_repeats_the_key(slack: SlackStandIn):
    parent = bot(slack).send(alert(), "slack", "1").reference
    slack.answers["chat.postMessage"] = [None]
    assert failure_of(bot(slack), update(parent)).fault is DeliveryFault.UNKNOWN
    bot(slack).send(update(parent), "slack", KEY)
    assert [one.key for one in slack.posted[1:]] == [KEY, KEY]
    assert slack.posted[0].edits[0] == slack.posted[0].edits[1]


# ---- errors

BROKEN = [
    "invalid_auth",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "not_authed",
    "missing_scope",
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "no_permission",
    "org_login_required",
    "ekm_access_denied",
    "team_access_not_granted",
    "access_denied",
    "not_allowed_token_type",
    "enterprise_is_restricted",
    "messages_tab_disabled",
]
LATER = [
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "a_word_that_nobody_knows_yet",
]
FORM = [
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_too_long",
    "msg_blocks_too_long",
    "too_many_attachments",
    "no_text",
    "invalid_arguments",
    "metadata_too_large",
    "invalid_metadata_format",
    "invalid_form_data",
]


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        *((word, DeliveryFault.BROKEN_RECEIVER) for word in BROKEN),
        *((word, DeliveryFault.TEMPORARY) for word in LATER),
        ("ratelimited", DeliveryFault.RATE_LIMITED),
        ("rate_limited", DeliveryFault.RATE_LIMITED),
        ("message_limit_exceeded", DeliveryFault.RATE_LIMITED),
    ],
)
def test_the_word_decides_though_the_status_is_200(slack: SlackStandIn, word: str, fault: DeliveryFault):
    slack.answers["chat.postMessage"] = [word]
    failure = failure_of(bot(slack))
    assert failure.fault is fault
    assert failure.detail == f"chat.postMessage: {word}"
    assert not slack.posted


@pytest.mark.parametrize("word", FORM)
def test_a_story_that_slack_refuses_in_blocks_arrives_as_text(slack: SlackStandIn, word: str):
    slack.answers["chat.postMessage"] = [word]
    receipt = bot(slack).send(alert(), "slack", KEY)
    (posted,) = slack.posted
    assert f"as plain text, chat.postMessage: {word}" in receipt.detail
    assert posted.body.keys() == {"channel", "text", "mrkdwn", "unfurl_links", "unfurl_media"}
    assert TORKHAM.headline in posted.body["text"]
    assert TORKHAM.url in posted.body["text"]


def test_what_is_refused_as_text_too_is_refused_for_good(slack: SlackStandIn):
    slack.answers["chat.postMessage"] = ["invalid_blocks", "msg_too_long"]
    assert failure_of(bot(slack)).fault is DeliveryFault.REFUSED
    assert len(slack.calls) == 2


def test_a_text_of_any_length_is_cut_between_lines_within_the_limit(slack: SlackStandIn):
    slack.answers["chat.postMessage"] = ["invalid_blocks"]
    bot(slack).send(replace(alert(), text="a & b\n" * 9_000), "slack", KEY)
    text = slack.posted[0].body["text"]
    assert LONGEST_TEXT - 100 < len(text) < LONGEST_TEXT + 1_000
    assert text.endswith("a &amp; b\n… cut: monitor deliveries show has the rest")


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (500, DeliveryFault.TEMPORARY),
        (503, DeliveryFault.TEMPORARY),
        (404, DeliveryFault.BROKEN_RECEIVER),
        (302, DeliveryFault.BROKEN_RECEIVER),
        (200, DeliveryFault.BROKEN_RECEIVER),
    ],
)
def test_an_answer_of_another_is_judged_by_its_status(slack: SlackStandIn, status: int, fault: DeliveryFault):
    slack.answers["chat.postMessage"] = [(status, {"Location": slack.url}, b"<html>Welcome</html>")]
    assert failure_of(bot(slack)).fault is fault
    assert len(slack.calls) == 1


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        (
            b'"error":"missing_scope","needed":"chat:write","provided":"identify"',
            "missing_scope (needs chat:write)",
        ),
        (b'"error":"missing_scope","needed":"\\u001b[31m"', "missing_scope"),
        (b'"error":"xoxb sesame"', "an error without a name"),
    ],
)
def test_what_slack_adds_is_quoted_only_where_it_is_a_word_of_its_own(
    slack: SlackStandIn, more: bytes, detail: str
):
    slack.answers["chat.postMessage"] = [(200, {}, b'{"ok":false,' + more + b"}")]
    assert failure_of(bot(slack)).detail == f"chat.postMessage: {detail}"


def test_the_place_of_the_block_that_does_not_hold_is_kept(slack: SlackStandIn):
    hint = "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    body = f'{{"ok":false,"error":"invalid_blocks","response_metadata":{{"messages":["{hint}"]}}}}'
    slack.answers["chat.postMessage"] = [(200, {}, body.encode())]
    assert hint in bot(slack).send(alert(), "slack", KEY).detail


def test_a_token_that_slack_does_not_know_breaks_the_receiver(
    slack: SlackStandIn, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.DEBUG):
        failure = failure_of(bot(slack, token="xoxb-other-sesame"))
        bot(slack).send(alert(), "slack", KEY)
    assert (failure.fault, failure.detail) == (DeliveryFault.BROKEN_RECEIVER, "chat.postMessage: invalid_auth")
    assert "sesame" not in caplog.text + failure.detail


def test_a_message_in_another_form_is_refused(slack: SlackStandIn):
    plain = message(MessageFormat.TEXT, payload=None)
    assert failure_of(bot(slack), plain).fault is DeliveryFault.REFUSED


# ---- pace


class Watch:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def pace(self) -> Pace:
        return Pace(1.0, lambda: self.now, self.sleep)


def test_messages_keep_a_second_between_them_and_the_first_waits_for_nothing(slack: SlackStandIn):
    watch = Watch()
    channel = bot(slack, pace=watch.pace())
    for key in "abc":
        channel.send(alert(), "slack", key)
    assert watch.slept == [1.0, 1.0]
    watch.now += 5
    channel.send(alert(), "slack", "d")
    assert watch.slept == [1.0, 1.0]


def test_after_429_nothing_is_asked_of_slack_until_its_time_is_over(slack: SlackStandIn):
    watch = Watch()
    channel = bot(slack, pace=watch.pace())
    limited: Any = (429, {"Retry-After": "30"}, b'{"ok":false,"error":"ratelimited"}')
    slack.answers["chat.postMessage"] = [limited]
    first, second = failure_of(channel), failure_of(channel)
    assert first.fault is second.fault is DeliveryFault.RATE_LIMITED
    assert first.retry_after == second.retry_after == timedelta(seconds=30)
    assert len(slack.calls) == 1
    watch.now += 30
    channel.send(alert(), "slack", KEY)
    assert len(slack.posted) == 1


def test_after_429_no_parent_is_edited_either(slack: SlackStandIn):
    watch = Watch()
    channel = bot(slack, pace=watch.pace())
    parent = channel.send(alert(), "slack", "1").reference
    slack.answers["chat.postMessage"] = [(429, {"Retry-After": "30"}, b'{"ok":false,"error":"ratelimited"}')]
    failure_of(channel)
    calls = len(slack.calls)
    assert failure_of(channel, update(parent)).retry_after == timedelta(seconds=30)
    assert len(slack.calls) == calls


def test_an_edit_that_meets_the_rate_limit_is_no_reason_to_ask_for_more(slack: SlackStandIn):
    parent = bot(slack).send(alert(), "slack", "1").reference
    slack.answers["chat.update"] = ["ratelimited"]
    assert failure_of(bot(slack), update(parent)).fault is DeliveryFault.RATE_LIMITED
    assert len(slack.posted) == 1


def test_a_message_that_was_slow_on_its_way_is_not_followed_at_once():
    watch = Watch()
    pace = watch.pace()
    pace.take_turn()
    watch.now += 0.9  # it arrives only now
    pace.answered()
    answered = watch.now
    pace.take_turn()
    assert watch.now == pytest.approx(answered + 1.0)


def test_the_real_pace_keeps_within_what_slack_allows(slack: SlackStandIn):
    slack.gap = 0.2
    channel = bot(slack, pace=Pace(gap=0.25))
    for key in "abc":
        channel.send(alert(), "slack", key)
    assert len(slack.posted) == 3


# ---- the webhook, by the same stand-in


def test_a_webhook_takes_every_part_and_sees_nothing_that_is_meant_for_a_bot(slack: SlackStandIn):
    channel = SlackChannel(SlackEndpoint(Secret(slack.hook_url)), pace=Pace(gap=0))
    for sent in (*render(storm(60), MessageFormat.SLACK), alert(), update("C0000PRESS:1.1:1.1:alone:#press")):
        assert channel.send(sent, "slack", KEY).detail == "HTTP 200 ok"
    assert not slack.refused


@pytest.mark.parametrize(
    "word",
    [
        "invalid_blocks",
        "invalid_payload",
        "no_text",
        "too_many_attachments",
        "missing_text_or_fallback_or_attachments",
    ],
)
def test_what_a_webhook_refuses_in_blocks_arrives_as_text(slack: SlackStandIn, word: str):
    channel = SlackChannel(SlackEndpoint(Secret(slack.hook_url)), pace=Pace(gap=0))
    slack.answers["webhook"] = [word]
    assert channel.send(alert(), "slack", KEY).detail == f"HTTP 200 ok; as plain text, HTTP 400 {word}"
    assert TORKHAM.headline in slack.posted[0].body["text"]


def test_a_webhook_rests_when_slack_asks_for_it(slack: SlackStandIn):
    channel = SlackChannel(SlackEndpoint(Secret(slack.hook_url)), pace=Watch().pace())
    slack.answers["webhook"] = [(429, {"Retry-After": "30"}, b"rate_limited")]
    for _ in range(2):
        with pytest.raises(DeliveryFailed) as caught:
            channel.send(alert(), "slack", KEY)
        assert caught.value.retry_after == timedelta(seconds=30)
    assert not slack.calls
