"""What is new in a text that was matched before: its matched sentences."""

from __future__ import annotations

from collections.abc import Set

from monitor.core.text.sentences import sentence_at
from monitor.core.text.words import fold_words, hash_words
from monitor.model.article import Article, DuplicateReason
from monitor.model.rule import Match

# Copies with other words; a copy with the same words has nothing to add.
_OTHER_WORDS = frozenset({DuplicateReason.REVISION, DuplicateReason.SAME_URL})
_MOST_SENTENCES = 200  # a match has at most so many spans


def matched_sentences(match: Match, title: str, body: str, summary: str) -> tuple[str, ...]:
    """Hashes of the sentences a match stands on, sorted; equal words give equal hashes whatever the markup."""
    texts = {"title": title, "body": body, "summary": summary}
    found: set[str] = set()
    for span in match.spans[:_MOST_SENTENCES]:
        text = texts.get(span.field, "")
        start, end = sentence_at(text, span.start, span.end)
        words = fold_words(text[start:end])
        if words:
            found.add(hash_words(words))
    return tuple(sorted(found))


def adds_news(article: Article, sentences: Set[str], alerted: Set[str]) -> bool:
    """Whether a match on a story already alerted is news: other words of the same page, in a new sentence.

    "Torkham" yesterday and "was closed" added today must fire; a corrected comma elsewhere must not.
    """
    return article.duplicate_reason in _OTHER_WORDS and not sentences <= alerted
