"""What a child makes of an article's words: the one call for all that needs a model or a large library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.stories.reading_prints import hash_and_fingerprint
from monitor.core.stories.wire import wire_of
from monitor.core.text.language import Settled, detect_language, sample_of, settle_language
from monitor.model.story import Fingerprint


@dataclass(frozen=True, slots=True)
class Studied:
    """The language that counts, what copies and events are found by, and the agency whose report it carries."""

    language: Settled
    content_hash: str = ""
    fingerprint: Fingerprint | None = None
    wire: str = ""


def study_article(
    title: str,
    summary: str,
    text: str,
    stated: str | None,
    names: Sequence[str],
    authors: Sequence[str],
    compared: str,
    host: str,
) -> Studied:
    """Detects language and agency and makes hash and fingerprint. Called through the Sandbox port.

    These two are of what is `compared`: the text, but for one that may be a wall's. `host` is the address's.
    """
    language = settle_language(stated, detect_language(sample_of(title, summary, text)))
    hashed, fingerprint = hash_and_fingerprint(title, compared, host, language.language or "", names)
    return Studied(language, hashed, fingerprint, wire_of(title, text, authors))
