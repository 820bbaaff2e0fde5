"""`monitor why URL`: the whole fate of an entry, in words and as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from made import NOON, feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, RULES, Newsroom, digest_settings, failing, item, ruleset_of

from monitor.adapters.store import tables
from monitor.adapters.store.rows import DROPPED
from monitor.app.why import NoSuchRule, Why, why
from monitor.app.why_json import why_json
from monitor.app.why_words import laid_out, why_lines
from monitor.core.rules import RuleSet
from monitor.core.text.columns import display_width
from monitor.model.article import Dropped, DropReason
from monitor.model.delivery import ChannelKind, EmailEndpoint, Receiver
from monitor.model.digest import Cron
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import PollOutcome
from monitor.testing import RecordingChannel

URL = "https://news.example/e1"
DESK = Receiver("desk", (EmailEndpoint(("desk@example.org",)),))


def newsroom(*failures: DeliveryFailed, **more: Any) -> Newsroom:
    """A newsroom that keeps its rules and sends e-mail."""
    channels = {("desk", ChannelKind.EMAIL): RecordingChannel(failures)}
    room = Newsroom(**{"receivers": [DESK], "channels": channels, **more})
    keep_rules(room)
    return room


def keep_rules(room: Newsroom) -> None:
    room.store.articles.record_ruleset(room.ruleset.version, list(room.ruleset.sources.items()), NOON)


def ask(room: Newsroom, url: str = URL, **how: Any) -> Why:
    current: RuleSet | None = how.pop("current", room.ruleset)
    return why(room.store, url, current, **how)


def said(room: Newsroom, url: str = URL, **how: Any) -> str:
    return "\n".join(why_lines(ask(room, url, **how)))


# ---- seen, matched, sent


def test_a_sent_alert_tells_its_whole_way() -> None:
    room = newsroom()
    room.bring_in(item())
    room.plan()
    room.deliver()
    text = said(room)
    assert text.endswith("In the log    entry 1, article 1, match 1, delivery 1")
    assert "in feed News" in text
    assert '"Torkham closed"' in text
    assert "the feed's own text" in text
    assert "Story         s_1, 1 article" in text
    assert "Duplicate     no" in text
    assert 'torkham-closed: "Torkham" and "closed"' in text
    assert "alerts" in text
    assert "desk (desk@example.org): sent" in text


def test_every_rule_that_does_not_match_says_why() -> None:
    room = newsroom()
    room.bring_in(item())
    text = said(room)
    assert "no match      trucks: absent: trucks" in text
    assert "no match      floods" in text


def test_one_rule_alone_can_be_asked() -> None:
    room = newsroom()
    room.bring_in(item())
    answer = ask(room, rule="trucks")
    assert [(one.rule, one.matched) for _, answers in answer.fates for one in answers] == [("trucks", False)]


def test_tracking_and_case_of_the_url_do_not_matter() -> None:
    room = newsroom()
    room.bring_in(item())
    assert ask(room, "http://www.NEWS.example/e1/?utm_source=x#top").fates


def test_a_match_that_waits_says_for_which_digest() -> None:
    room = newsroom(digests=[digest_settings("morning", schedule=Cron("0 8 * * *"))])
    room.bring_in(item())
    assert "waits for digest morning" in said(room)
    room.plan(close_all=True, draft=True)
    assert "a dry run has drafted it" in said(room)


def test_a_match_that_no_digest_takes_says_so() -> None:
    room = newsroom(digests=[digest_settings(rules=("floods",))])
    room.bring_in(item())
    assert "no digest takes this rule" in said(room)


RAIL = "Recent\n\nFloods close the Torkham road, closed for weeks\n\nRead more"


def with_left_out(room: Newsroom, *dropped: Dropped) -> None:
    with room.store._db.write() as connection:
        connection.execute(tables.articles.update().values(dropped=DROPPED.dump_python(dropped, mode="json")))


def test_a_rule_that_would_match_only_in_what_was_left_out_is_named() -> None:
    room = newsroom()
    room.bring_in(item("e1", "Ministers meet in Kabul", "Talks on trade. Trucks wait."))
    with_left_out(room, Dropped(DropReason.CUE_CUT, RAIL), Dropped(DropReason.FURNITURE, "Short Url"))
    text = said(room)
    assert "left out 11 words: cue cut" in text
    assert "floods, torkham-closed would match in the part left out (cue cut)" in text
    assert "left out 2 words: furniture" in text
    assert text.count("would match") == 1
    (found,) = why_json(ask(room))
    assert found["article"]["left_out"] == [
        {"reason": "cue_cut", "words": 11, "rules": ["floods", "torkham-closed"]},
        {"reason": "furniture", "words": 2, "rules": []},
    ]
    assert "floods, torkham" not in said(room, rule="torkham-closed")


def test_a_rule_half_of_whose_words_were_left_out_is_named() -> None:
    room = newsroom()
    room.bring_in(item("e1", "Torkham talks", "Ministers meet."))
    with_left_out(room, Dropped(DropReason.COHESION_CUT, "It was closed."))
    assert "torkham-closed would match in the part left out (cohesion cut)" in said(room)


def test_a_rule_that_matched_is_not_named_for_what_was_left_out() -> None:
    room = newsroom()
    room.bring_in(item())
    with_left_out(room, Dropped("an old reason", "Torkham closed."))
    assert "left out 2 words: an old reason" in said(room)
    assert "would match" not in said(room)


def test_other_articles_of_the_story_are_named_as_far_as_there_is_room() -> None:
    room = newsroom()
    room.bring_in(*(item(f"e{n}", f"Title {n} {'long ' * 30}", f"Text {n}.") for n in range(1, 9)))
    with room.store._db.write() as connection:
        connection.execute(tables.articles.update().values(story_id="s_1"))
    text = said(room)
    assert "Story         s_1, 8 articles of 1 publisher" in text
    assert "and 2 more: monitor stories show s_1" in text
    assert all(display_width(line) <= 80 for line in laid_out(why_lines(ask(room))))


def test_a_copy_names_its_original_and_why_it_did_not_alert() -> None:
    room = newsroom()
    room.bring_in(item())
    room.plan()
    room.clock.advance(HOUR)
    room.bring_in(item(), item("copy", link="https://news.example/copy"))
    room.plan()
    text = said(room, "https://news.example/copy")
    assert f"Duplicate     of {URL} (the same words, 0 min apart)" in text
    assert "merged in digest alerts: a copy without a matched sentence that was not told" in text
    assert "2 articles" in text


def test_a_revision_is_told_before_what_it_revises() -> None:
    room = newsroom()
    room.bring_in(item(summary="Torkham was busy.", title="Border"))
    room.clock.advance(HOUR)
    room.bring_in(item(summary="Torkham was closed.", title="Border"))
    newest, first = ask(room).fates
    assert newest[0].entry.revision_of == first[0].row
    assert said(room).index("Revision ") < said(room).rindex("First seen")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            DeliveryFailed(DeliveryFault.TEMPORARY, "451 later"),
            "waits after 1 attempt, the last: temporary: 451 later",
        ),
        (DeliveryFailed(DeliveryFault.REFUSED, "550 no"), "given up after 1 attempt: refused: 550 no"),
    ],
)
def test_a_failed_delivery_says_what_the_server_said(failure: DeliveryFailed, words: str) -> None:
    room = newsroom(failure)
    room.bring_in(item())
    room.plan()
    room.deliver()
    assert words in said(room)


# ---- not alerted


def test_what_was_there_before_the_subscription_says_so() -> None:
    room = newsroom(feeds=[feed_settings(FEED)])
    room.serve(item())
    room.poll()
    assert "there before you subscribed (older than the subscription): stored, not alerted (see backfill)" in said(
        room
    )


def test_what_is_too_old_says_so() -> None:
    room = newsroom(feeds=[feed_settings(FEED, backfill=30 * DAY)])
    room.bring_in(item(published=NOON - 8 * DAY))
    assert "published before max_entry_age" in said(room)


def test_what_waits_to_be_read_or_matched_says_so() -> None:
    room = newsroom()
    room.serve(item())
    room.poll()
    assert "waits to be read" in said(room)
    room.read()
    room.group()
    assert "not matched yet" in said(room)


def test_a_page_that_could_not_be_read_says_why() -> None:
    room = newsroom(feeds=[feed_settings(FEED, full_text=True, backfill=DAY)])
    room.fetcher.answers[URL] = failing(PollOutcome.HTTP_ERROR, 404, "HTTP 404")
    room.bring_in(item())
    assert "HTTP 404" in said(room)


# ---- rules of another time


def test_a_no_is_explained_with_the_rules_of_that_time() -> None:
    room = newsroom()
    room.bring_in(item(summary="Torkham was shut.", title="Border"))
    room.rules = RULES.replace("closed OR closure", "closed OR closure OR shut")
    assert room.ruleset.version != room.article().ruleset
    (answer,) = [one for _, answers in ask(room).fates for one in answers if one.rule == "torkham-closed"]
    assert not answer.matched
    assert "closed" in answer.because
    assert answer.version == ruleset_of(RULES).rule("torkham-closed").version


def test_a_match_of_a_rule_that_is_gone_is_still_told() -> None:
    room = newsroom()
    room.bring_in(item())
    room.rules = "[[rules]]\nid = 'other'\nquery = 'x'\n"
    assert "torkham-closed" in said(room)
    assert "other" not in said(room)


def test_matches_are_told_even_when_the_rules_do_not_hold_now() -> None:
    room = newsroom()
    room.bring_in(item())
    text = said(room, current=None)
    assert "torkham-closed" in text
    assert "no match      trucks" in text


def test_many_rules_that_do_not_match_are_counted_not_listed() -> None:
    rules = "".join(f"[[rules]]\nid = 'rule-{n}'\nquery = 'word{n}'\n" for n in range(50))
    room = newsroom(rules=rules)
    room.bring_in(item())
    text = said(room)
    assert text.count("no match      rule-") == 20
    assert "and 30 more rules that do not match" in text


# ---- never seen


def test_an_url_never_seen_names_the_feeds_of_its_host() -> None:
    room = newsroom(
        feeds=[feed_settings(FEED, name="News"), feed_settings(OTHER_FEED, name="Wire")],
    )
    room.fetcher.answers[FEED] = failing(PollOutcome.HTTP_ERROR, 503, "HTTP 503")
    room.poll()
    text = said(room, "https://www.news.example/never")
    assert "was never seen in a feed" in text
    assert "News covers its host: last polled" in text
    assert "failing: HTTP 503" in text
    assert "Wire" not in text


def test_an_url_of_a_host_without_a_feed_says_that() -> None:
    assert "No feed of yours is on its host." in said(newsroom(), "https://elsewhere.example/x")


@pytest.mark.parametrize(
    "url", ["", "not a url", "https://", "http://[::1", "\x00", "https://news.example/" + "x" * 9000]
)
def test_whatever_is_asked_there_is_an_answer(url: str) -> None:
    assert "never seen" in said(newsroom(), url)


# ---- JSON


def test_json_tells_the_same_with_stable_keys() -> None:
    room = newsroom()
    room.bring_in(item())
    room.plan()
    room.deliver()
    (found,) = json.loads(json.dumps(why_json(ask(room))))
    assert (found["seen"], found["feed"], found["fate"], found["revision"]) == (True, "News", "read", False)
    assert found["first_seen"] == NOON.isoformat()
    assert found["article"]["story"] == "s_1"
    assert [(one["rule"], one["matched"]) for one in found["rules"]] == [
        ("torkham-closed", True),
        ("trucks", False),
        ("floods", False),
    ]
    (digest,) = found["digests"]
    assert (digest["digest"], digest["rule"], digest["state"]) == ("alerts", "torkham-closed", "planned")
    (delivery,) = digest["deliveries"]
    assert (delivery["recipient"], delivery["state"], delivery["attempts"]) == ("desk@example.org", "sent", 1)


def test_json_of_an_url_never_seen_says_so() -> None:
    room = newsroom()
    (found,) = why_json(ask(room, "https://news.example/never"))
    assert (found["seen"], [feed["name"] for feed in found["covering_feeds"]]) == (False, ["News"])


def test_a_draft_beside_the_real_delivery_is_told_apart() -> None:
    room = newsroom()
    room.bring_in(item())
    room.plan(draft=True)
    room.clock.advance(timedelta(minutes=1))
    room.plan()
    room.deliver()
    text = said(room)
    assert text.count(": sent") == 1
    assert text.count("draft of a dry run") <= 1


def test_a_rule_that_nobody_knows_is_named() -> None:
    room = Newsroom()
    room.bring_in(item())
    with pytest.raises(NoSuchRule, match="torkam-closed"):
        why(room.store, "https://news.example/e1", room.ruleset, rule="torkam-closed")


def test_a_match_that_waits_for_a_digest_of_the_past_says_so() -> None:
    room = Newsroom()
    room.bring_in(item())
    lines = why_lines(why(room.store, "https://news.example/e1", room.ruleset, digests=["evening"]))
    assert any("which the config no longer has" in line for line in lines)


def test_the_answer_fits_80_columns_and_says_a_name_once() -> None:
    twice = "[entities.gate]\nname = 'Torkham'\n[entities.torkham]\nname = 'Torkham'\n"
    room = Newsroom(rules=ruleset_of(f"{twice}[[rules]]\nid = 'r'\nquery = '@gate'\n"))
    room.bring_in(item(title="Torkham: " + "a long headline of the desk " * 4))
    lines = list(laid_out(why_lines(ask(room))))
    assert max(map(display_width, lines)) <= 80
    assert lines[lines.index("Names         Torkham") - 2].startswith(" " * 14 + "a long headline")


# ---- texts that are no longer kept


def gone(store_full_text: bool = True) -> Newsroom:
    """An alert whose text was pruned."""
    room = newsroom()
    room.bring_in(item())
    room.plan()
    room.deliver()
    room.clock.advance(31 * DAY)
    room.prune(30 * DAY, store_full_text=store_full_text)
    return room


def test_a_text_that_was_dropped_says_why_and_when_and_the_match_is_still_explained() -> None:
    text = said(gone())
    assert "Text          older than the retention time: dropped Sat 25 Mar 2023" in text
    assert "News, the feed's own text, text dropped" in text
    assert 'match         torkham-closed: "Torkham" and "closed"' in text
    assert "desk (desk@example.org): sent" in text


def test_a_no_without_its_text_says_that_it_cannot_be_explained_once_for_all_rules() -> None:
    text = said(gone())
    assert text.count("no match") == 1
    assert "2 further rules: why cannot be said any more: the text is no longer kept (retention)" in text
    (answer,) = [one for _, answers in ask(gone(), rule="trucks").fates for one in answers]
    assert not answer.matched
    assert "the text is no longer kept (retention)" in answer.because
    assert "no match      trucks: why cannot be said" in said(gone(), rule="trucks")


def test_a_text_that_was_not_to_be_kept_says_so() -> None:
    room = newsroom()
    room.bring_in(item())
    room.plan()
    room.prune(store_full_text=False)
    assert "not kept (store_full_text = false): dropped" in said(room)


def test_a_text_that_was_forgotten_says_so_and_by_what() -> None:
    room = newsroom()
    room.bring_in(item())
    room.plan()
    room.deliver()
    room.store.retention.forget(URL, URL, room.clock.now(), even_unsent=False)
    text = said(room)
    assert "removed by monitor forget Wed 22 Feb 2023" in text
    assert "match         torkham-closed: (forgotten)" in text
    assert "desk (desk@example.org): sent" in text
    assert "Torkham closed" not in text


def test_a_text_that_was_forgotten_before_it_was_told_says_who_was_never_told() -> None:
    room = newsroom()
    room.bring_in(item())
    room.store.retention.forget(URL, URL, room.clock.now(), even_unsent=True)
    assert "never told in alerts: the text was removed by hand before" in said(room)


@pytest.mark.parametrize("stages", [(), ("read",), ("read", "group")])
def test_a_text_that_was_forgotten_before_any_rule_read_it_says_so(stages: tuple[str, ...]) -> None:
    room = newsroom()
    room.serve(item())
    for stage in ("poll", *stages):
        getattr(room, stage)()
    room.store.retention.forget(URL, URL, room.clock.now(), even_unsent=True)
    text = said(room)
    assert "removed by hand before" in text
    assert "no match" not in text


def test_a_copy_of_what_is_no_longer_kept_says_that() -> None:
    room = newsroom()
    room.bring_in(item("e1", "Border", "Torkham was quiet."))  # told nobody anything: it goes
    room.turn()
    for wait in (2 * DAY, 40 * DAY, HOUR):
        room.clock.advance(wait)
        room.bring_in(item("e1", "Border", "Rain fell at the border."), item(f"m{wait}", "Floods", f"{wait}"))
        room.turn()
    room.prune(30 * DAY)
    text = said(room)
    assert "Duplicate     of an article that is no longer kept (revision)" in text
    assert "Revision      of an entry seen before" in text
    (found,) = why_json(ask(room))
    assert found["revision"] is True


def test_json_tells_why_and_when_a_text_went() -> None:
    (found,) = why_json(ask(gone()))
    assert found["text_gone"] == {"reason": "retention", "at": (NOON + 31 * DAY).isoformat()}
    assert found["article"]["text_gone"] == found["text_gone"]
    (kept,) = why_json(ask(bring_one()))
    assert (kept["text_gone"], kept["article"]["text_gone"]) == (None, None)


def bring_one() -> Newsroom:
    room = newsroom()
    room.bring_in(item())
    return room
