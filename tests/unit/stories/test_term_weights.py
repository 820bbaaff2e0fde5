"""Weights of terms: frozen, named after their content, good from the first day on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.core.stories.features import features_of, name_hash, term_hash
from monitor.core.stories.idf import MOST_TERMS, Idf, build_idf
from monitor.core.text.normalize import normalize
from monitor.model.story import Features

THEN = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
LATER = datetime(2026, 2, 10, tzinfo=UTC)


def features(*texts: str) -> list[Features]:
    return [features_of("", text, "en", ()) for text in texts]


@pytest.mark.parametrize("common", ["the", "said", "police", "کے", "است", "في", "что", "nicht", "dans", "según"])
def test_before_any_archive_common_words_weigh_less_than_rare_ones(common: str) -> None:
    shipped = Idf.shipped()
    assert shipped.weight(term_hash(normalize(common), english=False)) < 0.7 * shipped.weight(term_hash("torkham"))


def test_a_form_of_a_common_word_is_common_too() -> None:
    shipped = Idf.shipped()
    assert shipped.weight(term_hash("ministers")) == shipped.weight(term_hash("minister")) < shipped.rarest


def test_what_an_archive_says_often_weighs_less_as_a_word_and_as_a_name() -> None:
    built = build_idf(features(*["The gate at Torkham is shut."] * 300, "Nothing at Chaman."), THEN)
    assert built.weight(term_hash("torkham")) < built.weight(term_hash("chaman"))
    assert built.weight(name_hash("torkham")) < built.weight(name_hash("chaman"))
    assert built.weight(name_hash("unheard")) == built.rarest


def test_no_archive_makes_the_shipped_words_rare() -> None:
    built = build_idf(features("Torkham."), THEN)
    assert built.weight(term_hash("the")) < 0.2 * built.rarest


def test_the_version_is_of_the_content_and_not_of_the_day() -> None:
    texts = features("One gate.", "One gate and one bridge.")
    assert build_idf(texts, THEN) == build_idf(texts[::-1], LATER)
    assert build_idf(texts, THEN).version != build_idf(texts[:1], THEN).version


def test_a_snapshot_comes_back_from_its_bytes_as_it_was() -> None:
    built = build_idf(features("One gate.", "One gate and one bridge."), THEN)
    back = Idf.from_bytes(built.to_bytes())
    assert (back, back.made_at, back.documents) == (built, THEN, built.documents)
    assert back.weight(term_hash("gate")) == built.weight(term_hash("gate"))


@pytest.mark.parametrize("packed", [b"", b"idf1", b"idf1" + b"\xff" * 40, Idf.shipped().to_bytes()[:-1]])
def test_other_bytes_are_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="no snapshot"):
        Idf.from_bytes(packed)


def test_a_snapshot_keeps_the_commonest_terms_only() -> None:
    many = [Features(1, tuple((2 * term, 1) for term in range(10_000, 10_000 + MOST_TERMS))) for _ in range(2)]
    built = build_idf(many, THEN)
    assert len(built.to_bytes()) < 12 * MOST_TERMS + 100
    assert built.weight(term_hash("the")) < 0.2 * built.rarest
