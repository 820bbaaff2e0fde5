"""What an article's copies are found by: a hash of all its words, and a sketch of them."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.stories.furniture import MOST_TITLE, own_words, report_words
from monitor.core.text.words import fold_words, hash_words
from monitor.model.story import Sketch

CONTENT_VERSION = 2
SKETCH_VERSION = 1
SHORT = 30  # words; under this a text says too little to be known by itself (stories design, identity ladder)
BANDS_FROM = 60  # words; a shorter text has too few shingles to be found by (stories design)
_SHINGLE = 3  # words of a MinHash shingle, and of what containment is measured by: stories design
_GRAM = 6
_EVERY = 8  # so many of the 6-grams, chosen by their hash, stand for all


def content_hash(title: str, text: str, host: str) -> str:
    """128 bits over the normalised words, the algorithm's version in front; "" where there is no word at all.

    Dateline, byline, credits and copyright lines do not count. A text under 30 words counts together with its
    title and host only: equal one-line summaries are no copies.
    """
    return _hash_of(own_words(text), title, host)


def sketch_of(title: str, text: str) -> Sketch:
    """MinHash bands and sampled 6-grams of a text, of its first 200,000 characters at most.

    Without what content_hash leaves out, the headline said again, and what a press release says about its
    sender. Loads numpy, so it is called in children of the sandbox only.
    """
    return _sketch_of(report_words(title, text).story)


def hash_and_sketch(title: str, text: str, host: str) -> tuple[str, Sketch]:
    """`content_hash` and `sketch_of` of a text, which is cut into words once."""
    words = report_words(title, text)
    return _hash_of(words.own, title, host), _sketch_of(words.story)


def _hash_of(words: Sequence[str], title: str, host: str) -> str:
    if len(words) >= SHORT:
        return f"{CONTENT_VERSION}:{hash_words(words)}"
    title_words = fold_words(title[:MOST_TITLE])
    if not words and not title_words:
        return ""
    return f"{CONTENT_VERSION}:{hash_words(title_words, words, [host])}"


def _sketch_of(words: list[str]) -> Sketch:
    from monitor.core.stories.shingles import WordHashes, minhash_bands, sampled

    hashes = WordHashes(words)
    bands = minhash_bands(hashes.grams(_SHINGLE)) if len(words) >= BANDS_FROM else ()
    return Sketch(SKETCH_VERSION, len(words), bands, sampled(hashes.grams(_GRAM), _EVERY))
