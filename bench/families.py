"""How well `~word` finds the forms of a word, and what it costs: the shipped families beside the bare stemmer.

    .venv/bin/python bench/families.py

The pairs are those of tests/data: of news English, and drawn by chance. Absolute times depend on the machine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from monitor.core.text.families import Families, shipped_families
from monitor.core.text.normalize import american, normalize
from monitor.core.text.stems import stem

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from word_pairs import WordPair, family_pairs  # they live with the tests

Finds = Callable[[str, str], bool]


def term(word: str) -> str:
    """The word as rules and texts know it."""
    return american(normalize(word))


def methods(families: Families) -> dict[str, Finds]:
    """The ways to judge a pair."""
    bare = Families([])
    return {
        "the word itself": lambda word, form: word == form,
        "Snowball English alone": lambda word, form: _agree(bare, word, form),
        "families and Snowball": lambda word, form: _agree(families, word, form),
    }


def _agree(families: Families, word: str, form: str) -> bool:
    return not families.keys_of_query(word).isdisjoint(families.keys_of_text(form))


def row(pairs: list[WordPair], finds: Finds) -> tuple[str, list[WordPair]]:
    """Precision and recall as text, and the pairs that were judged wrong."""
    answers = [(pair, finds(term(pair.word), term(pair.form))) for pair in pairs]
    right = sum(pair.wanted for pair, found in answers if found)
    found = sum(found for _, found in answers)
    precision = f"{right / found:9.3f}" if found else "        -"
    recall = right / sum(pair.wanted for pair in pairs)
    return f"{precision} {recall:9.3f}", [pair for pair, found in answers if found != pair.wanted]


def cost(families: Families) -> str:
    """What loading takes, and what a word of a text takes at first sight and again."""
    begun = time.process_time()
    shipped_families.__wrapped__().keys_of_query("close")
    load = time.process_time() - begun
    words = [f"{head}{ending}" for ending in ("", "ish", "ward") for head in (family.head for family in families)]
    stem.cache_clear()
    seconds = []
    for _ in range(2):
        begun = time.process_time()
        for word in words:
            families.keys_of_text(word)
        seconds.append((time.process_time() - begun) / len(words) * 1e6)
    return f"loading {load * 1000:.0f} ms; a word {seconds[0]:.2f} µs at first sight, {seconds[1]:.2f} µs again"


def main() -> None:
    """Prints the tables."""
    families = shipped_families()
    listed = sum(len(family.members) for family in families)
    print(f"{len(families):,} families, {listed:,} words; {cost(families)}")
    for name, what in (("family_pairs", "news"), ("family_pairs_by_chance", "by chance")):
        pairs = family_pairs(name)
        wanted = sum(pair.wanted for pair in pairs)
        print(f"\n{f'{wanted} pairs, {len(pairs) - wanted} non-pairs, {what}':40} {'precision':>9} {'recall':>9}")
        for method, finds in methods(families).items():
            figures, wrong = row(pairs, finds)
            print(f"{method:40} {figures}")
        for pair in wrong:
            print(f"  {'missed' if pair.wanted else 'taken'}: ~{pair.word} {pair.form}")


if __name__ == "__main__":
    main()
