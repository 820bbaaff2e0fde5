"""What an article's copies are found by: a hash of all its words, and a sketch of them."""

from __future__ import annotations

from monitor.core.stories.furniture import own_words, story_words
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
    words = own_words(text)
    if len(words) >= SHORT:
        return f"{CONTENT_VERSION}:{hash_words(words)}"
    title_words = fold_words(title)
    if not words and not title_words:
        return ""
    return f"{CONTENT_VERSION}:{hash_words(title_words, words, [host])}"


def sketch_of(title: str, text: str) -> Sketch:
    """MinHash bands and sampled 6-grams of a text, of its first 200,000 characters at most.

    Without what content_hash leaves out, the headline said again, and what a press release says about its
    sender. Loads numpy, so it is called in children of the sandbox only.
    """
    from monitor.core.stories.shingles import WordHashes, minhash_bands, sampled

    words = story_words(title, text)
    hashes = WordHashes(words)
    bands = minhash_bands(hashes.grams(_SHINGLE)) if len(words) >= BANDS_FROM else ()
    return Sketch(SKETCH_VERSION, len(words), bands, sampled(hashes.grams(_GRAM), _EVERY))
