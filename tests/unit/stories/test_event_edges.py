"""Which reports are of one event: the samples, and what must stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations

import pytest
from ground_truth import KEYS, PUBLISHED, SAME_EVENT, TITLES, main_text
from labelled_stories import SETS, b_cubed, events_of, labelled, originals_of

from monitor.core.stories.edges import edge_weight, keys_of
from monitor.core.stories.features import features_of
from monitor.core.stories.idf import Idf
from monitor.core.stories.partition import THRESHOLD, partition
from monitor.model.story import StoryNode

IDF = Idf.shipped()
NOON = datetime.fromisoformat("2024-09-11T12:00:00Z")  # a Wednesday
CLOSED = (
    "PARACHINAR: Pakistan closed the Kharlachi crossing on Wednesday after soldiers and guards of Paktia "
    "exchanged fire over a post, said Sajjad Hussain of the Kurram administration. 400 trucks wait at the gate."
)
SHUT = (
    "Traffic between Kurram and Paktia stopped on Wednesday when the gate at Kharlachi was shut. Sajjad Hussain "
    "told traders that no truck would pass while the quarrel about the Afghan post goes on; 400 trucks wait."
)
REST = "Sailors watch the storm lights at the harbours, which burn when gusts of 60 kilometres are expected."


def node(title: str, text: str, when: datetime | None = NOON, *, id: int = 1, language: str = "en") -> StoryNode:
    features = features_of(title, text, language, ())
    return StoryNode(id, when, language, features, title_only=not text, order=(str(when), title))


def groups_of(nodes: Sequence[StoryNode]) -> tuple[tuple[int, ...], ...]:
    """As the daemon finds them: only those that share a key are compared."""
    keys = {node.id: set(keys_of(node, IDF)) for node in nodes}
    edges = {
        (one.id, other.id): edge_weight(one, other, IDF)
        for one, other in combinations(nodes, 2)
        if keys[one.id] & keys[other.id]
    }
    return partition(nodes, edges, set(), 300)


def test_the_samples_are_three_stories() -> None:
    nodes = [
        node(TITLES[key], main_text(key), datetime.fromisoformat(PUBLISHED[key]), id=number)
        for number, key in enumerate(KEYS)
    ]
    assert {frozenset(KEYS[number] for number in group) for group in groups_of(nodes)} == set(SAME_EVENT)


@pytest.mark.parametrize("name", SETS)
def test_the_labelled_articles_are_grouped_by_event(name: str) -> None:
    articles = labelled(name)
    originals = originals_of(articles)
    ids = [one.document.id for one in articles]
    nodes = []
    for number, one in enumerate(articles):
        read = one.document
        if originals[read.id] == read.id:  # copies are folded into what they copy before events are told apart
            nodes.append(node(read.title, read.body, read.published, id=number, language=read.language or ""))
    story = {ids[number]: place for place, group in enumerate(groups_of(nodes)) for number in group}
    score = b_cubed(events_of(articles), {one: story[originals[one]] for one in ids})
    assert min(score.precision, score.recall) > 0.93


def test_two_reports_of_a_day_meet_and_their_likeness_has_no_direction() -> None:
    one = node("Kharlachi crossing closed", CLOSED, NOON)
    other = node("Trucks stuck at Kharlachi", SHUT, NOON + timedelta(hours=5))
    assert set(keys_of(one, IDF)) & set(keys_of(other, IDF))
    assert THRESHOLD < edge_weight(one, other, IDF) == edge_weight(other, one, IDF)


@pytest.mark.parametrize("later", [timedelta(days=7, seconds=1), timedelta(days=395)])
def test_the_same_place_and_people_later_are_another_event(later: timedelta) -> None:
    assert edge_weight(node("", CLOSED), node("", SHUT, NOON + later), IDF) == 0.0


def test_the_window_is_an_argument() -> None:
    later = node("", SHUT, NOON + timedelta(hours=5))
    assert edge_weight(node("", CLOSED), later, IDF, timedelta(hours=4)) == 0.0


def test_naming_another_day_counts_against_one_event() -> None:
    reopened = SHUT.replace("Wednesday", "Friday")
    friday = NOON + timedelta(days=2)
    assert edge_weight(node("", CLOSED), node("", reopened, friday), IDF) < THRESHOLD
    assert edge_weight(node("", CLOSED), node("", SHUT, friday), IDF) > THRESHOLD


def test_without_a_date_nothing_joins_by_its_text() -> None:
    undated = node("Kharlachi crossing closed", CLOSED, None)
    assert keys_of(undated, IDF) == ()
    assert edge_weight(undated, node("Kharlachi crossing closed", CLOSED), IDF) == 0.0


def test_languages_are_apart_and_an_unknown_one_is_compared() -> None:
    german = node("Kharlachi", CLOSED, language="de")
    assert edge_weight(node("Kharlachi", SHUT), german, IDF) == 0.0
    assert edge_weight(node("Kharlachi", SHUT), node("Kharlachi", CLOSED, language=""), IDF) > THRESHOLD


def test_the_next_issue_of_a_daily_text_is_another_event() -> None:
    bulletin = "Forecast for the lake. Highs of 19 degrees at Altmar, light wind, showers in the north at Seewies."
    today = node("Weather for the lake district", bulletin)
    again = node("Weather for the lake district", bulletin.replace("19", "21"), NOON + timedelta(days=1))
    assert edge_weight(today, again, IDF) == 0.0


def test_a_daily_text_that_names_its_day_may_change_more() -> None:
    today = node("Forecast for Wednesday", "Highs of 19 degrees at Altmar. " + REST)
    fog = "Dense fog until noon at Altmar. " + REST
    tomorrow = node("Forecast for Thursday", fog, NOON + timedelta(days=1))
    undated = node("Forecast", fog, NOON + timedelta(days=1))
    assert edge_weight(today, tomorrow, IDF) == 0.0 < edge_weight(today, undated, IDF)


def test_one_template_of_two_issuers_is_two_events() -> None:
    text = "{} today reports results for the second quarter. Revenue rose to {} million euros, profit fell. {}"
    text += " expects growth in the third quarter. The board of {} will meet in October to decide on the dividend."
    one = node(
        "Brightwater reports results for second quarter", text.format("Brightwater", 412, "Brightwater", "Lund")
    )
    other = node("Ostrava reports results for second quarter", text.format("Ostrava", 97, "Ostrava", "Brno"))
    assert edge_weight(one, other, IDF) < THRESHOLD


def test_the_13th_package_is_not_the_12th() -> None:
    one = node(
        "EU adopts 12th sanctions package", "Ministers in Brussels adopted a 12th package against Belmoria."
    )
    later = "The Commission in Brussels proposed a 13th package against Belmoria, after the ministers met."
    other = node("EU prepares 13th sanctions package", later, NOON + timedelta(days=3))
    assert edge_weight(one, other, IDF) < THRESHOLD


def test_titles_alone_need_likeness_two_names_and_two_days() -> None:
    one = node("Socialists concede Durres as Kola names her team", "")
    other = "Mimoza Kola wins Durres as Socialists concede"
    assert edge_weight(one, node(other, "", NOON + timedelta(hours=20)), IDF) > THRESHOLD
    assert edge_weight(one, node(other, "", NOON + timedelta(hours=49)), IDF) == 0.0
    assert edge_weight(one, node("The socialists concede as Durres names a team", ""), IDF) == 0.0


def test_an_article_has_few_keys() -> None:
    assert 0 < len(keys_of(node(TITLES["001"], main_text("001")), IDF)) <= 27
    assert len(keys_of(node("Kharlachi", SHUT.lower()), IDF)) <= 31
