"""What is new in a text that was matched before: its matched sentences."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from monitor.core.stories.identity import SAME_DAY
from monitor.core.text.sentences import sentences_of
from monitor.core.text.words import fold_words, hash_words
from monitor.model.article import Article, DuplicateReason
from monitor.model.rule import Match

_MOST_SENTENCES = 200  # a match has at most so many spans


@dataclass(frozen=True, slots=True)
class Told:
    """What a rule was alerted with on a story: hashes of its sentences, and when it was told last."""

    sentences: Set[str]
    last: datetime


def matched_sentences(match: Match, title: str, body: str, summary: str) -> tuple[str, ...]:
    """Hashes of the sentences a match stands on, sorted; equal words give equal hashes whatever the markup."""
    texts = {"title": title, "body": body, "summary": summary}
    spans = [span for span in match.spans[:_MOST_SENTENCES] if span.field in texts]
    # Found once per text, and each sentence folded once: a text of 160,000 characters may hold 200 spans.
    split = {field: sentences_of(texts[field]) for field in {span.field for span in spans}}
    places = {(span.field, *split[span.field].around(span.start, span.end)) for span in spans}
    folded = (fold_words(texts[field][start:end]) for field, start, end in places)
    return tuple(sorted({hash_words(words) for words in folded if words}))


def adds_news(article: Article, sentences: Set[str], news: bool, told: Told | None, now: datetime) -> bool:
    """Whether a match is told, given what its rule was alerted with on its story (None: never).

    A revision tells what its earlier wording did not say: "Torkham" yesterday and "was closed" added today must
    fire, a corrected comma elsewhere must not, nor the same sentence added by a second feed. After half a day
    the same sentence is told again: what closed, opened and closed again is news. Another text under the same
    URL tells a new sentence. A copy of the same words has nothing to add.
    """
    if not news:
        return False
    if told is None:
        return True
    is_new = not sentences <= told.sentences
    if article.duplicate_reason is DuplicateReason.REVISION:
        return is_new or now - told.last > SAME_DAY
    return article.duplicate_reason is DuplicateReason.SAME_URL and is_new


def is_news(sentences: Set[str], earlier: Set[str] | None) -> bool:
    """Whether a match of a revision says more than its earlier wording; `earlier` None: the rule did not hold."""
    return earlier is None or not sentences <= earlier
