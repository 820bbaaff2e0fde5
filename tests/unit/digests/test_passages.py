"""The sentences that show why a rule holds."""

from __future__ import annotations

import pytest

from monitor.core.digests import passages
from monitor.core.digests.passages import passages_in
from monitor.model.rule import Span

SENTENCE = "Torkham was closed on Monday. "


def spans_in(text: str, word: str = "Torkham") -> list[Span]:
    at = text.index(word)
    return [Span("body", at, at + len(word), word)]


def test_of_a_text_of_megabytes_only_the_part_with_the_words_is_cut_into_sentences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    whole = passages.sentences_of
    monkeypatch.setattr(passages, "sentences_of", lambda text: asked.append(len(text)) or whole(text))
    text = "Lorries wait. " * 1_000 + SENTENCE + "Lorries wait. " * 300_000
    (found,) = passages_in(text, spans_in(text), "torkham-closed")
    assert found.text == SENTENCE.strip()
    assert asked == [100_000]


@pytest.mark.parametrize("place", [0, 99_000, 99_980, 100_000, 250_000])
def test_wherever_the_words_stand_their_sentence_is_whole(place: int) -> None:
    before = ("Lorries wait. " * (place // 14 + 1))[:place].rsplit(". ", 1)[0]
    text = f"{before}. {SENTENCE}" + "They wait. " * 900
    (found,) = passages_in(text, spans_in(text), "torkham-closed")
    assert found.text == SENTENCE.strip()
