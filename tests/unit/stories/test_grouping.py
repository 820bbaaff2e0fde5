"""Which articles are copies, and that being one never hides news."""

from __future__ import annotations

from datetime import timedelta

from made import NOON, article

from monitor.core.stories.duplicates import COPY_WINDOW
from monitor.core.stories.fingerprint import content_hash
from monitor.core.stories.group import content_window, group_article
from monitor.core.stories.material import Told, adds_news, is_news
from monitor.model.article import DuplicateReason

LONG = " ".join(f"word{number}" for number in range(200))


def test_an_article_without_twins_starts_its_own_story() -> None:
    grouping = group_article(article(255), None, [])
    assert (grouping.story_id, grouping.duplicate_of) == ("s_ff", None)


def test_the_same_words_under_a_like_title_are_a_copy() -> None:
    first = article(1, story_id="s_1", content_hash="h")
    grouping = group_article(article(2, content_hash="h"), None, [first])
    assert (grouping.story_id, grouping.duplicate_of, grouping.reason) == ("s_1", 1, DuplicateReason.SAME_CONTENT)


def test_a_template_that_comes_again_the_next_day_is_another_event() -> None:
    first = article(1, story_id="s_1", content_hash="h", published=NOON)
    next_day = article(2, content_hash="h", published=NOON + timedelta(hours=24))
    assert group_article(next_day, None, [first]).story_id == "s_2"
    elsewhere = article(3, content_hash="h", published=NOON + timedelta(hours=24), url="https://other.example/3")
    assert group_article(elsewhere, None, [first]).story_id == "s_1"


def test_a_copy_of_a_copy_points_at_the_first() -> None:
    copy = article(2, story_id="s_1", duplicate_of=1, content_hash="h")
    assert group_article(article(3, content_hash="h"), None, [copy]).duplicate_of == 1


def test_a_long_wire_copy_on_another_host_is_a_copy_under_any_title() -> None:
    first = article(1, story_id="s_1", content_hash="h", text=LONG, url="https://a.example/1")
    second = article(2, title="Quite another headline", content_hash="h", text=LONG, url="https://b.example/2")
    assert group_article(second, None, [first]).duplicate_of == 1


def test_a_wall_with_one_text_on_every_page_of_a_host_makes_no_copies() -> None:
    first = article(1, story_id="s_1", content_hash="h", text=LONG)
    second = article(2, title="Floods in Sindh", content_hash="h", text=LONG)
    assert group_article(second, None, [first]).duplicate_of is None


def test_the_same_url_under_a_like_title_is_a_copy() -> None:
    first = article(1, story_id="s_1", url_key="https://news.example/x")
    second = article(2, url_key="https://news.example/x", content_hash="other")
    assert group_article(second, None, [first]).reason is DuplicateReason.SAME_URL


def test_a_page_that_carries_other_news_under_its_url_is_another_story() -> None:
    first = article(1, story_id="s_1", url_key="https://news.example/live")
    second = article(2, title="Floods in Sindh", url_key="https://news.example/live", content_hash="other")
    assert group_article(second, None, [first]).story_id == "s_2"


def test_a_revision_stays_in_its_story() -> None:
    before = article(1, story_id="s_1")
    grouping = group_article(article(2, title="All other words"), before, [])
    assert (grouping.story_id, grouping.reason) == ("s_1", DuplicateReason.REVISION)


def test_equal_words_count_for_two_days_only() -> None:
    assert timedelta(hours=48) == COPY_WINDOW
    assert content_window(NOON) == NOON - timedelta(hours=48)


def test_short_texts_count_with_title_and_host() -> None:
    short = "Read more on our site."
    assert content_hash("One", short, "a.example") != content_hash("Two", short, "a.example")
    assert content_hash("One", short, "a.example") != content_hash("One", short, "b.example")


def test_an_empty_text_is_never_a_copy_of_another_empty_text() -> None:
    assert content_hash("One", "", "a.example") != content_hash("Two", "", "a.example")


def test_quotes_case_and_spacing_do_not_change_the_fingerprint() -> None:
    assert content_hash("t", LONG, "h") == content_hash("t", LONG.upper().replace(" ", " — "), "h")


def test_one_page_dated_anew_on_another_day_is_another_event() -> None:
    first = article(1, story_id="s_1", url_key="https://news.example/x", published=NOON)
    later = article(2, url_key="https://news.example/x", content_hash="other", published=NOON + timedelta(days=1))
    undated = article(3, url_key="https://news.example/x", content_hash="other", published=None)
    assert group_article(later, None, [first]).story_id == "s_2"
    assert group_article(undated, None, [first]).story_id == "s_1"


REVISION = article(2, duplicate_reason=DuplicateReason.REVISION)
OTHER_TEXT = article(2, duplicate_reason=DuplicateReason.SAME_URL)
COPY = article(2, duplicate_reason=DuplicateReason.SAME_CONTENT)


HOUR = timedelta(hours=1)


def told(*sentences: str, ago: timedelta = HOUR) -> Told:
    return Told(frozenset(sentences), NOON - ago)


def test_a_revision_tells_what_its_earlier_wording_did_not() -> None:
    assert is_news({"old", "new"}, {"old"})
    assert is_news({"old"}, None)
    assert adds_news(REVISION, {"new"}, True, told("old"), NOON)


def test_the_same_sentence_added_by_a_second_feed_is_told_once_a_day() -> None:
    assert not adds_news(REVISION, {"old"}, True, told("old", "older"), NOON)
    assert adds_news(REVISION, {"old"}, True, told("old", ago=13 * HOUR), NOON)


def test_a_revision_that_says_the_same_is_not_told_even_if_nothing_was() -> None:
    assert not is_news({"old"}, {"old", "older"})
    assert not adds_news(REVISION, {"old"}, False, None, NOON)
    assert not adds_news(article(2), {"old"}, False, None, NOON)  # of an entry that was never read


def test_another_text_under_the_same_url_tells_a_new_sentence() -> None:
    assert adds_news(OTHER_TEXT, {"new"}, True, told("old"), NOON)
    assert not adds_news(OTHER_TEXT, {"old"}, True, told("old", ago=99 * HOUR), NOON)


def test_a_wire_copy_is_told_only_where_the_rule_never_alerted() -> None:
    assert not adds_news(COPY, {"new"}, True, told("old"), NOON)
    assert adds_news(COPY, {"new"}, True, None, NOON)
