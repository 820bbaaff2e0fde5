"""How well and how fast the language of short news is detected, on the texts that the tests use.

    .venv/bin/python bench/languages.py

Pieces of so many words are cut out of the texts at every place; what is asked: how often does detection say
something (its confidence is high enough), and how often is that wrong. Never a gate: a test runs it for no
figure's sake.
"""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

TEXTS = Path(__file__).parents[1] / "tests" / "data" / "language_texts.toml"
SIZES = (1, 2, 3, 4, 6, 8, 12, 20)
BEAT = ("en", "ur", "ps", "fa", "ar")
MOST = 120  # pieces of one size and language


def pieces(texts: list[str], size: int) -> list[str]:
    """Runs of that many words; Chinese, which has no spaces, is left out by the caller."""
    words = " ".join(texts).split()
    starts = range(0, max(1, len(words) - size), max(1, (len(words) - size) // MOST))
    return [" ".join(words[start : start + size]) for start in starts]


def main() -> None:
    """Prints the tables."""
    begun = time.process_time()
    from monitor.core.text.language import LIKELY, SURE, detect_language

    detect_language("a first text")
    print(f"loading the model: {time.process_time() - begun:.2f} s of CPU")
    kinds: dict[str, dict[str, list[str]]] = tomllib.loads(TEXTS.read_text(encoding="utf-8"))
    for kind, by_language in kinds.items():
        found = [(language, detect_language(text)) for language in by_language for text in by_language[language]]
        right = sum(guess is not None and guess.language == language for language, guess in found)
        sure = sum(guess is not None and guess.confidence >= SURE for _, guess in found)
        print(f"{kind}: {right} of {len(found)} right, {sure} of them sure (≥ {SURE})")
    heads = (("words", 5), (f"≥ {LIKELY}", 7), ("wrong", 6), (f"≥ {SURE}", 7), ("wrong", 6), ("wrong, beat", 11))
    print("\n" + "  ".join(f"{head:>{width}}" for head, width in heads))
    for size in SIZES:
        answers = [
            (language, detect_language(piece))
            for language in kinds["texts"]
            if language != "zh"
            for piece in pieces(kinds["headlines"][language] + kinds["texts"][language], size)
        ]
        row = [f"{size:5}"]
        for least, languages in ((LIKELY, None), (SURE, None), (SURE, BEAT)):
            asked = [one for one in answers if languages is None or one[0] in languages]
            said = [(language, guess) for language, guess in asked if guess and guess.confidence >= least]
            wrong = sum(guess.language != language for language, guess in said)
            row += [] if languages else [f"{len(said) / len(asked):7.0%}"]
            row.append(f"{wrong / max(1, len(said)):{11 if languages else 6}.1%}")
        print("  ".join(row))
    print()
    for kind in kinds:
        texts = [text for texts in kinds[kind].values() for text in texts] * 10
        begun = time.process_time()
        for text in texts:
            detect_language(text)
        mean = sum(map(len, texts)) // len(texts)
        print(f"{kind}, {mean} characters: {(time.process_time() - begun) / len(texts) * 1e3:.2f} ms of CPU each")
    long = " ".join(kinds["texts"]["en"]) * 20
    begun = time.process_time()
    for _ in range(100):
        detect_language(long)
    print(f"an article of {len(long):,} characters: {(time.process_time() - begun) / 100 * 1e3:.2f} ms of CPU")


if __name__ == "__main__":
    main()
