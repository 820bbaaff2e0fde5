"""`monitor stories list | show`: what is told of stories, at 80 columns and as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from made import MINUTE, NOON, feed_settings
from newsroom import fresh_store
from stored import grouped, matched

from monitor.adapters.store import tables as t
from monitor.adapters.store.sql import SqlStore
from monitor.app import stories as app
from monitor.app import stories_words
from monitor.app.since import Since
from monitor.app.stories import NoSuchStory, Wanted, counts_of, host_or_name, lead_of, show, stories, story_called
from monitor.app.stories_words import in_numbers, list_json, list_lines
from monitor.app.story_words import show_json, show_lines
from monitor.core.stories.publishers import Publishers
from monitor.core.text.columns import display_width
from monitor.model.article import Article, DuplicateReason, EntityMention, Quality
from monitor.model.feed import Feed
from monitor.model.story_member import Member
from monitor.model.story_view import StoriesAsked

SINCE = Since("7d", NOON - timedelta(days=7))
ASKED = StoriesAsked(SINCE.moment)
TORKHAM = EntityMention("Torkham", "place", "torkham")
ASIF = EntityMention("Khawaja Asif", "person", "khawaja_asif")
URDU = "طورخم بارڈر تیسرے روز بھی بند، سینکڑوں ٹرک پھنس گئے، تاجروں کا احتجاج جاری ہے اور حکام خاموش ہیں"


@pytest.fixture
def store() -> SqlStore:
    return fresh_store()


@pytest.fixture
def feed(store: SqlStore) -> Feed:
    store.feeds.sync([feed_settings()], NOON)
    return store.feeds.all()[0]


def at(store: SqlStore, feed: Feed, id: str, minutes: int, story: str, **more: Any) -> Article:
    seen = NOON + minutes * MINUTE
    return grouped(store, feed, id, story, **{"first_seen": seen, "published": seen, **more})


def copied(store: SqlStore, article: Article, original: Article, why: str = "") -> None:
    values = {"duplicate_of": original.id, "duplicate_reason": "near_duplicate", "duplicate_why": why}
    with store._db.write() as connection:
        connection.execute(t.articles.update().where(t.articles.c.id == article.id).values(values))


def alike(store: SqlStore, one: Article, other: Article, weight: float) -> None:
    with store._db.write() as connection:
        connection.execute(t.story_edges.insert().values(one=one.id, other=other.id, weight=weight))


def member(id: int = 1, **more: Any) -> Member:
    values: dict[str, Any] = {
        "story": "s_1",
        "title": "Torkham closed",
        "url": f"https://site{id}.example/1",
        "publisher": f"Site {id}",
        "feed": "News",
        "language": "en",
        "first_seen": NOON + id * MINUTE,
        "published": None,
        "quality": Quality.FULL,
    }
    return Member(id, **{**values, **more})


def listed(store: SqlStore, limit: int | None = 50) -> list[str]:
    return list(list_lines(store.stories, ASKED, Wanted(SINCE, limit=limit)))


def shown(store: SqlStore, name: str, limit: int = 50) -> list[str]:
    return list(show_lines(show(store.stories, name), limit))


# ---- lists


def test_a_story_is_told_with_its_headline_numbers_languages_and_rules(store: SqlStore, feed: Feed) -> None:
    first = at(store, feed, "e1", 0, "s_1", url="https://dawn.example/1", language="en")
    copy = at(store, feed, "e2", 1, "s_1", url="https://arab.example/2", language="en", title="Torkham is shut")
    copied(store, copy, first)
    matched(store, first)
    lines = listed(store)
    assert lines[1:] == [
        f"{(NOON + MINUTE).astimezone():%H:%M}  Torkham closed",
        "       s_1 · 2 publishers · 2 articles · 1 copy · en",
        "       → torkham-closed",
        "",
        "1 story in the last 7d. More on one: monitor stories show ID",
    ]


def test_a_list_says_what_it_leaves_out_and_when_there_is_nothing(
    store: SqlStore, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listed(store) == ["No such story in the last 7d. Further back: --since 30d"]
    at(store, feed, "e1", 0, "s_1")
    at(store, feed, "e2", 1, "s_2")
    assert listed(store, 1)[-1] == "The newest 1 of 2 stories in the last 7d. All of them: --limit 2"
    monkeypatch.setattr(stories_words, "_COUNTED", 1)
    assert listed(store, 1)[-1] == "The newest 1 of more than 1 stories in the last 7d. More of them: --limit N"


def test_no_line_of_a_list_is_longer_than_a_terminal(store: SqlStore, feed: Feed) -> None:
    for place, title in enumerate((URDU, "word " * 60, "", "封锁口岸" * 30)):
        at(store, feed, f"e{place}", place, f"s_{place}", title=title, url="", language="ur")
    assert max(map(display_width, listed(store))) <= 80


def test_pages_are_read_one_after_the_other(store: SqlStore, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_PAGE", 2)
    for place in range(5):
        at(store, feed, f"e{place}", place, f"s_{place}")
    found = [one.id for one in stories(store.stories, ASKED, None)]
    assert found == ["s_4", "s_3", "s_2", "s_1", "s_0"]
    assert [one.id for one in stories(store.stories, ASKED, 3)] == found[:3]


def test_a_listed_story_as_json(store: SqlStore, feed: Feed) -> None:
    matched(store, at(store, feed, "e1", 0, "s_1", title=URDU, language="ur"))
    (one,) = stories(store.stories, ASKED, None)
    found = json.loads(json.dumps(list_json(one, host_or_name)))
    assert found["headline"] == URDU
    assert found["rules"] == [{"id": "torkham-closed", "articles": 1}]
    assert [found[key] for key in ("id", "publishers", "articles", "copies")] == ["s_1", 1, 1, 0]


def test_publishers_are_counted_as_a_digest_counts_them() -> None:
    carriers = [
        member(n, publisher=name, url="", wire=wire)
        for n, (name, wire) in enumerate((("Dawn", "AP"), ("Arab News", "AP"), ("Dawn", ""), ("TOLO", "AFP")), 1)
    ]
    counts = counts_of(carriers, host_or_name)
    assert (counts.publishers, counts.independent, counts.articles) == (3, 3, 4)
    assert counts.carrying == (("AP", 2), ("AFP", 1))
    assert in_numbers(counts) == "3 publishers (2 carrying AP, 1 carrying AFP) · 4 articles"


def test_houses_of_one_owner_are_one_publisher() -> None:
    members = [
        member(1, url="https://www.arabnews.com/1"),
        member(2, url="https://www.arabnews.pk/2"),
        member(3, url="https://blogs.dawn.com/3"),
        member(4, url="https://www.dawn.com/4"),
    ]
    joined = Publishers({"arabnews.com": "arab_news", "arabnews.pk": "arab_news"})
    assert counts_of(members, joined.owner_of).publishers == 2
    assert counts_of(members, Publishers().owner_of).publishers == 3


def test_the_earliest_full_text_speaks_for_a_story_in_its_newest_wording() -> None:
    first, full = member(1, quality=Quality.TITLE), member(2)
    edited = member(
        3, title="Torkham opened", duplicate_of=2, duplicate_reason=DuplicateReason.REVISION, url=full.url
    )
    assert lead_of([first, full, member(4)]) == full
    assert lead_of([first, full, edited]) == edited


# ---- one story


def test_a_story_shows_its_articles_in_time_with_copies_and_their_figures(store: SqlStore, feed: Feed) -> None:
    late = at(store, feed, "e1", 90, "s_1", url="https://dawn.example/late", title="Torkham still shut")
    early = at(store, feed, "e2", 0, "s_1", url="https://dawn.example/early", wire="AP", published=None)
    copied(store, late, early, "94 % of its words")
    text = "\n".join(shown(store, "s_1"))
    assert text.index("dawn.example/early") < text.index("dawn.example/late")
    assert f"copy of a_{early.id}: nearly the same words (94 % of its words)" in text
    assert "carries AP" in text
    assert "without a date" in text
    assert "in no digest" not in text
    assert "none matched" in text


def test_a_story_says_which_names_and_rare_words_its_articles_share(store: SqlStore, feed: Feed) -> None:
    text = "Hundreds of tomato lorries were stranded at the crossing, the customs clerk Gulab said."
    one = at(store, feed, "e1", 0, "s_1", text=text, entities=(TORKHAM,))
    other = at(store, feed, "e2", 1, "s_1", text=f"As before: {text}", entities=(TORKHAM, ASIF))
    alike(store, one, other, 0.412)
    (line,) = [line for line in shown(store, "s_1") if line.startswith("Alike")]
    assert line.startswith(f"Alike         a_{one.id} and a_{other.id} (0.41): Torkham; ")
    (shared,) = show(store.stories, "s_1").alike
    assert {"gulab", "tomato"} & set(shared.words)
    assert not {"the", "were", "torkham"} & set(shared.words)


def test_what_reads_alike_and_is_not_the_same_is_marked(store: SqlStore, feed: Feed) -> None:
    one = at(store, feed, "e1", 0, "s_1", title="The 12th package")
    other = at(store, feed, "e2", 1, "s_2", title="The 13th package")
    alike(store, one, other, -1.0)
    (line,) = [line for line in shown(store, "s_1") if line.startswith("Told apart")]
    assert line.startswith(f'Told apart    a_{one.id} and a_{other.id} "The 13th package" (s_2) read')
    (mark,) = show_json(show(store.stories, "s_2"))["told_apart"]
    assert (mark["articles"], mark["story"]) == ([other.id, one.id], "s_1")
    assert show(store.stories, "s_1").alike == ()


def test_a_text_that_was_dropped_leaves_the_weight(store: SqlStore, feed: Feed) -> None:
    one = at(store, feed, "e1", 0, "s_1", text="", title="A")
    other = at(store, feed, "e2", 1, "s_1", text="", title="B")
    alike(store, one, other, 0.3)
    assert f"Alike         a_{one.id} and a_{other.id} (0.30)" in shown(store, "s_1")


def test_a_story_in_another_language_is_only_suggested(store: SqlStore, feed: Feed) -> None:
    at(store, feed, "e1", 0, "s_1", language="en", entities=(TORKHAM, ASIF))
    at(store, feed, "e2", 1, "s_2", language="ur", title=URDU, entities=(TORKHAM, ASIF))
    (found,) = show_json(show(store.stories, "s_1"))["see_also"]
    assert (found["story"], found["language"], found["names"]) == ("s_2", "ur", ["Khawaja Asif", "Torkham"])
    assert "See also      s_2 (ur)" in "\n".join(shown(store, "s_1"))
    assert len(show(store.stories, "s_1").view.members) == 1


def test_of_a_long_story_the_newest_articles_are_listed(store: SqlStore, feed: Feed) -> None:
    for place in range(4):
        at(store, feed, f"e{place}", place, "s_1", title=f"Title {place}")
    text = "\n".join(shown(store, "s_1", limit=2))
    assert "The newest 2 of 4 articles and wordings; all: --limit 4" in text
    assert "Title 1" not in text.split("Alike")[0].split("\n\n")[1]
    assert len(show_json(show(store.stories, "s_1"))["timeline"]) == 4


def test_no_line_of_a_story_is_longer_than_a_terminal_but_addresses(store: SqlStore, feed: Feed) -> None:
    one = at(store, feed, "e1", 0, "s_1", title=URDU, language="ur", publisher="P" * 90, wire="AP")
    other = at(store, feed, "e2", 1, "s_1", title="word " * 50, text="rareword " * 20)
    copied(store, other, one, "x " * 90)
    alike(store, one, other, 1.0)
    assert max(display_width(line) for line in shown(store, "s_1") if "://" not in line) <= 80


@pytest.mark.parametrize("name", ["s_1", "s_9", "a_1", "1", "https://news.example/1"])
def test_a_story_is_named_by_ids_articles_and_addresses(store: SqlStore, feed: Feed, name: str) -> None:
    at(store, feed, "e1", 0, "s_1")
    with store._db.write() as connection:
        connection.execute(t.story_aliases.insert().values(alias="s_9", story_id="s_1"))
    assert story_called(store.stories, name).story == "s_1"
    assert ("s_9 went into it" in "\n".join(shown(store, name))) == (name == "s_9")


@pytest.mark.parametrize("name", ["s_7", "a_7", "7", "https://news.example/7", "", "\x00", "a_" + "9" * 30])
def test_a_name_that_means_nothing_is_an_error_with_advice(store: SqlStore, feed: Feed, name: str) -> None:
    at(store, feed, "e1", 0, "s_1")
    with pytest.raises(NoSuchStory, match="no story is known as"):
        show(store.stories, name)
