"""A fingerprint of an article's words."""

from __future__ import annotations

from monitor.core.text.words import fold_words, hash_words

SHORT = 30  # words; under this a text says too little to be known by itself (stories design, identity ladder)


def content_hash(title: str, text: str, host: str) -> str:
    """128 bits over the normalised words, the algorithm's version in front.

    A text under 30 words counts together with its title and host only: equal one-line summaries are no copies.
    """
    words = fold_words(text)
    if len(words) < SHORT:
        return f"1:{hash_words(fold_words(title), words, [host])}"
    return f"1:{hash_words(words)}"
