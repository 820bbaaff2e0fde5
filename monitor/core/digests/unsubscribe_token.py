"""The signed part of an unsubscribe link: (key, digest, address) ⇄ token. Pure.

A token is base64url (RFC 4648 §5) of an HMAC-SHA256 and of what it signs. Whoever decodes it learns who reads
what, as from the message that it stands in; nobody without the key can make one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_PURPOSE = b"monitor unsubscribe 1\0"  # the key signs nothing else that could be taken for this
_MAC = hashlib.sha256().digest_size
# A digest's name has at most 64 letters (config), an address at most 254 bytes (RFC 5321 §4.5.3.1.3).
LONGEST_TOKEN = 800


def token_of(key: bytes, digest: str, address: str) -> str:
    """The token for one reader of one digest; the same at every call."""
    said = f"{digest}\0{address}".encode()
    mac = hmac.digest(key, _PURPOSE + said, hashlib.sha256)
    return base64.urlsafe_b64encode(mac + said).decode("ascii").rstrip("=")


def read_token(key: bytes, token: str) -> tuple[str, str] | None:
    """Digest and address of a token that was signed with the key; None for every other text."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    try:
        said = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[_MAC:].decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    digest, _, address = said.partition("\0")
    # Signed anew and compared as a whole: only the one form in which we write a token is taken.
    return (digest, address) if hmac.compare_digest(token_of(key, digest, address), token) else None
