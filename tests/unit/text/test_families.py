"""Word families: which words `~word` finds, which only look like them, and what users add."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from word_pairs import family_pairs

from monitor.core.text import families as module
from monitor.core.text.families import Families, Family, FamilyChange, read_families, shipped_families
from monitor.core.text.normalize import american, normalize
from monitor.core.text.stems import has_stemmer, stem

SHIPPED = shipped_families()
CLOSE = Family("close", ("closes", "closure"), ("closely",))


def term(word: str) -> str:
    return american(normalize(word))


def found(word: str, form: str, families: Families = SHIPPED) -> bool:
    """Whether ~word finds the form."""
    return not families.keys_of_query(term(word)).isdisjoint(families.keys_of_text(term(form)))


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("close", "closed closing closure CLOSURES"),
        ("closures", "close closed"),
        ("reopen", "reopened reopening"),
        ("kill", "killer killing"),
        ("bomb", "bomber bombings bombardment"),
        ("elect", "electoral elections"),
        ("strike", "struck striker airstrikes"),
        ("detain", "detention"),
        ("resign", "resignation"),
        ("flee", "fled"),
        ("sell", "sold"),
        ("defence", "defenses defending"),
        ("nationalise", "nationalization nationalisation"),
        ("gaol", "jailed"),
    ],
)
def test_a_word_finds_its_family(word, forms):
    assert [form for form in forms.split() if not found(word, form)] == []


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("close", "closely closet clothes disclosure"),
        ("open", "reopened opera openly"),
        ("reopen", "opened"),
        ("shut", "shuttle"),
        ("general", "generic generate generous"),
        ("police", "policy policies"),
        ("policy", "police"),
        ("new", "news"),
        ("airstrike", "strike struck"),
        ("lawful", "unlawful"),
    ],
)
def test_a_word_does_not_find_what_only_looks_like_it(word, forms):
    assert [form for form in forms.split() if found(word, form)] == []


def test_the_labelled_pairs_are_told_apart():
    pairs = family_pairs()
    wrong = [pair for pair in pairs if found(pair.word, pair.form) != pair.wanted]
    assert len(wrong) <= len(pairs) // 100, wrong


def test_a_listed_word_answers_to_its_families_and_to_nothing_else():
    assert SHIPPED.keys_of_text("closure") == ("=close",)
    assert set(SHIPPED.keys_of_text("bombardment")) == {"=bomb", "=bombard"}


def test_a_head_stands_for_its_own_family_alone_and_a_form_for_all_that_list_it():
    assert [family.head for family in SHIPPED.of("bombard")] == ["bombard"]
    assert [family.head for family in SHIPPED.of("bombardment")] == ["bombard", "bomb"]


def test_a_form_that_nobody_listed_is_reached_by_its_stem_in_both_directions():
    families = Families([CLOSE])
    assert found("close", "closings", families)
    assert found("closings", "closure", families)
    assert found("closure", "closings", families)


def test_words_that_no_family_lists_are_compared_by_their_stems():
    families = Families([CLOSE])
    assert found("cricketers", "cricketer", families)
    assert families.keys_of_text("cricketers") == ("~cricket",)
    assert not found("cricket", "critic", families)


def test_look_alikes_are_compared_by_their_stems_among_themselves():
    families = Families([Family("allow", ("allows",), ("allowance", "allowances", "allowably"))])
    assert not found("allow", "allowance", families)
    assert not found("allowance", "allow", families)
    assert not found("allowance", "allowing", families)
    assert found("allowance", "allowances", families)


def test_a_look_alike_that_no_stem_would_reach_is_a_word_like_any_other():
    families = Families([Family("close", ("closes",), ("closely", "closet"))])
    assert found("closet", "closets", families)
    assert families.keys_of_text("closet") == ("~closet",)


@pytest.mark.parametrize("word", ["بند", "مسدود", "تړل", "Москва", "αγορά", "6000"])
def test_a_word_of_a_script_without_stemmer_is_itself(word):
    assert not has_stemmer(term(word))
    assert SHIPPED.is_exact(term(word))
    assert found(word, word)


@pytest.mark.parametrize("word", ["cricketers", "café", "F-16s", "Muller"])
def test_latin_words_are_stemmed(word):
    assert has_stemmer(term(word.replace("-", "")))


# --- what users add ------------------------------------------------------------------------------------


def test_words_that_a_user_adds_belong_to_the_family():
    families = SHIPPED.extended({"close": FamilyChange(words=("shutter", "closely"))})
    assert found("close", "shutter", families)
    assert found("close", "closed", families)
    assert found("close", "closely", families)
    assert found("shut", "shutter", families)
    assert not found("close", "shutter")


def test_words_that_a_user_takes_out_are_found_no_longer():
    families = SHIPPED.extended({"close": FamilyChange(unlike=("closure", "closures"))})
    assert not found("close", "closure", families)
    assert found("close", "closed", families)


def test_a_user_replaces_a_family():
    families = SHIPPED.extended({"close": FamilyChange(("closed",), replace=True)})
    assert found("close", "closed", families)
    assert not found("close", "closure", families)


def test_a_user_makes_a_family_of_words_of_any_script():
    families = SHIPPED.extended({"بند": FamilyChange(("بندش",))})
    assert found("بند", "بندش", families)
    assert not families.is_exact("بند")


def test_the_version_of_a_table_changes_with_its_words_and_not_with_their_order():
    assert Families([CLOSE]).version == Families([Family("close", ("closure", "closes"), ("closely",))]).version
    assert Families([CLOSE]).version != Families([Family("close", ("closes",), ("closely",))]).version
    assert Families([CLOSE]).version != Families([Family("close", (*CLOSE.words, "not", "closely"))]).version
    assert SHIPPED.extended({}) is SHIPPED


# --- the file that ships -------------------------------------------------------------------------------


def test_a_family_reads_as_its_file_says():
    text = "# a comment\n\nclose: closes closed\n    closing\n    not closely\n      closeness\nnews\nend: ends\n"
    assert list(read_families(text)) == [
        Family("close", ("closes", "closed", "closing"), ("closely", "closeness")),
        Family("news"),
        Family("end", ("ends",)),
    ]


@pytest.mark.parametrize("line", ["two words: three", ": a b", "1: one"])
def test_a_line_that_is_no_family_is_an_error(line):
    with pytest.raises(ValueError, match="no family"):
        list(read_families(line))


def test_the_shipped_words_are_written_as_texts_keep_them_and_every_family_once():
    text = files(module.__package__).joinpath("families.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    words = " ".join(lines).replace(":", " ").split()
    assert [word for word in words if not word.isalpha() or normalize(word) != word] == []
    heads = [line.partition(":")[0] for line in lines if line and not line[0].isspace()]
    assert sorted(heads) == sorted(set(heads))
    assert len(heads) == len(SHIPPED) > 400


def test_a_shipped_look_alike_is_one_and_is_listed_nowhere():
    for family in SHIPPED:
        stems = {stem(member) for member in family.members}
        for word in family.unlike:
            assert stem(word) in stems, f"{family.head}: nothing would reach {word}"
            assert not SHIPPED.of(word), f"{family.head}: {word} has a family"


# --- for any word --------------------------------------------------------------------------------------

WORDS = st.sampled_from(sorted({w for family in SHIPPED for w in (*family.members, *family.unlike)}))
LETTERS = st.text("abcdefginorstuy", min_size=1, max_size=9)
ANY = (WORDS | LETTERS | st.text(min_size=1, max_size=12)).map(term) | st.builds(
    lambda word, ending: term(word + ending), WORDS, st.sampled_from(["s", "ed", "ing", "ly", "er", "ness"])
)


@given(ANY)
def test_every_word_finds_itself(word: str):
    assert found(word, word)
    assert len(SHIPPED.keys_of_text(word)) >= 1


@given(ANY, ANY)
def test_a_form_that_is_reached_by_its_stem_reaches_back(word: str, form: str):
    if not SHIPPED.of(form) and found(word, form):
        assert found(form, word)


def test_threads_stem_alike():
    words = [f"{word}{ending}" for word in list(SHIPPED._heads)[:1500] for ending in ("ness", "ically")]
    expected = [stem.__wrapped__(word) for word in words]
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(lambda _: [stem.__wrapped__(word) for word in words], range(8)):
            assert answer == expected


def test_the_version_of_a_table_changes_with_the_stemmer(monkeypatch: pytest.MonkeyPatch):
    before = Families([CLOSE]).version
    monkeypatch.setattr(module, "STEMMER_VERSION", "another")
    assert Families([CLOSE]).version != before
