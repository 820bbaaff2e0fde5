"""Which articles are copies, and that being one never hides news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from made import NOON, article

from monitor.core.stories.duplicates import COPY_WINDOW
from monitor.core.stories.fingerprint import content_hash
from monitor.core.stories.group import class_of, join_classes, pairs_of, start_stories
from monitor.model.article import Article, DuplicateReason
from monitor.model.grouping import Copy, Pair, Twins


def copy_of(new: Article, revised: Article | None, twins: Sequence[Article]) -> Copy | None:
    """What a new article is a copy of, given what the store found beside it."""
    found = {one.id: one for one in (*twins, *([revised] if revised else []), new)}
    revisions = frozenset({(new.id, revised.id)} if revised else set())
    pairs = pairs_of([new], Twins({new.id: [one.id for one in twins]}, found, revisions))
    roots = {one.id: one.duplicate_of or one.id for one in found.values()}
    joined = join_classes(
        pairs, roots, {root: class_of(found.get(root, new)) for root in roots.values()}, set(), {new.id}
    )
    return next((one for one in joined.copies if one.article == new.id), None)


LONG = " ".join(f"word{number}" for number in range(200))


def test_an_article_without_twins_starts_its_own_story() -> None:
    assert copy_of(article(255), None, []) is None
    assert start_stories([255]).stories == {255: "s_ff"}


def test_the_same_words_under_a_like_title_are_a_copy() -> None:
    first = article(1, story_id="s_1", content_hash="h")
    copy = copy_of(article(2, content_hash="h"), None, [first])
    assert copy is not None
    assert (copy.duplicate_of, copy.reason) == (1, DuplicateReason.SAME_CONTENT)


def test_a_template_that_comes_again_the_next_day_is_another_event() -> None:
    first = article(1, story_id="s_1", content_hash="h", published=NOON)
    next_day = article(2, content_hash="h", published=NOON + timedelta(hours=24))
    assert copy_of(next_day, None, [first]) is None
    elsewhere = article(3, content_hash="h", published=NOON + timedelta(hours=24), url="https://other.example/3")
    assert copy_of(elsewhere, None, [first]) is not None


def test_a_copy_of_a_copy_points_at_the_first() -> None:
    copy = article(2, story_id="s_1", duplicate_of=1, content_hash="h")
    found = copy_of(article(3, content_hash="h"), None, [copy])
    assert found is not None
    assert found.duplicate_of == 1


def test_a_class_that_is_joined_over_one_of_its_copies_goes_with_its_first_article() -> None:
    """The first article of that class is in no pair itself: it must not stay behind, known to nobody."""
    old, first = article(5, story_id="s_5"), article(10, story_id="s_a")
    new = article(12)
    joined = join_classes(
        [Pair(5, 12, DuplicateReason.SAME_URL), Pair(11, 12, DuplicateReason.SAME_CONTENT, "over its copy")],
        {5: 5, 11: 10, 12: 12},
        {5: class_of(old), 10: class_of(first), 12: class_of(new)},
        set(),
        {12},
    )
    assert joined.gone == {10: 5, 12: 5}
    assert joined.copies == (
        Copy(10, 5, DuplicateReason.SAME_CONTENT, "over its copy"),
        Copy(12, 5, DuplicateReason.SAME_URL),
    )


def test_a_long_wire_copy_on_another_host_is_a_copy_under_any_title() -> None:
    first = article(1, story_id="s_1", content_hash="h", text=LONG, url="https://a.example/1")
    second = article(2, title="Quite another headline", content_hash="h", text=LONG, url="https://b.example/2")
    found = copy_of(second, None, [first])
    assert found is not None
    assert found.duplicate_of == 1


def test_a_wall_with_one_text_on_every_page_of_a_host_makes_no_copies() -> None:
    first = article(1, story_id="s_1", content_hash="h", text=LONG)
    second = article(2, title="Floods in Sindh", content_hash="h", text=LONG)
    assert copy_of(second, None, [first]) is None


def test_the_same_url_under_a_like_title_is_a_copy() -> None:
    first = article(1, story_id="s_1", url_key="https://news.example/x")
    second = article(2, url_key="https://news.example/x", content_hash="other")
    found = copy_of(second, None, [first])
    assert found is not None
    assert found.reason is DuplicateReason.SAME_URL


def test_a_page_that_carries_other_news_under_its_url_is_another_story() -> None:
    first = article(1, story_id="s_1", url_key="https://news.example/live")
    second = article(2, title="Floods in Sindh", url_key="https://news.example/live", content_hash="other")
    assert copy_of(second, None, [first]) is None


def test_a_revision_stays_in_its_story() -> None:
    before = article(1, story_id="s_1")
    copy = copy_of(article(2, title="All other words"), before, [])
    assert copy is not None
    assert (copy.duplicate_of, copy.reason) == (1, DuplicateReason.REVISION)


def test_equal_words_count_for_two_days_only() -> None:
    assert timedelta(hours=48) == COPY_WINDOW


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
    assert copy_of(later, None, [first]) is None
    assert copy_of(undated, None, [first]) is not None
