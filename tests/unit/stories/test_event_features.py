"""What an article is compared by: stems, names, days and numbers of its beginning, in any script."""

from __future__ import annotations

import time

import pytest

from monitor.core.stories.features import BODY_WORDS, features_of, is_number, is_ordinal, name_hash, term_hash
from monitor.core.stories.named_days import is_day


def terms(title: str, text: str = "", language: str = "en") -> dict[int, int]:
    return dict(features_of(title, text, language, ()).terms)


def names(title: str, text: str, *given: str) -> dict[int, int]:
    return dict(features_of(title, text, "en", given).names)


def test_words_of_the_title_count_twice_and_stems_meet() -> None:
    found = terms("Crossing closed", "The crossings were closed.")
    assert found[term_hash("crossing")] == 3
    assert found[term_hash("closed")] == 3


def test_only_the_beginning_of_the_text_counts() -> None:
    found = terms("", "word " * BODY_WORDS + "Torkham")
    assert term_hash("torkham") not in found


def test_british_and_american_spellings_are_one_term() -> None:
    assert terms("defence minister") == terms("defense minister")


def test_a_number_is_the_same_in_words_and_in_digits_and_an_ordinal_is_another() -> None:
    assert terms("twelve dead") == terms("12 dead") != terms("12th dead") == terms("twelfth dead")


@pytest.mark.parametrize(
    ("word", "number", "ordinal"), [("package", False, False), ("12", True, False), ("twelfth", True, True)]
)
def test_a_hash_tells_whether_it_is_of_a_number(word: str, number: bool, ordinal: bool) -> None:
    assert [(is_number(term), is_ordinal(term)) for term in terms(word)] == [(number, ordinal)]


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("в Кабуле", "в Кабул", "ru"),
        ("с Кабулом", "с Кабула", "ru"),
        ("الحدود", "حدود", "ar"),
        ("کابل", "كابل", "fa"),
        ("ہفتہ", "هفته", "ur"),
        ("阿富汗", "阿富汗", "zh"),
    ],
)
def test_forms_of_a_word_meet_in_other_scripts(one: str, other: str, language: str) -> None:
    assert terms(one, language=language) == terms(other, language=language) != {}


def test_a_script_without_spaces_is_read_two_characters_at_a_time() -> None:
    assert set(terms("阿富汗", language="zh")) == {term_hash("阿富", False), term_hash("富汗", False)}


def test_a_name_is_a_capital_inside_a_sentence_and_each_of_its_words_counts() -> None:
    found = names("", "Reporters met Khawaja Asif in Kabul. They asked Asif.")
    assert found == {name_hash("khawaja"): 1, name_hash("asif"): 2, name_hash("kabul"): 1}


def test_a_title_or_an_initial_ends_no_sentence() -> None:
    assert name_hash("asif") in names("", "It said that Mr. Asif left.")
    assert name_hash("they") not in names("", "It was over. They left.")


def test_a_quotation_begins_like_a_sentence() -> None:
    assert names("", "He said: “We were told nothing.”") == {}


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Defense Minister Visits Kabul Border With TTP Looming", {"kabul", "ttp", "looming"}),
        ("TORKHAM BORDER CROSSING CLOSED BY TROOPS", {"torkham"}),
        ("Torkham closed after police fire on Asif", {"torkham", "asif"}),
        ("Police officers closed the road", set()),
    ],
)
def test_a_headline_names_what_is_no_ordinary_word(title: str, found: set[str]) -> None:
    assert names(title, "") == {name_hash(word): 2 for word in found}


def test_days_are_no_names_and_no_words_but_days() -> None:
    found = features_of("Closed on Wednesday", "It was closed on Wednesday, 3 May.", "en", ())
    assert found.names == ()
    assert term_hash("wednesday") not in dict(found.terms)
    assert sorted(term for term, _ in found.terms if is_day(term)) == [3, 503, 10_003]


def test_a_recognisers_names_count_by_their_words() -> None:
    assert names("", "she went to hodeidah", "Port of Hodeidah")[name_hash("hodeidah")] == 1


def test_the_desks_prefix_and_the_words_about_the_sender_are_no_features() -> None:
    assert terms("UPDATE 1-Tanker hit") == terms("Tanker hit")
    release = "Rations were cut.\nThe camps are full.\n"
    assert terms("", release + "About Open Hands: it works in 31 countries.") == terms("", release)


def test_features_are_ascending_so_that_equal_texts_have_equal_features() -> None:
    found = features_of("Torkham closed", "The crossing near Landi Kotal was closed on Monday.", "en", ())
    assert list(found.terms) == sorted(found.terms)
    assert list(found.names) == sorted(found.names)


@pytest.mark.parametrize(
    "text",
    [
        *("\n" * 500_000, ". " * 200_000, "A" * 500_000, "1." * 200_000, "About " * 100_000, '"A ' * 100_000),
        *("\nAbout " * 100_000, "e\u0301" * 100_000, "\u0301" * 300_000, "\ud800" * 100_000),
    ],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    started = time.process_time()
    features_of(text, text, "", [text])
    assert time.process_time() - started < 0.5
