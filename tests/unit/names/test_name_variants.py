"""Names are found in any Latin spelling of the press, and other names are not."""

from __future__ import annotations

import time
from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from name_pairs import FOLDER, is_variant, pairs

from monitor.core.names import NameText, VariantIndex


def found(text: str, *names: str) -> list[tuple[str, str]]:
    """What is found in a text, with the listed name it is a variant of."""
    read = NameText.of(text)
    at = dict(zip(read.positions, read.surfaces, strict=True))
    finds = VariantIndex.of((name, name) for name in names).find(read)
    return [(" ".join(at[place] for place in range(find.start, find.end)), find.name) for find in finds]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Khawaja Asif", "Khwaja Asif"),
        ("Khawaja Asif", "Khawaja Muhammad Asif"),
        ("Khawaja Asif", "Khawaja M. Asif"),
        ("Khawaja Mohammad Asif", "Khawaja Asif"),
        ("Zabihullah Mujahid", "Zabiullah Mujahed"),
        ("Zia-ul-Haq", "Ziaulhaq"),
        ("Ziaulhaq", "Zia ul Haq"),
        ("Abdul Ghani Baradar", "Abdulghani Baradar"),
        ("Abdulghani Baradar", "Abdul Ghani Baradar"),
        ("Abdul Salam Hanafi", "Abdus Salam Hanafi"),
        ("Sirajuddin Haqqani", "Siraj-ud-Din Haqqani"),
        ("Bashar al-Assad", "Bashar Assad"),
        ("Al-Shabaab", "al-Shabab"),
        ("Al-Shabaab", "Alshabaab"),
        ("Hayat Tahrir al-Sham", "Hayat Tahrir ash-Sham"),
        ("Tehreek-e-Taliban Pakistan", "Tehrik-i-Taliban Pakistan"),
        ("Lashkar Gah", "Lashkargah"),
        ("Jalalabad", "Jalal Abad"),
        ("Mullah Omar", "Maulvi Umar"),
        ("Muammar Gaddafi", "Muammar Qaddafi"),
        ("Dawood Ibrahim", "Daud Ebrahim"),
        ("Mevlüt Çavuşoğlu", "Mevlut Cavusoglu"),
        ("Muqtada al-Sadr", "Moqtada as-Sadr"),
        ("Ilham Aliyev", "İlham Əliyev"),
        ("Muammar Gaddafi", "Muʿammar Qaddāfī"),
        ("Emomali Rahmon", "Imomali Rakhmon"),
        ("Mustafa al-Kadhimi", "Mostafa al-Kazemi"),
        ("Ahmet Davutoğlu", "Ahmed Davutoglu"),
    ],
)
def test_a_name_is_found_in_another_spelling(name, written):
    assert is_variant(name, written)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Sadiq Khan", "Mohammad Sadiq Khan"),
        ("Mohammad Sadiq Khan", "Sadiq Khan"),
        ("Mahmood Khan", "Mohammad Khan"),
        ("Mohammad Khan", "Mahmud Khan"),
        ("Khawaja Asif", "Khawaja Atif"),
        ("Hamid Karzai", "Ahmad Karzai"),
        ("Abdul Karim", "Abdul Karimi"),
        ("Farid Khan", "Farida Khan"),
        ("Hassan Akhund", "Hussain Akhund"),
        ("Kamal Khan", "Kamil Khan"),
        ("Mullah Omar", "Omar"),
        ("Al-Shabaab", "shabab"),
        ("Amir Khan", "American"),
        ("Kabul", "Kabila"),
        ("Balkh", "Baluch"),
        ("Oman", "Amman"),
        ("Ali Khan", "Ali at Khan"),
        ("Kir Starmer", "Keir Stormer"),
    ],
)
def test_another_name_is_not_taken_for_it(name, written):
    assert not is_variant(name, written)


def test_mohammad_at_the_front_makes_another_name_and_in_the_middle_none():
    assert found("Envoy Mohammad Sadiq Khan met Sadiq Khan.", "Sadiq Khan") == [("Sadiq Khan", "Sadiq Khan")]
    assert found("said Khawaja Muhammad Asif", "Khawaja Asif") == [("Khawaja Muhammad Asif", "Khawaja Asif")]
    assert found("leader of Jaish-i-Muhammad", "Jaish-e-Mohammed") == [("Jaish i Muhammad", "Jaish-e-Mohammed")]


def test_the_find_says_which_listed_spelling_it_is_a_variant_of():
    assert found("said Khwaja Aasif on", "Khawaja Asif", "Khawaja Safdar") == [("Khwaja Aasif", "Khawaja Asif")]


def test_of_two_spellings_of_one_entity_the_longer_find_stands():
    index = VariantIndex.of([("ttp", "Tehreek-e-Taliban"), ("ttp", "Tehreek-e-Taliban Pakistan")])
    finds = index.find(NameText.of("the Tehrik-i-Taliban Pakistan said"))
    assert [(find.start, find.end) for find in finds] == [(1, 5)]


def test_a_name_in_another_script_is_left_to_its_listed_spelling():
    assert VariantIndex.of([("asif", "خواجہ آصف")]).is_empty
    assert found("خواجہ آصف نے کہا", "Khawaja Asif") == []


def test_a_name_never_crosses_a_paragraph_or_a_link():
    assert found("said Khwaja\n\nAsif said", "Khawaja Asif") == []
    assert found("said Khwaja https://news.example/x Asif said", "Khawaja Asif") == []


# ---- capital letters


def test_a_name_of_several_words_counts_in_every_case():
    assert found("khwaja asif says no", "Khawaja Asif")
    assert found("KHWAJA ASIF SAYS NO", "Khawaja Asif")
    assert found("we met khwaja asif in Kabul", "Khawaja Asif")


def test_a_name_of_one_word_needs_a_capital_in_running_text():
    assert found("a crossing at Turkham closed", "Torkham")
    assert not found("Officials saw a turkham closed", "Torkham")


def test_a_headline_without_capitals_hides_no_name():
    assert found("karachee port closed", "Karachi")
    assert found("TURKHAM BORDER CLOSED", "Torkham")
    assert found("Turkham Border Crossing Closed Again", "Torkham")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Bush", "They took the Bus to town."),
        ("Bush", "BUS STOPS AT NOON"),
        ("Bush", "Busy roads"),
        ("Sindh", "Send help now, they said."),
        ("Hamas", "Homes burned in the night."),
        ("Herat", "Heart of Asia Conference Begins"),
        ("Herat", "said Heart surgeons"),
        ("Delhi", "Daily prayers ended."),
        ("Paris", "Press freedom suffers."),
        ("Paris", "The Associated Press reported."),
        ("Riyadh", "said the Red Cross"),
        ("Iran", "I ran away. We ran."),
        ("Swat", "Sweat and tears"),
        ("Dir", "Dear readers"),
        ("Riyadh", "Read more"),
        ("Amir Khan", "said American officials"),
    ],
)
def test_a_common_word_is_not_taken_for_a_name(name, text):
    assert not found(text, name)


# ---- hostile and large


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "Khan " * 20_000,
        "Mohammad " * 20_000,
        "al " * 20_000,
        "Khawaja al al Mohammad " * 5_000,
        "Kh" * 20 + " " + "hHhH" * 100_000,
        "Abdul-" * 20_000,
    ],
    ids=lambda text: text[:12],
)
def test_a_long_text_of_hostile_words_is_read_in_bounded_time(text):
    index = VariantIndex.of(
        [("a", "Khawaja Asif"), ("b", "Khan Khan Khan"), ("c", "Mohammad Mohammad Khan"), ("d", "Abdul Abdul Haq")]
    )
    read = NameText.of(text)
    begun = time.process_time()
    index.find(read)
    assert time.process_time() - begun < 5  # a third of one on a quiet machine


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_name_and_no_text_breaks_the_index(name, text):
    read = NameText.of(text)
    for find in VariantIndex.of([("x", name), ("y", "Khawaja Asif")]).find(read):
        assert find.start in read.positions
        assert find.end - 1 in read.positions


_NAMES = [pair.name for pair in pairs("pairs.tsv")]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(_NAMES), st.lists(st.sampled_from(_NAMES), max_size=8))
def test_a_listed_name_is_found_as_it_is_listed_beside_any_others(name, others):
    index = VariantIndex.of((one, one) for one in [name, *others])
    text = NameText.of(f"said {name} today")
    first = 1 + sum(term in ("mullah", "maulana") for term in text.terms[1:2])  # a title may stay outside
    assert any(
        find.entity == name and find.start <= first and find.end == len(text.terms) - 1
        for find in index.find(text)
    )


_WORDS = sorted(
    {word for pair in pairs("pairs.tsv") for word in f"{pair.name} {pair.text}".replace("-", " ").split()}
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(_NAMES), min_size=1, max_size=12, unique=True),
    st.lists(st.sampled_from([*_WORDS, "al", "Mohammad", "said", ".", "\n\n"]), max_size=40),
)
def test_many_names_find_what_each_finds_alone(names, words):
    text = NameText.of(" ".join(words))
    together = VariantIndex.of((name, name) for name in names).find(text)
    alone = [find for name in names for find in VariantIndex.of([(name, name)]).find(text)]
    assert sorted(together) == sorted(alone)


# ---- the labelled pairs


def test_the_pairs_are_many_and_a_hash_chose_the_unseen():
    seen, unseen = pairs("pairs.tsv"), pairs("pairs_unseen.tsv")
    assert len(seen) + len(unseen) >= 160
    assert len(unseen) >= 50
    assert len({(pair.name, pair.text) for pair in [*seen, *unseen]}) == len(seen) + len(unseen)
    for labelled, is_unseen in ((seen, False), (unseen, True)):
        for pair in labelled:
            byte = blake2b(f"{pair.name}\t{pair.text}".encode(), digest_size=1).digest()[0]
            assert (byte % 5 < 2) == is_unseen, pair


def judged(labelled):
    """Precision and recall."""
    accepted = [pair for pair in labelled if is_variant(pair.name, pair.text)]
    right = sum(pair.same for pair in accepted)
    return right / len(accepted), right / sum(pair.same for pair in labelled)


def test_precision_and_recall_of_the_method_as_it_stands():
    # The figures at first sight of each table are in docs/explanation/names.md: some were lower.
    seen, *unseen = (pairs(path.name) for path in sorted(FOLDER.glob("pairs*.tsv")))
    for labelled in (seen, [pair for table in unseen for pair in table]):
        precision, recall = judged(labelled)
        assert precision >= 0.95
        assert recall >= 0.93
