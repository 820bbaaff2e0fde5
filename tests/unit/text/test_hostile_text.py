"""Long texts of one kind, made to be slow: every reader of foreign text stays quick."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from digest_samples import article

from monitor.core.digests.passages import passages_of
from monitor.core.stories.material import matched_sentences
from monitor.core.text.html import html_to_text, plain_title
from monitor.core.text.sentences import sentence_at, sentences
from monitor.core.text.tokens import analyse
from monitor.core.text.urls import absolute_http_url, canonical_url, host_of
from monitor.core.text.words import fold_words
from monitor.model.rule import Explanation, Match, Span

_SIZE = 200_000  # bytes
_PIECES = {
    "accents of two classes": "\u0301\u0316",
    "runs of accents just too short to cut": "e" + "\u0301\u0316" * 15,
    "accents and half-width voicing marks": "\u0301\uff9e",
    "spaces": " ",
    "line ends": "\n",
    "lines of an em space": "\n\u2003",
    "lines of bullets": "\n•",
    "dots": ".",
    "dots and spaces": ". ",
    "initials": "A. ",
    "acronyms": "U.S.",
    "short sentences": "It is shut. ",
    "apostrophes": "'",
    "quotes": '"',
    "curly quotes": "’",
    "one giant word": "x",
    "words of a dot": "a.",
    "digits": "1",
    "digit groups": "1,000",
    "spaced digit groups": "\u00a0000",
    "hyphens": "-",
    "hyphenated words": "a-",
    "brackets": "([",
    "closing brackets": ")]",
    "less-than signs": "<",
    "open tags": "<a ",
    "open elements": "<div>",
    "open tables": "<table><tr><td>",
    "open scripts": "<script>",
    "open comments": "<!--",
    "ampersands": "&",
    "references to ESC": "&#27;",
    "at signs": "@",
    "mail addresses": "a@a.",
    "link starts": "http://",
    "hosts": "www.",
    "slashes": "/",
    "AMP tails": "/amp",
    "escapes": "%25",
    "joiners": "\u200d",
    "viramas": "\u094d",
    "Hangul starts": "\u1100",
    "a letter that becomes eighteen": "\ufdfa",
    "line separators": "\u2028",
    "NULs": "\0",
}
KINDS = {kind: "a.\n\nB" + piece * (_SIZE // len(piece.encode()) + 1) + "c" for kind, piece in _PIECES.items()}
_QUICK = 2.0  # seconds of CPU; the quadratic readings of the same texts take 10 to 60
_READERS: dict[str, Callable[[str], object]] = {
    "html_to_text": html_to_text,
    "plain_title": plain_title,
    "fold_words": fold_words,
    "sentences": lambda text: list(sentences(text)),
    "sentence_at": lambda text: sentence_at(text, len(text) // 2, len(text) // 2 + 1),
    "analyse": analyse,
    "canonical_url": canonical_url,
    "canonical_url of a host": lambda text: canonical_url("http://" + text[:7_900]),
    "canonical_url of a path": lambda text: canonical_url("http://example.org/" + text[:7_900]),
    "absolute_http_url": lambda text: absolute_http_url("//" + text[:7_900], "https://example.org/"),
    "host_of": lambda text: host_of("http://" + text),
    "passages_of": lambda text: passages_of(article(1, text=text), match_all_over(text)),
    "matched_sentences": lambda text: matched_sentences(match_all_over(text), "", text, ""),
}


def match_all_over(text: str) -> Match:
    """As many spans as a match may have, spread over the text."""
    step = len(text) // 200
    spans = tuple(Span("body", at, at + 1, text[at]) for at in range(0, step * 200, step))
    return Match("1", "rule", "v1", spans, Explanation("x", True))


@pytest.mark.parametrize("reader", _READERS)
def test_no_text_of_one_kind_is_slow(reader: str) -> None:
    slow = {}
    for kind, text in KINDS.items():
        begun = time.process_time()
        _READERS[reader](text)
        taken = time.process_time() - begun
        if taken > _QUICK:
            slow[kind] = round(taken, 1)
    assert slow == {}
