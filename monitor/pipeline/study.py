"""What a child makes of an article's words: the one call for all that needs a model or a large library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.stories.reading_prints import fingerprint_article
from monitor.core.stories.wire import wire_of
from monitor.core.text.language import Settled, detect_language, sample_of, settle_language
from monitor.model.story import Fingerprint


@dataclass(frozen=True, slots=True)
class Studied:
    """The language that counts, what copies and events are found by, and the agency whose report it carries."""

    language: Settled
    fingerprint: Fingerprint | None = None
    wire: str = ""


def study_article(
    title: str, summary: str, text: str, stated: str | None, names: Sequence[str], authors: Sequence[str]
) -> Studied:
    """Detects language and agency and makes the fingerprint. Called through the Sandbox port."""
    language = settle_language(stated, detect_language(sample_of(title, summary, text)))
    fingerprint = fingerprint_article(title, text, language.language or "", names)
    return Studied(language, fingerprint, wire_of(title, text, authors))
