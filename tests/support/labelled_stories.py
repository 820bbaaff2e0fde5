"""The labelled sets of short articles, and how well a grouping agrees with their labels."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path

from monitor.core.rules import document_from_json
from monitor.model.article import Document

FOLDER = Path(__file__).parents[1] / "data" / "stories"
SETS = ("dev", "heldout")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One article of a set, with the truth about it; `seen` is when it arrives."""

    document: Document
    event: str
    copy_of: str | None
    trap: str | None
    seen: datetime


@dataclass(frozen=True, slots=True)
class Score:
    """Precision and recall, both 0 … 1."""

    precision: float
    recall: float

    @property
    def f(self) -> float:
        """Their harmonic mean."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def labelled(name: str) -> tuple[Labelled, ...]:
    """The articles of a set, in the order of the file."""
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_labelled(json.loads(line)) for line in lines)


def _labelled(line: Mapping[str, str]) -> Labelled:
    document = document_from_json(line)
    seen = document.published or datetime.fromisoformat(line["seen"])
    return Labelled(document, line["event"], line.get("copy_of"), line.get("trap"), seen)


def events_of(articles: Sequence[Labelled]) -> dict[str, str]:
    """The true event of each article, by the article's id."""
    return {one.document.id: one.event for one in articles}


def originals_of(articles: Sequence[Labelled]) -> dict[str, str]:
    """What each article is a copy of in truth, itself when of nothing, by the article's id."""
    return {one.document.id: one.copy_of or one.document.id for one in articles}


def b_cubed(truth: Mapping[str, Hashable], found: Mapping[str, Hashable]) -> Score:
    """B³ (Bagga and Baldwin 1998): the mean over the items.

    Of an item, precision is the share of its group that belongs to its class, recall the share of its class that
    is in its group; both count the item itself. Raises ValueError when the two name other items.
    """
    if truth.keys() != found.keys() or not truth:
        raise ValueError("truth and grouping must name the same items, one at least")
    classes, groups = Counter(truth.values()), Counter(found.values())
    both = Counter((truth[item], found[item]) for item in truth)
    shared = {item: both[truth[item], found[item]] for item in truth}
    precision = sum(shared[item] / groups[found[item]] for item in truth) / len(truth)
    recall = sum(shared[item] / classes[truth[item]] for item in truth) / len(truth)
    return Score(precision, recall)


def pairs_score(truth: Mapping[str, Hashable], found: Mapping[str, Hashable]) -> Score:
    """Precision and recall of the pairs that stand together; 1 where there are none to find, or none found."""
    wanted, got = _pairs(truth), _pairs(found)
    right = len(wanted & got)
    return Score(right / len(got) if got else 1.0, right / len(wanted) if wanted else 1.0)


def _pairs(groups: Mapping[str, Hashable]) -> set[tuple[str, str]]:
    members: defaultdict[Hashable, list[str]] = defaultdict(list)
    for item, group in groups.items():
        members[group].append(item)
    return {pair for some in members.values() for pair in combinations(sorted(some), 2)}


def disagreements(truth: Mapping[str, Hashable], found: Mapping[str, Hashable]) -> tuple[list[str], list[str]]:
    """Pairs that stand together and should not, and pairs that should and do not, as text."""
    wanted, got = _pairs(truth), _pairs(found)
    joined, parted = sorted(got - wanted), sorted(wanted - got)
    return [f"{one} + {other}" for one, other in joined], [f"{one} | {other}" for one, other in parted]
