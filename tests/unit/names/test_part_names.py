"""A part of a name stands for a person once the article has named them in full."""

from __future__ import annotations

import pytest

from monitor.core.names import FullName, NameText, VariantIndex, part_names, spellings_shown, variants_shown


def parts(text: str, *names: str, title: str = "", persons: bool = True) -> list[str]:
    """Each part found, with the word before it where there is one."""
    read = NameText.of(f"{title}\n\n{text}" if title else text)
    body = len(NameText.of(title).terms)
    finds = VariantIndex.of((name, name) for name in names).find(read)
    full = [FullName(find.entity, find.start, find.end, find.name, persons) for find in finds]
    place = {position: index for index, position in enumerate(read.positions)}
    return [
        " ".join(read.surfaces[max(0, place[find.start] - 1) : place[find.start] + 1]) + f" {find.name}"
        for find in part_names(full, read, body)
    ]


ASIF = "Khawaja Asif"


def test_a_part_counts_after_the_full_name():
    assert parts("Yes, Khawaja Asif came. Then Asif left.", ASIF) == ["Then Asif Khawaja Asif"]
    assert parts("Then Asif left. Khawaja Asif came.", ASIF) == []
    assert parts("Then Asif left.", ASIF) == []


def test_a_part_in_the_title_counts_wherever_the_full_name_stands():
    assert parts("Khawaja Asif came.", ASIF, title="Why Asif came to town") == ["Why Asif Khawaja Asif"]
    assert parts("He came.", ASIF, title="Why Asif came to town") == []


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Asif left.",
        "met Zardari at Asif’s house.",
        "Defense Minister Asif left.",
        "Minister Asif left.",
        "In Kabul, Asif left.",
        "said Asif.",
    ],
)
def test_a_title_an_office_or_a_comma_before_a_part_is_no_name(text):
    assert len(parts(f"Khawaja Asif came. {text}", ASIF)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "President Asif Ali Zardari left.",
        "said Asif Zardari.",
        "said Mohammad Asif.",
        "said Imran Asif.",
        "Imran Asif left.",
        "said asif.",
    ],
)
def test_beside_another_word_of_a_name_a_part_is_somebody_else(text):
    assert parts(f"Khawaja Asif came. {text}", ASIF) == []


def test_the_longer_name_of_a_stranger_is_no_part():
    assert parts("Imran Khan came. Imran Khan Niazi left. Aleema Khan said no.", "Imran Khan") == []


@pytest.mark.parametrize(
    "text", ["But Asif left.", "On Monday Asif left.", "Pakistan’s Asif left.", "“Asif left.”"]
)
def test_words_that_are_capitalised_for_another_reason_are_no_names(text):
    assert len(parts(f"Khawaja Asif came. {text}", ASIF)) == 1


def test_a_word_that_the_article_also_writes_small_is_no_name_at_the_start_of_a_sentence():
    assert parts("Khawaja Asif came to speak; speaking, he rose. Speaking Asif left.", ASIF)
    assert not parts("Khawaja Asif came to speak. Tariq Asif left.", ASIF)


def test_words_of_the_own_name_are_no_strangers():
    assert parts("Abdul Ghani Baradar came. Later Ghani Baradar left.", "Abdul Ghani Baradar")
    assert parts("Mohammad Sadiq Khan came. said Mohammad Sadiq.", "Mohammad Sadiq Khan")


def test_a_part_of_the_spelling_in_the_text_counts_too():
    assert parts("said Khwaja Aasif. Later, Aasif left.", ASIF)


def test_an_article_before_a_part_belongs_to_it():
    assert parts("Bashar al-Assad came. Later al-Assad left.", "Bashar al-Assad")
    assert not parts("Bashar al-Assad came. Later Hafez al-Assad left.", "Bashar al-Assad")


@pytest.mark.parametrize("word", ["Khawaja", "Mohammad", "Abdul", "Mullah", "Minister"])
def test_a_title_an_honorific_or_mohammad_alone_is_never_a_part(word):
    name = f"{word} Asif Haqqani"
    assert not parts(f"said {name}. Later {word} left.", name)


def test_a_fathers_name_stands_for_the_son_only_with_bin():
    prince = "Mohammed bin Salman"
    assert parts(f"said {prince}. Later bin Salman left.", prince)
    assert not parts(f"said {prince}. Later King Salman left. Salman is old.", prince)


def test_a_middle_word_is_no_part():
    assert not parts("Abdul Ghani Baradar came. Later Ghani left.", "Abdul Ghani Baradar")


def test_a_part_that_two_share_counts_for_both():
    text = "Imran Khan came. Sher Khan came. Later Khan left."
    assert parts(text, "Imran Khan", "Sher Khan") == ["Later Khan Imran Khan", "Later Khan Sher Khan"]


def test_only_persons_have_parts():
    assert not parts("The Haqqani Network came. Later Haqqani left.", "Haqqani Network", persons=False)


def test_a_part_inside_a_full_name_of_another_is_not_counted():
    text = NameText.of("Khawaja Asif came. Asif Market closed.")
    full = [FullName("asif", 0, 2, "Khawaja Asif"), FullName("market", 3, 5, "Asif Market", False)]
    assert part_names(full, text) == []


def test_in_a_headline_capitals_say_nothing_about_neighbours():
    assert parts("Khawaja Asif came.", ASIF, title="Asif Visits Kabul Amid Border Tensions")
    assert parts("Khawaja Asif came.", ASIF, title="Asif Visits Kabul")
    assert parts("Khawaja Asif came.", ASIF, title="Asif Meets Leaders of the Taliban with Smiles")
    assert parts("Khawaja Asif came.", ASIF, title="ASIF VISITS KABUL")
    assert parts("Khawaja Asif came.", ASIF, title="asif visits kabul")


def test_scripts_without_capitals_have_no_parts():
    text = NameText.of("خواجہ آصف آئے۔ آصف نے کہا")
    assert part_names([FullName("asif", 0, 2, "خواجہ آصف")], text) == []


# ---- what the author is shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Khawaja Asif", "Khwaja Asif"),
        ("Khawaja Asif", "Khawaja Mohammad Asif"),
        ("Zabihullah Mujahid", "Zabiullah Mujahid"),
        ("Tehreek-e-Taliban Pakistan", "Tehrik-e-Taliban Pakistan"),
        ("Zia-ul-Haq", "Ziaulhaq"),
        ("Mohammad Sadiq Khan", "Muhammad Sadiq Khan"),
        ("Al-Shabaab", "Al-Shabab"),
    ],
)
def test_the_author_is_shown_spellings_of_the_press(name, shown):
    assert shown in variants_shown(name, is_person=True)


def test_what_is_shown_is_bounded_accepted_and_not_the_name_itself():
    for name in ("Khawaja Asif", "Abdul Ghani Baradar", "Torkham", "Gulbuddin Hekmatyar", "x" * 5_000, "?"):
        shown = variants_shown(name)
        assert len(shown) <= 12
        assert name not in shown
        index = VariantIndex.of([("", name)])
        for one in shown:
            assert index.find(NameText.of(f"said {one}"))


def test_a_name_in_another_script_has_no_variants_to_show():
    assert variants_shown("خواجہ آصف") == ()


def test_the_names_of_one_entity_show_spellings_in_turn_and_none_that_is_listed():
    shown = spellings_shown(
        ("Khawaja Asif", "Khwaja Asif", "Sialkot Fighter", "خواجہ آصف"), is_person=True, most=6
    )
    assert len(shown) == len(set(shown)) == 6
    assert "Khawaja Mohammad Asif" in shown
    assert any("Sialkot" in one or "Fighter" in one for one in shown)
    assert "Khwaja Asif" not in shown
