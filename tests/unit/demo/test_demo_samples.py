"""The documents the demo serves: the press samples of a checkout, and our own for a wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import pytest
from ground_truth import FOREIGN_WORDS, HASHES, KEYS, PUBLISHED, TITLES, document, main_text, one_line, words

import monitor
from monitor.demo.samples import press_samples
from monitor.demo.stories import own_stories

SAMPLES = files("monitor.demo").joinpath("samples")
PACKAGE = Path(monitor.__file__).parent
OWN = {story.key: story for story in own_stories()}


@pytest.mark.parametrize("name", HASHES)
def test_a_sample_is_never_edited(name):
    assert blake2b(SAMPLES.joinpath(name).read_bytes(), digest_size=16).hexdigest() == HASHES[name]


@pytest.mark.parametrize("name", HASHES)
def test_the_note_beside_the_samples_names_each_of_them(name):
    assert name in SAMPLES.joinpath("README.md").read_text(encoding="utf-8")


def test_the_samples_come_with_their_titles_and_dates_and_verbatim():
    stories = press_samples()
    assert stories is not None
    assert {story.key: story.title for story in stories} == TITLES
    assert {s.key: f"{s.published:%Y-%m-%dT%H:%M:%SZ}" for s in stories} == PUBLISHED
    assert {story.key: story.body for story in stories} == {key: document(key) for key in KEYS}
    assert len({story.path for story in stories}) == len(stories)


@pytest.mark.parametrize("key", KEYS)
def test_the_demo_and_the_ground_truth_agree_where_the_foreign_part_begins(key):
    (story,) = (story for story in press_samples() or () if story.key == key)
    assert bool(story.tail_begins) is (key in FOREIGN_WORDS)
    if story.tail_begins:
        assert one_line(main_text(key)).endswith(one_line(story.body[: story.body.index(story.tail_begins)])[-80:])


def test_a_package_without_the_samples_tells_its_own_stories(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "monitor", ignore=shutil.ignore_patterns("*.txt", "__pycache__"))
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import monitor; from monitor.demo.world import DemoWorld\n"
            "with DemoWorld() as world:\n"
            "    print(monitor.__file__, world.invented, *(story.key for story in world.stories))",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    assert Path(said[0]).is_relative_to(tmp_path)
    assert said[1:] == ["True", *OWN]


@pytest.mark.parametrize("story", OWN.values(), ids=OWN)
def test_our_own_stories_say_that_they_are_invented(story):
    assert "(invented" in story.publisher
    assert "This report was invented for the demo" in story.body
    assert 100 < len(words(story.body)) < 260


@pytest.mark.parametrize("story", OWN.values(), ids=OWN)
def test_our_own_stories_borrow_no_wording_from_the_samples(story):
    def runs(text: str) -> set[tuple[str, ...]]:
        said = words(text)
        return {tuple(said[place : place + 8]) for place in range(len(said) - 7)}

    theirs = set().union(*(runs(document(key)) for key in KEYS))
    assert not runs(story.body) & theirs


def test_our_own_stories_carry_the_traps_of_the_samples():
    lantern, harbour, weekend, agency, northern = (story.body for story in OWN.values())
    assert lantern.count(OWN["900"].title) == 2
    assert "SEE ALSO: https://" in lantern
    assert lantern.index("Recent\n") < lantern.index("TTP") < lantern.index("Read More »")
    for sentence in (
        "“Both sides will look at the list of patients again,” an official in Kabul said.",
        "A committee of six shall meet every week until the gates are open.",
    ):
        assert sentence in harbour
        assert sentence in weekend
    assert weekend.index("Short Url") < weekend.index("ISLAMABAD/KABUL") < weekend.index("Updated 06 February")
    assert "reopening of Torkham, a gate that had previously been closed" in agency
    assert "Tehrik-i-Taliban" in northern
    assert "closed" in northern
    assert "Torkham" not in northern
