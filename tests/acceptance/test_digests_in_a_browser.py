"""Digests as Chromium draws them, on a phone and a desktop, light and dark, with and without their style sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pictured
import pytest
from browser import Browser, browser
from colours import contrast
from digest_samples import DIGEST, TORKHAM

from monitor.core.digests.render import render, render_notice
from monitor.model.digest import Digest, MessageFormat
from monitor.model.notice import Notice

pytestmark = [pytest.mark.soak, pytest.mark.needs("chromium"), pytest.mark.needs("chromedriver")]

LONG = "Donaudampfschifffahrt" * 480
HOSTILE = replace(
    TORKHAM,
    headline=LONG,
    rules=(replace(TORKHAM.rules[0], title=LONG, id=LONG, because=LONG),),
    articles=tuple(replace(one, publisher=LONG, title=LONG) for one in TORKHAM.articles),
    matched=(replace(TORKHAM.matched[0], text=LONG, spans=((0, 200),)),),
)
SHOWN: dict[str, Digest | Notice] = {
    "one story": pictured.ONE_STORY,
    "200 stories": pictured.many(200),
    "right to left": pictured.RIGHT_TO_LEFT,
    "catching up": pictured.CATCHING_UP,
    "nothing": replace(DIGEST, stories=()),
    "words without end": replace(DIGEST, stories=(HOSTILE,) * 2),
    "many words without end": replace(DIGEST, stories=(HOSTILE,) * 20, max_stories=16),
    "health": pictured.HEALTH,
    "urgent": pictured.URGENT,
}
COLOURS = """
const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  let element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
  const ink = getComputedStyle(element).color;
  const paper = () => getComputedStyle(element).backgroundColor;
  while (paper() === "rgba(0, 0, 0, 0)") element = element.parentElement;
  found.push([walker.currentNode.data.trim().slice(0, 60), ink, paper()]);
}
return found;
"""


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def pages(name: str) -> list[str]:
    shown = SHOWN[name]
    if isinstance(shown, Notice):
        return [message.html or "" for message in render_notice(shown, MessageFormat.EMAIL)]
    return [message.html or "" for message in render(shown, MessageFormat.EMAIL)]


def six_digits(colour: str) -> str:
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


@pytest.mark.parametrize("width", [320, 360, 1200])
@pytest.mark.parametrize("name", SHOWN)
def test_nothing_is_wider_than_the_window(window: Browser, tmp_path: Path, name: str, width: int) -> None:
    for page in pages(name):
        bare = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)  # as Gmail shows it to some
        for html in (page, bare):
            window.show(html, tmp_path, width=width)
            assert window.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", SHOWN)
def test_all_text_can_be_read(window: Browser, tmp_path: Path, name: str, dark: bool) -> None:
    window.show(pages(name)[0], tmp_path, width=360, dark=dark)
    found = window.run(COLOURS)
    assert len(found) >= 5
    assert [one for one in found if contrast(six_digits(one[1]), six_digits(one[2])) < 4.5] == []
    papers = {six_digits(paper) for _, _, paper in found}
    assert ("#1f1e1b" in papers) is dark


def test_forty_stories_are_at_most_five_screens_of_a_phone(window: Browser, tmp_path: Path) -> None:
    (page,) = [message.html or "" for message in render(pictured.many(40), MessageFormat.EMAIL)][:1]
    window.show(page, tmp_path, width=360)
    assert window.run("return document.querySelectorAll('.card, .short, .line').length") >= 40
    assert window.run("return document.documentElement.getBoundingClientRect().height") <= 5 * 780


def test_right_to_left_text_stands_at_the_right(window: Browser, tmp_path: Path) -> None:
    window.show(pages("right to left")[0], tmp_path, width=360)
    quotes = window.run(
        "return [...document.querySelectorAll('blockquote')].map(one => getComputedStyle(one))"
        ".map(style => [style.direction, style.borderRightWidth, style.borderLeftWidth])"
    )
    assert quotes == [["rtl", "3px", "0px"]] * 4
    assert set(
        window.run("return [...document.querySelectorAll('h3 bdi')].map(b => getComputedStyle(b).direction)")
    ) == {"rtl"}
