"""How well names are found in other spellings, and what it costs.

    .venv/bin/python bench/names.py

Precision and recall on the labelled pairs of tests/data/names, ours beside difflib's ratio on the whole name and
on its sorted words; then the time of a document for 1,000 and 10,000 listed names beside cutting it into words.
Absolute times depend on the machine; compare the ratio. Never a gate: a test only runs it.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from monitor.core.names import NameText, VariantIndex
from monitor.core.names.particles import TITLES
from monitor.core.text.tokens import analyse
from monitor.demo.stories import own_stories

FOLDER = Path(__file__).parents[1] / "tests" / "data" / "names"
FILES = ("pairs.tsv", "pairs_unseen.tsv", "pairs_unseen_2.tsv", "pairs_unseen_3.tsv")
WORDS = 577  # the length the rules design was measured with
DOCUMENTS = 50
ROUNDS = 7


class Pair(NamedTuple):
    """A listed name, and what a text says; `same` when it is a spelling of that name."""

    kind: str
    same: bool
    name: str
    text: str


def pairs(file: str) -> list[Pair]:
    """The labelled pairs of one file."""
    lines = (FOLDER / file).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [Pair(kind, same == "yes", name, text) for kind, same, name, text in rows]


def by_consonants(pair: Pair) -> bool:
    """Ours: the name, in the middle of a sentence, is found whole; a title before it may stay outside."""
    text = NameText.of(f"said {pair.text}")
    first = next((at for at, term in enumerate(text.terms) if at and term not in TITLES), 1)
    found = VariantIndex.of([("", pair.name)]).find(text)
    return any(1 <= find.start <= first and find.end == len(text.terms) for find in found)


def by_ratio(pair: Pair) -> bool:
    """difflib's ratio of the whole names."""
    return SequenceMatcher(None, pair.name.lower(), pair.text.lower()).ratio() >= 0.85


def by_sorted_ratio(pair: Pair) -> bool:
    """The same of their words, sorted."""
    one, other = (
        " ".join(sorted(token.term for token in analyse(text).tokens)) for text in (pair.name, pair.text)
    )
    return SequenceMatcher(None, one, other).ratio() >= 0.85


METHODS: dict[str, Callable[[Pair], bool]] = {
    "consonants, then vowels": by_consonants,
    "difflib ratio ≥ .85": by_ratio,
    "difflib ratio of sorted words ≥ .85": by_sorted_ratio,
}


def judged(said: Callable[[Pair], bool], labelled: Sequence[Pair]) -> tuple[float, float]:
    """Precision and recall."""
    accepted = [pair for pair in labelled if said(pair)]
    right = sum(pair.same for pair in accepted)
    return right / max(len(accepted), 1), right / sum(pair.same for pair in labelled)


def wrong(labelled: Sequence[Pair]) -> list[str]:
    """The pairs that ours gets wrong."""
    return [
        f"  {'missed' if pair.same else 'taken '}  {pair.name} | {pair.text}"
        for pair in labelled
        if by_consonants(pair) != pair.same
    ]


def documents() -> list[str]:
    """Texts of equal length, each another mixture of our own invented stories."""
    words = " ".join(story.body for story in own_stories()).split()
    made = []
    for number in range(DOCUMENTS):
        start = number * 37 % len(words)
        made.append(" ".join(((words[start:] + words[:start]) * (WORDS // len(words) + 1))[:WORDS]))
    return made


def listed_names(count: int) -> list[tuple[str, str]]:
    """Invented names of two and three words, made of the words of the labelled ones."""
    dice = random.Random(7)
    words = sorted({token for pair in pairs("pairs.tsv") for token in pair.name.split() if token.isalpha()})
    ends = ["abad", "ullah", "zai", "uddin", "pur", "ani", "yar", "khel", "wal", "oglu"]
    words += sorted(word + end for word in words for end in ends)
    return [(str(number), " ".join(dice.sample(words, dice.choice((2, 2, 3))))) for number in range(count)]


def milliseconds(work: Callable[[], object]) -> float:
    """A document: the median of the rounds."""
    spent = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        spent.append((time.process_time() - begun) / DOCUMENTS * 1000)
    return statistics.median(spent)


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--names", type=int, nargs="+", default=[1_000, 10_000], help="how many are listed")
    counts = parser.parse_args().names
    for file in FILES:
        labelled = pairs(file)
        print(f"{file}: {len(labelled)} pairs, {sum(pair.same for pair in labelled)} of them the same name")
        for name, method in METHODS.items():
            precision, recall = judged(method, labelled)
            print(f"  {name:36} precision {precision:.3f}  recall {recall:.3f}")
        print("\n".join(wrong(labelled)))
    texts = documents()
    cutting = milliseconds(lambda: [analyse(text) for text in texts])
    read = [NameText.of(text) for text in texts]
    print(f"{DOCUMENTS} documents of {WORDS} words; cutting one into words {cutting:.2f} ms")
    for count in counts:
        names = listed_names(count)
        begun = time.process_time()
        index = VariantIndex.of(names)
        building = time.process_time() - begun
        finding = milliseconds(lambda index=index: [index.find(text) for text in read])  # type: ignore[misc]
        cost = f"{finding:.3f} ms a document, {finding / cutting:.2f} × cutting"
        print(f"{count:6,} names: built in {building:.2f} s, {cost}")


if __name__ == "__main__":
    main()
