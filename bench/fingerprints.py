"""What an article's fingerprints cost, and the judge of pairs; how well copies are told on the labelled pairs.

    .venv/bin/python bench/fingerprints.py

Milliseconds of CPU for an article of 577 words, the best of some rounds; the pairs are those of the tests.
Never a gate: a test runs it for no figure's sake.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from wire_pairs import made, pairs, reports

from monitor.core.stories.duplicates import copy_keys, judge_pair
from monitor.core.stories.fingerprint import content_hash, sketch_of
from monitor.core.stories.furniture import report_words
from monitor.core.stories.shingles import WordHashes, minhash_bands, sampled
from monitor.core.stories.wire import wire_of
from monitor.core.text.words import fold_words

WORDS = 577


def best(run: Callable[[], object], times: int, rounds: int) -> float:
    """Milliseconds of CPU a call, the best of some rounds."""
    run()
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(times):
            run()
        found.append((time.process_time() - begun) / times * 1e3)
    return min(found)


def pure_sixes(words: Sequence[str]) -> list[int]:
    """The 6-grams' hashes as Python alone would make them: what numpy is measured against."""
    grams = (" ".join(words[place : place + 6]).encode() for place in range(len(words) - 5))
    hashes = (int.from_bytes(blake2b(gram, digest_size=8).digest(), "little", signed=True) for gram in grams)
    return sorted({one for one in hashes if one % 8 == 0})


def main() -> None:
    """Prints the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=200, help="calls a round")
    options.add_argument("--rounds", type=int, default=7)
    asked = options.parse_args()
    text = "\n\n".join(report["text"].strip() for report in reports())
    while len(text.split()) > WORDS:
        text = text.rpartition(" ")[0]
    title = reports()[0]["title"]
    words = report_words(title, text).story
    hashes = WordHashes(words)
    shingles = hashes.grams(3)
    rows: dict[str, Callable[[], object]] = {
        "words, folded: the floor": lambda: fold_words(text),
        "content_hash": lambda: content_hash(title, text, "a.example"),
        "wire_of": lambda: wire_of(title, text, ()),
        "sketch_of, all of it": lambda: sketch_of(title, text),
        "  words without datelines, credits": lambda: report_words(title, text).story,
        "  hashes of the words": lambda: WordHashes(words),
        "  MinHash, 32 bands of 4 rows": lambda: minhash_bands(shingles),
        "  6-grams, numpy": lambda: sampled(hashes.grams(6), 8),
        "  6-grams, hashes of the words with them": lambda: sampled(WordHashes(words).grams(6), 8),
        "6-grams, pure Python": lambda: pure_sixes(words),
    }
    print(f"{len(text.split())} words, ms of CPU")
    for name, run in rows.items():
        print(f"  {name:<42} {best(run, asked.times, asked.rounds):7.3f}")
    print(f"  keys of the sketch: {len(copy_keys(sketch_of(title, text)))}")
    judge(asked.rounds)
    labelled()


def judge(rounds: int) -> None:
    """Pairs of strangers, and of copies under other headlines, which need the texts."""
    strangers = list(combinations([made(one["title"], one["text"]) for one in reports()], 2))
    copies = [(pair.one, pair.other) for half in (False, True) for pair in pairs(half) if pair.duplicate]
    print("1,000 pairs judged, ms of CPU")
    for name, some in (("strangers", strangers), ("copies", copies)):
        spent = best(lambda some=some: [judge_pair(one, other) for one, other in some], 3, rounds)  # type: ignore[misc]
        print(f"  {name:<42} {spent / len(some) * 1000:7.1f}")


def labelled() -> None:
    """Precision and recall on both halves of the labelled pairs."""
    for name, held_out in (("tuned on", False), ("held out", True)):
        said = [(judge_pair(one.one, one.other).reason is not None, one.duplicate) for one in pairs(held_out)]
        right = sum(found and is_copy for found, is_copy in said)
        found = sum(one for one, _ in said)
        copies = sum(one for _, one in said)
        precision, recall = right / max(1, found), right / copies
        print(f"labelled pairs, {name}: {len(said)}, precision {precision:.3f}, recall {recall:.3f}")


if __name__ == "__main__":
    main()
