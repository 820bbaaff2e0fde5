"""The fingerprint of an article, made when it is read: numpy is loaded, so it runs in children of the sandbox."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.stories.features import features_of
from monitor.core.stories.fingerprint import hash_and_sketch, sketch_of
from monitor.model.story import Fingerprint


def fingerprint_article(title: str, text: str, language: str, names: Sequence[str]) -> Fingerprint:
    """All that an article is compared with others by. `language` is "" where none is known."""
    return Fingerprint(sketch_of(title, text), features_of(title, text, language, names))


def hash_and_fingerprint(
    title: str, text: str, host: str, language: str, names: Sequence[str]
) -> tuple[str, Fingerprint]:
    """`content_hash` and `fingerprint_article` of a text, which is cut into words once."""
    hashed, sketch = hash_and_sketch(title, text, host)
    return hashed, Fingerprint(sketch, features_of(title, text, language, names))
