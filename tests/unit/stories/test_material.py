"""Why a match of a known story is told again, or merged: one test for each line of the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from made import NOON, article, match_of, rule
from newsroom import digest_settings, ruleset_of

from monitor.core.stories.material import Wording, changed_numbers, compare, facts_of, judge
from monitor.model.article import Document, DuplicateReason
from monitor.model.ledger import NewMatch, StoredMatch
from monitor.model.rule import Match
from monitor.model.telling import Earlier, Material, Merged, ToldMatch, Updates, Verdict

HOUR = timedelta(hours=1)
TOLD = ToldMatch(
    "torkham-closed",
    "s_1",
    1,
    "Torkham closed",
    "https://news.example/1",
    ("old",),
    ("t",),
    (),
    NOON,
    "https://news.example/1",
    NOON,
    NOON,
)


def pending(
    *sentences: str, names: tuple[str, ...] = (), figures: tuple[str, ...] = (), **more: object
) -> StoredMatch:
    """A match of torkham-closed in another article; `news` and the fields of the article are `more`."""
    news = bool(more.pop("news", True))
    bare, earlier = more.pop("bare", sentences), more.pop("earlier", None)
    new = NewMatch(
        match_of(),
        rule(),
        "because",
        ("alerts",),
        sentences,
        news,
        None,
        names,
        figures,
        bare,
        earlier,  # type: ignore[arg-type]
    )
    values = {"title": "Border gate stays shut", "url_key": "https://other.example/2", **more}
    series = bool(values.pop("series", False))
    return StoredMatch(2, new, replace(article(2, **values), series=series), NOON)


def verdict(
    match: StoredMatch,
    *told: ToldMatch,
    after: timedelta = HOUR,
    more: int = 0,
    like: float | None = 1.0,
    **settings: object,
) -> Verdict:
    return judge(match, told, digest_settings(**settings), lambda: more, lambda: like, NOON + after)


def why(match: StoredMatch, *told: ToldMatch, **how: object) -> object:
    return verdict(match, *(told or (TOLD,)), **how).why  # type: ignore[arg-type]


REVISION = {"duplicate_reason": DuplicateReason.REVISION}
COPY = {"duplicate_reason": DuplicateReason.NEAR_DUPLICATE, "duplicate_of": 1}


def test_what_nothing_was_told_of_is_told() -> None:
    assert verdict(pending("new")).why is Material.NEW_STORY_FOR_RULE
    assert verdict(pending("new", **COPY)).why is Material.NEW_STORY_FOR_RULE


def test_a_rule_that_did_not_tell_the_story_tells_it() -> None:
    assert why(pending("old", **COPY), replace(TOLD, rule="trucks")) is Material.NEW_RULE


def wording(*sentences: str, silent: Earlier | None = Earlier.SILENT, **more: object) -> Wording:
    """What stood there before, with these sentences for the rule "r"; none: it did not match."""
    values = {"title": "Border notes", "unheard": frozenset(), **more}
    return Wording(sentences={"r": frozenset(sentences)} if sentences else {}, silent=silent, **values)  # type: ignore[arg-type]


def test_a_revision_tells_what_its_earlier_wording_did_not() -> None:
    assert compare("r", {"old", "new"}, "Border notes", wording("old")) == (True, None)
    assert compare("r", {"old"}, "Border notes", None) == (True, None)
    assert compare("r", {"old"}, "Border notes", wording()) == (True, Earlier.SILENT)
    assert why(pending("new", **REVISION)) is Material.CHANGED_SENTENCE


def test_a_revision_whose_title_owns_up_to_a_correction_is_news() -> None:
    assert compare("r", {"old"}, "CORRECTED-Border notes", wording("old")) == (True, None)
    corrected = wording("old", title="CORRECTED-Border notes")
    assert compare("r", {"old"}, "CORRECTED-Border notes", corrected) == (False, None)
    assert why(pending("old", news=False, title="CORRECTED-Border notes", **REVISION)) is Material.CORRECTED


def test_a_revision_that_says_the_same_is_told_only_where_its_earlier_wording_was_not() -> None:
    assert compare("r", {"old"}, "Border notes", wording("old", "older")) == (False, None)
    same = pending("old", news=False, **REVISION)
    assert why(same) is Merged.EARLIER_WORDING
    assert why(same, after=99 * HOUR) is Merged.EARLIER_WORDING
    assert verdict(same).why is Material.NEW_STORY_FOR_RULE
    assert why(same, replace(TOLD, rule="trucks")) is Material.NEW_RULE
    # The story was told by another text, the earlier wording merged: an edit elsewhere changes nothing of that.
    assert why(pending("other", news=False, **REVISION)) is Merged.EARLIER_WORDING
    assert why(pending("other", news=False, figures=("45 people",), **REVISION)) is Material.CHANGED_NUMBER


def test_words_from_before_the_subscription_are_told_by_no_edit_elsewhere() -> None:
    before = wording("old", silent=None, unheard=frozenset({"r"}))
    assert compare("r", {"old"}, "Border notes", before) == (False, Earlier.UNHEARD)
    assert compare("r", {"old", "new"}, "Border notes", before) == (True, None)
    assert compare("r", {"old"}, "Border notes", wording(silent=None)) == (True, None)
    unheard = pending("old", news=False, earlier=Earlier.UNHEARD)
    assert verdict(unheard).why is why(unheard) is Merged.BEFORE_SUBSCRIPTION


def test_what_holds_again_is_told_though_its_sentence_was() -> None:
    assert why(pending("old", earlier=Earlier.SILENT, **REVISION)) is Material.HOLDS_AGAIN
    assert why(pending("old", earlier=Earlier.SILENT, **REVISION), updates=Updates.NONE) is Material.HOLDS_AGAIN


def test_a_wall_between_two_wordings_makes_news_only_of_what_its_page_had_told() -> None:
    read = pending("old", earlier=Earlier.LESS, **REVISION)
    assert why(read) is Merged.SAME_SENTENCES
    assert why(read, replace(TOLD, url_key="https://other.example/2")) is Material.HOLDS_AGAIN


def test_the_same_sentence_added_by_a_second_feed_is_told_once_in_repeat_after() -> None:
    added = pending("old", **REVISION)
    assert why(added) is Merged.SAME_SENTENCES
    assert why(added, after=13 * HOUR) is Material.REPEAT
    assert why(added, after=13 * HOUR, repeat_after=24 * HOUR) is Merged.SAME_SENTENCES


@pytest.mark.parametrize(
    "known",
    [{"duplicate_reason": DuplicateReason.SAME_URL}, {"url_key": TOLD.url_key}],
    ids=["by its reason", "by a told address"],
)
def test_another_text_under_the_same_url_tells_a_new_sentence(known: dict[str, object]) -> None:
    assert why(pending("new", **known)) is Material.CHANGED_SENTENCE


def test_another_text_under_the_same_url_tells_no_old_sentence_however_late() -> None:
    assert why(pending("old", duplicate_reason=DuplicateReason.SAME_URL), after=99 * HOUR) is Merged.COPY


@pytest.mark.parametrize("reason", [DuplicateReason.SAME_CONTENT, DuplicateReason.NEAR_DUPLICATE])
def test_a_copy_without_a_new_sentence_is_told_never_again(reason: DuplicateReason) -> None:
    copy = pending("old", duplicate_reason=reason, duplicate_of=1)
    for updates in Updates:
        assert why(copy, after=99 * HOUR, more=9, updates=updates) is Merged.COPY


def test_a_near_copy_tells_a_sentence_that_is_new_but_for_its_dateline() -> None:
    assert why(pending("new", **COPY)) is Material.CHANGED_SENTENCE
    assert why(pending("new", bare=("bare",), **COPY), replace(TOLD, bare=("bare",))) is Merged.NOTHING_NEW


def test_a_copy_of_copies_that_reach_into_another_day_is_told() -> None:
    def copied(reason: DuplicateReason, hours: int, url: str = "https://news.example/2") -> StoredMatch:
        when = NOON + hours * HOUR
        return pending("old", duplicate_reason=reason, duplicate_of=1, published=when, first_seen=when, url=url)

    content = DuplicateReason.SAME_CONTENT
    assert why(copied(content, 11)) is Merged.COPY
    assert why(copied(content, 13)) is Material.OTHER_DAY
    assert why(copied(content, 13, "https://other.example/2")) is Merged.COPY
    assert why(copied(content, 49, "https://other.example/2")) is Material.OTHER_DAY
    later = replace(TOLD, first_seen=NOON + 8 * HOUR, published=NOON + 8 * HOUR)
    assert why(copied(content, 13), TOLD, later) is Merged.COPY
    assert why(copied(DuplicateReason.SAME_URL, 13)) is Material.OTHER_DAY


def test_a_copy_in_a_daily_series_is_one_for_six_hours() -> None:
    when = NOON + 7 * HOUR
    issue = {"duplicate_reason": DuplicateReason.SAME_CONTENT, "published": when, "first_seen": when}
    assert why(pending("old", **issue)) is Merged.COPY
    assert why(pending("old", series=True, **issue)) is Material.OTHER_DAY


def test_a_report_only_loosely_like_what_was_told_may_be_another_event() -> None:
    for sentence in ("old", "new"):
        for updates in Updates:
            assert why(pending(sentence), like=0.59, updates=updates) is Material.LOOSELY_ALIKE
        assert why(pending(sentence), like=0.6) is not Material.LOOSELY_ALIKE
        assert why(pending(sentence), like=None) is not Material.LOOSELY_ALIKE
    assert why(pending("old", **COPY), like=0.1) is Merged.COPY
    assert why(pending("old", news=False, **REVISION), like=0.1) is Merged.EARLIER_WORDING


def test_another_name_is_never_merged() -> None:
    for updates in Updates:
        assert why(pending("new", names=("c",)), updates=updates) is Material.NEW_NAMES
    assert why(pending("new", names=("t",))) is Merged.NOTHING_NEW
    assert why(pending("old", names=("c",), **COPY)) is Material.NEW_NAMES


def test_a_number_that_was_not_told_is_told() -> None:
    told = replace(TOLD, figures=("41 people",))
    found = verdict(pending("new", figures=("45 people",)), told)
    assert (found.why, found.note) == (Material.CHANGED_NUMBER, "41 → 45 people")
    assert why(pending("new", figures=("41 dead",)), told) is Merged.NOTHING_NEW


def test_numbers_are_compared_with_what_was_told_of_the_same_thing() -> None:
    assert (
        changed_numbers(("45 people", "6000 trucks"), ("38 people", "41 people")) == "41 → 45 people, 6000 trucks"
    )
    assert changed_numbers(("45",), ("41",)) == "45"
    assert changed_numbers(("45 people",), ("45 dead",)) == ""
    assert changed_numbers(("45", "45 on", "4 guards"), ("41 people",)) == "4 guards, 45"
    assert changed_numbers(("9 people",), ("10 people", "8 people")) == "10 → 9 people"


@pytest.mark.parametrize(
    "title",
    [
        "CORRECTED-Torkham closed",
        "UPDATE 1-RETRACTED: Torkham closed",
        "Correction: Torkham",
        "Torkham shut (corrected)",
    ],
)
def test_a_correction_is_told_once(title: str) -> None:
    corrected = pending("old", title=title, **REVISION)
    assert why(corrected) is Material.CORRECTED
    assert why(corrected, TOLD, replace(TOLD, title=title)) is Merged.SAME_SENTENCES


def test_titles_that_differ_by_an_ordinal_may_be_two_events() -> None:
    told = replace(TOLD, title="EU agrees on 12th sanctions package")
    assert why(pending("new", title="EU agrees on 13th sanctions package"), told) is Material.POSSIBLE_DISTINCT
    assert why(pending("new", title="EU agrees on 12th sanctions package today"), told) is Merged.NOTHING_NEW
    assert why(pending("new", title="A quiet 13th day in Kabul"), told) is Merged.NOTHING_NEW


def test_an_article_of_its_own_tells_the_story_again_after_a_while() -> None:
    assert why(pending("new"), after=11 * HOUR) is Merged.NOTHING_NEW
    assert why(pending("old"), after=11 * HOUR) is Merged.SAME_SENTENCES
    assert why(pending("new"), after=13 * HOUR) is Material.REPEAT
    assert why(pending("old"), after=13 * HOUR) is Material.REPEAT  # closed, reopened, closed again
    assert why(pending("old"), TOLD, replace(TOLD, at=NOON + 12 * HOUR), after=13 * HOUR) is Merged.SAME_SENTENCES


def test_a_time_that_a_wrong_clock_wrote_holds_nothing_back() -> None:
    assert why(pending("new"), after=-timedelta(days=400)) is Material.REPEAT


def test_three_more_publishers_are_told() -> None:
    assert verdict(pending("new"), TOLD, more=2).why is Merged.NOTHING_NEW
    found = verdict(pending("new"), TOLD, more=3)
    assert (found.why, found.note) == (Material.NEW_PUBLISHERS, "3 more publishers")


def test_updates_off_merges_updates_and_nothing_that_may_be_other_news() -> None:
    off = {"updates": Updates.NONE}
    for update in (
        pending("new", **REVISION),
        pending("new", figures=("45 people",)),
        pending("old", title="CORRECTED-Torkham closed"),
    ):
        assert why(update, **off) is Merged.UPDATES_OFF
    assert why(pending("new"), more=3, **off) is Merged.UPDATES_OFF
    assert why(pending("new"), after=13 * HOUR, **off) is Material.REPEAT
    assert verdict(pending("new"), replace(TOLD, rule="trucks"), **off).why is Material.NEW_RULE


def test_all_updates_are_told_but_for_copies_and_old_wordings() -> None:
    every = {"updates": Updates.ALL}
    assert why(pending("new"), **every) is Material.EVERY_UPDATE
    assert why(pending("old"), **every) is Material.EVERY_UPDATE
    assert why(pending("old", news=False), **every) is Merged.EARLIER_WORDING


# ---- what a match stands on

RULES = """
[entities.torkham]
name = "Torkham"
type = "place"
aliases = ["طورخم"]
[[rules]]
id = "by-entity"
title = "x"
query = '@torkham AND closed'
[[rules]]
id = "by-word"
title = "x"
query = '(torkham OR chaman OR چمن) AND (closed OR shut)'
"""


def names(rule_id: str, body: str, title: str = "") -> tuple[str, ...]:
    document = Document("1", title, body)
    (found,) = (one for one in ruleset_of(RULES).match(document) if isinstance(one, Match) and one.rule == rule_id)
    return facts_of(found, title, body, "").names


def test_one_entity_has_one_name_however_it_is_spelled() -> None:
    latin = names("by-entity", "The Torkham crossing was closed.")
    assert len(latin) == 1
    assert names("by-entity", "TORKHAM was closed, Torkham's gate too.") == latin
    assert names("by-entity", "طورخم was closed.") == latin


def test_another_place_under_one_rule_is_another_name() -> None:
    torkham = names("by-word", "The Torkham crossing was closed. It was shut.")
    assert len(torkham) == 1
    assert names("by-word", "Torkham's gate was shut.") == torkham
    assert set(names("by-word", "Chaman was closed.")).isdisjoint(torkham)
    assert set(names("by-word", "چمن was closed.")).isdisjoint(torkham)
    assert set(names("by-word", "Both Torkham and Chaman were closed.")) > set(torkham)


def test_a_capital_at_the_head_of_a_line_makes_no_name_of_a_word() -> None:
    assert names("by-word", "The Torkham crossing was closed.", "Closed: Torkham") == names(
        "by-word", "The Torkham crossing was closed."
    )
