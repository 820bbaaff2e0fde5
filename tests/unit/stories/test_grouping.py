"""Which articles are copies, and that being one never hides news."""

from __future__ import annotations

from datetime import timedelta

from made import NOON, article

from monitor.core.stories.fingerprint import content_hash
from monitor.core.stories.group import SAME_CONTENT_WINDOW, content_window, group_article
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
    assert timedelta(hours=48) == SAME_CONTENT_WINDOW
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
