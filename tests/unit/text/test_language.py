"""Which language a text is in: short news in the languages of the beat, and who wins when a feed says another."""

from __future__ import annotations

import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitor.core.text.language import (
    LIKELY,
    SURE,
    Guess,
    Settled,
    canonical_language,
    detect_language,
    sample_of,
    settle_language,
)

_FILE = Path(__file__).parents[2] / "data" / "language_texts.toml"
TEXTS: dict[str, dict[str, list[str]]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
ALL = [(language, text) for kind in TEXTS.values() for language, texts in kind.items() for text in texts]


@pytest.mark.parametrize(("language", "text"), ALL)
def test_short_news_is_in_the_language_it_is_in(language: str, text: str) -> None:
    guess = detect_language(text)
    assert guess is not None
    assert guess.language == language
    assert settle_language(None, guess).language == language


@pytest.mark.parametrize(("language", "text"), [one for one in ALL if one[0] in ("ur", "ps", "fa", "ar")])
def test_a_feed_that_says_english_does_not_hide_what_its_words_say(language: str, text: str) -> None:
    assert settle_language("en", detect_language(text)).language == language


def test_two_sentences_are_told_with_a_confidence_that_overrules_what_is_stated() -> None:
    for language, texts in TEXTS["texts"].items():
        for text in texts:
            guess = detect_language(text)
            assert guess is not None, (language, text)
            assert guess.confidence >= SURE, (language, text)


@pytest.mark.parametrize("text", ["", "  \n", "2023-02-22 12:00", "+++ 6,000 +++", "🙂🙂"])
def test_what_has_no_words_has_no_language(text: str) -> None:
    assert detect_language(text) is None


@pytest.mark.parametrize(
    "text",
    ["Khawaja Asif Zabihullah Mujahid", "Torkham border band kar diya gaya", "Imran Khan", "PTI", "طورخم"],
)
def test_names_and_transliterations_are_never_sure(text: str) -> None:
    guess = detect_language(text)
    assert guess is None or guess.confidence < SURE
    assert settle_language("ur", guess).language == "ur"


def test_the_same_text_has_the_same_answer_in_every_thread() -> None:
    alone = [detect_language(text) for _, text in ALL]
    with ThreadPoolExecutor(4) as threads:
        for answers in threads.map(lambda _: [detect_language(text) for _, text in ALL], range(4)):
            assert answers == alone


@pytest.mark.parametrize(
    "text", ["\ud800 border closed", "a" * 1_000_000, "\0\0border", "م" * 5_000, "\u202e" * 99]
)
def test_whatever_strangers_send_has_an_answer(text: str) -> None:
    detect_language(text)


def test_a_long_text_is_known_by_its_beginning() -> None:
    urdu = " ".join(TEXTS["texts"]["ur"])
    assert len(urdu) < 2_000
    guess = detect_language(urdu.ljust(2_000) + "border closed " * 10_000)
    assert guess is not None
    assert guess.language == "ur"


@pytest.mark.parametrize(
    ("stated", "guess", "settled"),
    [
        ("en", Guess("ur", SURE), Settled("ur", SURE, "en")),  # sure: what is stated does not count
        ("en", Guess("ur", SURE - 0.01), Settled("en")),  # not sure: it does
        ("en", Guess("en", 0.2), Settled("en", 0.2)),  # both say so
        ("en-GB", Guess("en", 0.99), Settled("en", 0.99)),
        ("prs", Guess("fa", 0.99), Settled("fa", 0.99)),  # Dari is no other language than Persian here
        ("ur-PK", None, Settled("ur")),
        (None, Guess("ur", LIKELY), Settled("ur", LIKELY)),  # nobody says anything: likely is enough
        ("und", Guess("ur", LIKELY), Settled("ur", LIKELY)),
        (None, Guess("ur", LIKELY - 0.01), Settled(None)),
        (None, None, Settled(None)),
        ("", None, Settled(None)),
    ],
)
def test_who_wins(stated: str | None, guess: Guess | None, settled: Settled) -> None:
    assert settle_language(stated, guess) == settled


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        (" EN-gb ", "en"),
        ("en_US.UTF-8", "en"),
        ("ur-Arab-PK", "ur"),
        ("urd", "ur"),
        ("pus", "ps"),
        ("prs-AF", "fa"),
        ("zh-Hant-TW", "zh"),
        ("yue", "zh"),
        ("nb", "no"),
        ("haw", "haw"),
        ("English", None),
        ("x-default", None),
        ("und", None),
        ("", None),
        (None, None),
    ],
)
def test_a_tag_is_read_for_its_language(tag: str | None, code: str | None) -> None:
    assert canonical_language(tag) == code


def test_words_that_stand_twice_in_a_document_are_heard_once() -> None:
    assert sample_of("Torkham", "It closed.", "It closed.") == "Torkham\n\nIt closed."
