"""How fast the shipped rules read: documents a second, and as a multiple of cutting the same texts into words.

    .venv/bin/python bench/match.py

Absolute figures depend on the machine; compare the ratio. Never a gate: no test runs this.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from monitor.app.shipped import shipped_rule_files
from monitor.core.rules import RuleFile, load_rules
from monitor.core.text.tokens import analyse
from monitor.demo.stories import own_stories
from monitor.model.article import Document

WORDS = 577  # the length the rules design was measured with
DOCUMENTS = 50
ROUNDS = 5


def documents() -> list[Document]:
    """Texts of equal length, each another mixture of our own invented stories."""
    words = " ".join(story.body for story in own_stories()).split()
    made = []
    for number in range(DOCUMENTS):
        start = number * 37 % len(words)
        text = (words[start:] + words[:start]) * (WORDS // len(words) + 1)
        made.append(Document(id=str(number), title="A title of six plain words", body=" ".join(text[:WORDS])))
    return made


def best_of(rounds: int, work: Callable[[], object]) -> float:
    """Seconds a document: the median of the rounds."""
    seconds = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        seconds.append((time.process_time() - begun) / DOCUMENTS)
    return statistics.median(seconds)


def main() -> None:
    """Prints the table."""
    texts = documents()
    ruleset = load_rules([RuleFile(name, text) for name, text in shipped_rule_files()]).ruleset
    cutting = best_of(ROUNDS, lambda: [analyse(one.body) for one in texts])
    matching = best_of(ROUNDS, lambda: [ruleset.match(one) for one in texts])
    found = sum(len(ruleset.match(one)) for one in texts)
    print(f"{DOCUMENTS} documents of {WORDS} words, {len(ruleset.rules)} rules, {found} matches with explanations")
    print(f"cutting into words   {1 / cutting:7.0f} documents/s")
    print(f"matching, explained  {1 / matching:7.0f} documents/s   {matching / cutting:5.1f} × cutting")


if __name__ == "__main__":
    main()
