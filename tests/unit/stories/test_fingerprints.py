"""What an article's copies are found by: the same for all copies, on every machine, whatever the text."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc

import pytest
from wire_pairs import abridge, edit, reports

from monitor.core.stories.duplicates import containment, copy_keys
from monitor.core.stories.fingerprint import content_hash, hash_and_sketch, sketch_of

REPORT = reports()[0]
TITLE, TEXT = REPORT["title"], REPORT["text"].strip()
RELEASE = f"""{TEXT}

About Nordlinje

Nordlinje carries four million passengers a year between eleven ports. It was founded in 1891.

Media contact: press@nordlinje.example"""


def test_what_agencies_and_desks_put_around_a_text_does_not_change_its_hash() -> None:
    plain = content_hash(TITLE, TEXT, "a.example")
    for dressed in (
        f"PORT HALVEN, Feb 22 (Reuters) - {TEXT}",
        f"PORT HALVEN: {TEXT}\n\n(Reporting by Ann Lee; Editing by Jo Marsh)",
        f"{TEXT} (Reporting by Ann Lee; Editing by Jo Marsh)",
        f"By Ann Lee\n\n{TEXT}\n\n© 2023 The Daily Post. All rights reserved.",
        TEXT.replace("“", '"').replace('"', "„").replace("-", "\u2011"),
        TEXT.replace("passengers", "passen\u00adgers"),
        TEXT.upper(),
    ):
        assert content_hash("Other", dressed, "b.example") == plain, dressed[:60]


def test_a_changed_word_or_number_changes_the_hash() -> None:
    assert content_hash(TITLE, TEXT, "h") != content_hash(TITLE, TEXT.replace("212", "213"), "h")


def test_no_words_at_all_are_never_hashed() -> None:
    assert content_hash("", "", "a.example") == ""
    assert content_hash(" — ", "\n…\n", "a.example") == ""
    assert content_hash("", "© 2023 The Daily Post", "a.example") == ""


def test_equal_credits_alone_make_no_equal_texts() -> None:
    credit = "(Reporting by Ann Lee; Editing by Jo Marsh)"
    assert content_hash("One", credit, "a.example") != content_hash("Two", credit, "a.example")


def test_the_hash_says_which_version_made_it() -> None:
    assert content_hash(TITLE, TEXT, "h") == "2:59ea84a1a067235fb8f0a50d473084dc"


def test_a_sketch_is_the_same_on_every_machine_and_in_every_year() -> None:
    # Stored sketches are compared with new ones: a change of these numbers needs a new SKETCH_VERSION.
    sketch = sketch_of(TITLE, TEXT)
    assert (sketch.version, sketch.words, len(sketch.bands)) == (1, 210, 32)
    assert sketch.bands[:2] == (7173215149694141485, -8478091261086694412)
    assert sketch.grams[:2] == (-9223005548005711976, -9168846451553615768)
    assert sketch.grams == tuple(sorted(set(sketch.grams)))
    assert all(-(1 << 63) <= key < 1 << 63 for key in (*sketch.bands, *sketch.grams))


def test_a_short_text_has_no_bands_and_an_empty_one_nothing() -> None:
    brief = " ".join(TEXT.split()[:59])
    assert sketch_of(TITLE, brief).bands == ()
    assert copy_keys(sketch_of(TITLE, brief)) == ()
    assert sketch_of("", "").words == 0
    assert sketch_of("", "").grams == ()


def test_edited_copies_share_a_key() -> None:
    keys = set(copy_keys(sketch_of(TITLE, TEXT)))
    assert keys & set(copy_keys(sketch_of(TITLE, edit(TEXT))))


def test_abridged_copies_are_found_by_what_they_contain() -> None:
    found = 0
    for place in range(10):
        long = "\n\n".join(reports()[(place + more) % 10]["text"] for more in range(3))
        keys = set(copy_keys(sketch_of("", long)))
        found += bool(keys & set(copy_keys(sketch_of("", abridge(long, 0.4)))))
    assert found >= 8


def test_strangers_share_no_key() -> None:
    keys = [set(copy_keys(sketch_of(report["title"], report["text"]))) for report in reports()]
    assert sum(map(len, keys)) == len(set().union(*keys))


def test_what_a_release_says_about_its_sender_is_not_sketched() -> None:
    assert sketch_of(TITLE, RELEASE) == sketch_of(TITLE, TEXT)
    other = reports()[2]
    tail = RELEASE.removeprefix(TEXT)
    one, two = sketch_of(TITLE, TEXT + tail), sketch_of(other["title"], other["text"].strip() + tail)
    assert containment(one.grams, two.grams) == 0


def test_the_headline_said_again_is_not_sketched() -> None:
    assert sketch_of(TITLE, f"{TITLE}\n\n{TITLE.upper()}\n\n{TEXT}") == sketch_of(TITLE, TEXT)


def test_a_text_without_spaces_between_its_words_has_words() -> None:
    chinese = "周三巴基斯坦国防部长抵达喀布尔讨论安全问题边境口岸已经关闭三天数百辆卡车停在两侧" * 2
    assert sketch_of("", chinese).words > 60


HOSTILE = {
    "a million words": "word " * 1_000_000,
    "a million different words": " ".join(map(str, range(300_000))),
    "no spaces": "x" * 2_000_000,
    "nothing but digits": "1234567890" * 100_000,
    "NULs": "\x00" * 500_000,
    "surrogates": "\ud800word \udfff" * 100_000,
    "marks": "a" + "\u0301" * 500_000,
    "lines": "\n" * 1_000_000,
    "short lines": "By a\n" * 300_000,
    "brackets": "(" * 500_000 + ")" * 500_000,
    "capitals": "AB CD-" * 200_000,
    "chinese": "关闭" * 500_000,
    "ligatures": "\ufdfa" * 100_000,  # eighteen characters each when normalised
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_take_bounded_time_and_memory(text: str) -> None:
    sketch_of("warm", "up")
    began = time.process_time()
    sketch = sketch_of(text, text)
    content_hash(text, text, "h")
    assert time.process_time() - began < 2.0
    assert len(sketch.grams) < 60_000


def test_a_sketch_takes_little_memory() -> None:
    text = HOSTILE["a million different words"]
    sketch_of("warm", "up")
    tracemalloc.start()
    sketch_of("", text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 << 20


def test_the_judge_and_the_hash_load_no_numpy() -> None:
    code = (
        "import sys; import monitor.core.stories.duplicates, monitor.core.stories.series;"
        "from monitor.core.stories.fingerprint import content_hash; content_hash('a', 'b ' * 99, 'c');"
        "print('numpy' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_a_text_that_is_cut_once_has_the_hash_and_the_sketch_of_one_that_is_cut_twice() -> None:
    headed = f"{TITLE}\n\nBy Ann Lee\n\n{RELEASE}\n\n© 2023 The Daily Post"
    for text in (TEXT, RELEASE, headed, "", TITLE, "塔利班发言人说。" * 9, "ﬁve \u00ad\u200b“trucks” — wait…"):
        assert hash_and_sketch(TITLE, text, "a.example") == (
            content_hash(TITLE, text, "a.example"),
            sketch_of(TITLE, text),
        )
