"""How fast the shipped rules read: documents a second, and as a multiple of cutting the same texts into words.

    .venv/bin/python bench/match.py

Absolute figures depend on the machine; compare the ratio. Never a gate: a test only runs it.
"""

from __future__ import annotations

import argparse
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


def documents(count: int) -> list[Document]:
    """Texts of equal length, each another mixture of our own invented stories."""
    words = " ".join(story.body for story in own_stories()).split()
    made = []
    for number in range(count):
        start = number * 37 % len(words)
        text = (words[start:] + words[:start]) * (WORDS // len(words) + 1)
        made.append(Document(id=str(number), title="A title of six plain words", body=" ".join(text[:WORDS])))
    return made


def seconds_of(work: Callable[[], object]) -> float:
    """Of CPU: the median of the rounds."""
    seconds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return statistics.median(seconds)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    count = parser.parse_args().documents
    texts = documents(count)
    ruleset = load_rules([RuleFile(name, text) for name, text in shipped_rule_files()]).ruleset
    cutting = seconds_of(lambda: [analyse(one.body) for one in texts])
    matching = seconds_of(lambda: [ruleset.match(one) for one in texts])
    found = sum(len(ruleset.match(one)) for one in texts)
    print(f"{count} documents of {WORDS} words, {len(ruleset.rules)} rules, {found} matches with explanations")
    print(f"cutting into words   {count / cutting:7.0f} documents/s")
    print(f"matching, explained  {count / matching:7.0f} documents/s   {matching / cutting:5.1f} × cutting")


if __name__ == "__main__":
    main()
