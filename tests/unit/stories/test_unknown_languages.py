"""Languages that no weights were learned for: "and" and "the" make no event, names do; what is learned counts."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pytest

from monitor.core.stories.edges import edge_weight, keys_of
from monitor.core.stories.features import features_of
from monitor.core.stories.idf import Idf, build_idf
from monitor.model.story import StoryNode

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
TEXTS: dict[str, list[str]] = tomllib.loads(
    (Path(__file__).parents[2] / "data" / "language_texts.toml").read_text("utf-8")
)["texts"]  # type: ignore[assignment]
HINDI = [
    "सीमा पर आज सुबह की घटना के बाद से व्यापार बंद है और लोग कह रहे हैं कि यह कल तक खुल सकता है।",
    "शहर में कल रात की बारिश के बाद से स्कूल बंद है और लोग कह रहे हैं कि यह आज तक चल सकता है।",
    "मंत्री ने आज कहा कि चुनाव के बाद से काम बंद है और लोग कह रहे हैं कि यह कल तक हो सकता है।",
]


def node(id: int, text: str, language: str) -> StoryNode:
    return StoryNode(id, NOON, language, features_of("", text, language, ()), title_only=False, order=(str(id),))


@pytest.mark.parametrize("language", ["en", "ur", "ps", "fa", "ar", "de", "fr", "es", "ru"])
def test_the_shipped_weights_know_their_languages(language: str) -> None:
    for text in TEXTS[language]:
        terms = features_of("", text, language, ()).terms
        assert sum(Idf.shipped().known(term for term, _ in terms)) >= 0.15 * len(terms)


def test_what_every_text_of_an_unknown_language_says_makes_no_story() -> None:
    nodes = [node(number, text, "hi") for number, text in enumerate(HINDI)]
    for one, other in combinations(nodes, 2):
        assert edge_weight(one, other, Idf.shipped()) == 0.0
    assert not any(keys_of(one, Idf.shipped()) for one in nodes)


def test_two_shared_names_make_a_story_in_an_unknown_language() -> None:
    line = "Sınırda bu sabah {} ile Mehmet Yılmaz ve Ayşe Demir arasında {} görüşmesi yapıldı."
    one, other = node(1, line.format("Gürbulak", "gümrük"), "tr"), node(2, line.format("Kapıköy", "ticaret"), "tr")
    assert set(keys_of(one, Idf.shipped())) & set(keys_of(other, Idf.shipped()))
    assert edge_weight(one, other, Idf.shipped()) > 0.3


def test_words_count_once_the_archive_taught_them() -> None:
    features = [features_of("", text, "hi", ()) for text in HINDI]
    learned = build_idf(features * 20, NOON)
    assert all(keys_of(node(number, text, "hi"), learned) for number, text in enumerate(HINDI))
