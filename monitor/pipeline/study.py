"""What a child makes of an article's words: the one call for all that needs a model or a large library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.text.language import Settled, detect_language, sample_of, settle_language
from monitor.model.story import Fingerprint


@dataclass(frozen=True, slots=True)
class Studied:
    """The language that counts, and what copies and events are found by."""

    language: Settled
    fingerprint: Fingerprint | None = None


def study_article(title: str, summary: str, text: str, stated: str | None, names: Sequence[str]) -> Studied:
    """Detects the language and makes the fingerprint. Called through the Sandbox port."""
    language = settle_language(stated, detect_language(sample_of(title, summary, text)))
    return Studied(language, _fingerprint(title, text, language.language or "", names))


def _fingerprint(title: str, text: str, language: str, names: Sequence[str]) -> Fingerprint | None:
    """None until something compares articles by it."""
    return None
