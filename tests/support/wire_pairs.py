"""Labelled pairs of articles, made from a few invented reports the way newsrooms make copies of wire reports.

Half of the reports and templates are for tuning ("dev"), the other half were looked at once ("held out").
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, count
from pathlib import Path
from typing import Any

from made import NOON, article

from monitor.core.stories.features import features_of
from monitor.core.stories.fingerprint import content_hash, sketch_of
from monitor.core.text.urls import host_of
from monitor.model.article import Article
from monitor.model.story import Fingerprint

STORIES = Path(__file__).parents[1] / "data" / "stories"
HOUR = timedelta(hours=1)
_IDS = count(1)
# What desks write in place of a sentence, or beside a wire report.
FILLERS = (
    "Officials declined to give further details when they were reached by telephone.",
    "It was not immediately clear what would happen next.",
    "The figures could not be checked independently by this newspaper.",
    "Several people who know the matter confirmed the account on condition of anonymity.",
    "The news spread quickly on social networks, where many asked for answers.",
)
OWN_PARAGRAPHS = (
    "Readers of this newspaper will remember that we reported on earlier troubles of the same kind, at the time "
    "with less notice from the capital. Our correspondent has gone there and is going to report tomorrow.",
    "Experts whom we asked were not surprised. The warnings had been there for anyone who cared to read them, a "
    "professor of public administration told us, and the next case was only a question of time.",
    "A spokeswoman for the local chamber said that members were worried about the consequences for their trade. "
    "She asked the authorities for a single telephone number and for forms that can be filled in at home.",
)


@dataclass(frozen=True)
class Pair:
    """Two articles, what was done to make the second of the first, and whether they are one report."""

    kind: str
    one: Article
    other: Article
    duplicate: bool


def made(title: str, text: str, host: str = "a.example", hours: float = 0.0, **more: Any) -> Article:
    """An article with all that the read stage would find in it."""
    number = next(_IDS)
    when = NOON + hours * HOUR
    url = f"https://{host}/{number}"
    values: dict[str, Any] = {
        "title": title,
        "text": text,
        "url": url,
        "url_key": url,
        "publisher": host,
        "language": "en",
        "content_hash": content_hash(title, text, host_of(url)),
        "fingerprint": Fingerprint(sketch_of(title, text), features_of(title, text, "en", ())),
        "published": when,
        "first_seen": when,
    }
    return article(number, **{**values, **more})


def reports() -> list[dict[str, str]]:
    """The invented reports of the data file."""
    found: list[dict[str, str]] = tomllib.loads((STORIES / "wire_reports.toml").read_text())["reports"]
    return found


def pairs(held_out: bool) -> Iterator[Pair]:
    """Every labelled pair of one half."""
    half = [report for place, report in enumerate(reports()) if (place % 2 == 1) is held_out]
    for place, report in enumerate(half):
        yield from _copies(report)
        yield from _strangers(report, half[(place + 1) % len(half)])
    yield from _briefs(half)
    templates = tomllib.loads((STORIES / "templates.toml").read_text())["templates"]
    for place, template in enumerate(templates):
        if (place % 2 == 1) is held_out:
            yield from _issues(template)


def _copies(report: dict[str, str]) -> Iterator[Pair]:
    title, retold, text = report["title"], report["retold"], report["text"].strip()
    place = report["place"]
    wire = f"{place}, Feb 22 (AP) - {text}\n\n(Reporting by Ann Lee; Editing by Jo Marsh)"
    first = made(title, wire)
    edited = edit(text)

    def copy(kind: str, title: str, text: str, hours: float = 3, host: str = "b.example") -> Pair:
        return Pair(kind, first, made(title, text, host, hours), True)

    yield copy("the same words", title, f"{place}: {text}\n\n© 2023 The Daily Post. All rights reserved.")
    yield copy("the same words, retitled, next day", retold, f"{place} (AP) — {text}", 30)
    yield copy("a tenth edited", title, edited)
    yield copy("a tenth edited, retitled", retold, edited, 8)
    yield copy("abridged to 40 %", f"{title}, officials say", abridge(text, 0.4))
    yield copy("abridged to 40 %, retitled", retold, abridge(text, 0.4), 20)
    yield copy("abridged to 60 %, retitled", retold, abridge(text, 0.6), 20)
    yield copy("own paragraphs behind", title, "\n\n".join((text, *OWN_PARAGRAPHS[:2])), 6)
    yield copy("own paragraphs before, retitled", retold, "\n\n".join((OWN_PARAGRAPHS[2], text)), 6)
    more = f"{text}\n\n{OWN_PARAGRAPHS[1]}"
    yield Pair("updated", first, made(f"UPDATE 1-{title}", f"{place}: {edit(more)}", hours=2), True)
    tail = f"Related\n\n{report['own_title']}\n\n{report['own'].strip()}"
    yield copy("with another article appended", title, f"{text}\n\n{tail}", 5)


def _strangers(report: dict[str, str], next_report: dict[str, str]) -> Iterator[Pair]:
    title, text = report["title"], report["text"].strip()
    first = made(title, text)
    own = made(report["own_title"], report["own"].strip(), "c.example", 9)
    yield Pair("another report of the event", first, own, False)
    quoting = abridge(text, 0.15) + "\n\n" + report["own"].strip()
    yield Pair("another report that quotes it", first, made(report["own_title"], quoting, "c.example", 9), False)
    yield Pair("three days later", first, made(title, text, "b.example", 72), False)
    yield Pair("the next day on its host", first, made(title, text, hours=24), False)
    both = made(next_report["title"], f"{next_report['text'].strip()}\n\n{text}", "d.example", 4)
    yield Pair("appended to another article", first, both, False)
    short = made(next_report["title"], abridge(next_report["text"], 0.5) + f"\n\n{text}", "d.example", 4)
    yield Pair("appended to a shorter article", first, short, False)


def _briefs(half: list[dict[str, str]]) -> Iterator[Pair]:
    texts = [abridge(report["text"], 0.45) for report in half]
    digest = made("What happened overnight", "\n\n".join(texts), "e.example", 6)
    for report, text in zip(half, texts, strict=True):
        yield Pair("an item of a round-up", made(report["title"], text), digest, False)


def _issues(template: dict[str, Any]) -> Iterator[Pair]:
    texts = [(template["title"].format(**issue), template["text"].format(**issue)) for issue in template["issues"]]
    for (title, text), (other_title, other_text) in combinations(texts, 2):
        first = made(title, text)
        yield Pair("a template an hour later", first, made(other_title, other_text, hours=1), False)
        yield Pair("a template the next day", first, made(other_title, other_text, hours=24), False)
        yield Pair("a template elsewhere", first, made(other_title, other_text, "b.example", 5), False)


def edit(text: str) -> str:
    """The text with every tenth sentence replaced."""
    sentences = re.split(r"(?<=[.!?])(\s+)", text)
    for place in range(8, len(sentences), 20):  # white space stands between
        sentences[place] = FILLERS[place // 20 % len(FILLERS)]
    return "".join(sentences)


def abridge(text: str, share: float) -> str:
    """The first sentences of the paragraphs, from the top, to about that share of the words."""
    most = int(len(text.split()) * share)
    paragraphs = [re.split(r"(?<=[.!?])\s+", paragraph) for paragraph in text.strip().split("\n\n")]
    kept: list[list[str]] = [[] for _ in paragraphs]
    # A desk keeps the top and thins out the rest: the first paragraph whole, then first sentences, then seconds.
    order = [(0, place) for place in range(len(paragraphs[0]))]
    longest = max(map(len, paragraphs))
    order += [(row, place) for place in range(longest) for row in range(1, len(paragraphs))]
    words = 0
    for row, place in order:
        if place < len(paragraphs[row]) and words < most:
            kept[row].append(paragraphs[row][place])
            words += len(paragraphs[row][place].split())
    return "\n\n".join(" ".join(sentences) for sentences in kept if sentences)
