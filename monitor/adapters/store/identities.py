"""What makes a row of `entries` one of its kind in its feed."""

from __future__ import annotations

from hashlib import blake2b


def short_hash(*parts: str) -> str:
    """128 bits over the parts; a length before each keeps ("ab", "c") from equalling ("a", "bc")."""
    digest = blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def identity_of(entry_id: str, url_key: str, text_hash: str, revision_of: int | None) -> str:
    """With the revised row: words that come back later are a revision of what stood in between."""
    return short_hash(entry_id, url_key, text_hash, str(revision_of or ""))
