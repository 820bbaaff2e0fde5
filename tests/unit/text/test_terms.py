"""The searchable forms of a document, which an index keeps: they are those under which the rules find words."""

from __future__ import annotations

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.rules.reading import Reading
from monitor.core.text.normalize import ANALYSER_VERSION
from monitor.core.text.terms import TERMS_VERSION, terms_of
from monitor.model.article import Document

SCRIPTS = """
Café coöperation İstanbul Straße ĐẶNG fluﬀy Ｔａｌｉｂａｎ naïve’s O’Neill ministers' Taliban’s
U.S. N.A.T.O. F-16 cease-fire Tehreek‑e‑Taliban state-of-the-art defence organised 6,000 3.5 6 000 1,23,456
پاكستاني پاکستانی مُحَمَّد محـــمد می‌خواهد طورخم خواجہ آصف ٦٬٠٠٠ پښتو تړلې ګمرک
पाकिस्तान अफ़ग़ानिस्तान 阿富汗塔利班发言人 ตาลีบัน 대통령이 Қазақстан Ελλάδα
https://news.example/a-b?c=d desk@example.org Tali­ban Kabul.Torkham
"""
# Raise ANALYSER_VERSION when this test fails, and give the new one its sum: stored terms are then made anew, and
# every rule set gets a new version.
KNOWN = {1: "dc5fb071f0c9d9ad", 2: "05d0cce723cea912"}  # 2: more British spellings, the Pashto gaf


def test_the_analyser_has_a_new_version_whenever_it_cuts_otherwise():
    lines = " ".join(sorted(terms_of([SCRIPTS])))
    assert blake2b(lines.encode(), digest_size=8).hexdigest() == KNOWN.get(ANALYSER_VERSION)


def test_the_version_of_stored_terms_is_that_of_the_analyser_and_of_unicode():
    assert TERMS_VERSION.startswith(f"{ANALYSER_VERSION}/")
    assert TERMS_VERSION[2:].replace(".", "").isdigit()


def test_words_joined_forms_and_american_twins_are_terms():
    assert terms_of(["The F-16", "", "Britain’s defence"]) == {
        "the", "f", "16", "f16", "britain", "defence", "defense",
    }  # fmt: skip


def test_the_words_behind_the_limit_are_no_terms():
    assert terms_of(["one two", "three", "four five"], limit=4) == {"one", "two", "three", "four"}


PIECES = [
    "Torkham",
    "cease-fire",
    "U.S.",
    "defence",
    "طورخم",
    "塔利班",
    "6,000",
    "-",
    "’s",
    "\n\n",
    ". ",
    "x@y.zz",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map(" ".join) | st.text(max_size=80)


@given(TEXTS, TEXTS, TEXTS, st.integers(0, 12))
def test_the_terms_of_a_document_are_those_under_which_the_rules_find_its_words(
    title: str, summary: str, body: str, limit: int
):
    document = Document(id="d", title=title, summary=summary, body=body)
    assert terms_of([title, summary, body]) == Reading(document).forms
    assert terms_of([title, summary, body], limit) == Reading(document, limit).forms
