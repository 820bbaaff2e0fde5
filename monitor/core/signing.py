"""Webhook signatures after Standard Webhooks 1.0.0 (standardwebhooks.com), symmetric scheme. Pure.

Only the form of secret that the specification gives is taken: `whsec_` and base64 of 24 to 64 bytes. Its libraries
read every text as base64, so that with a freely chosen password no receiver could check what is signed here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

_PREFIX = "whsec_"
# "Random. At least 24 bytes (192 bits, 512 maximum)", section "Signature scheme".
_SHORTEST_KEY = 24
_LONGEST_KEY = 64


def key_of(secret: str) -> bytes:
    """The key in a secret. Raises ValueError, which repeats nothing of it."""
    if not secret.startswith(_PREFIX):
        raise ValueError('is no signing secret: it does not begin with "whsec_"')
    written = secret.removeprefix(_PREFIX)
    try:
        # Missing padding is let pass, as the libraries do; any other letter they would drop in silence.
        key = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError('is no signing secret: what follows "whsec_" is no base64') from None
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        size = f"{_SHORTEST_KEY} to {_LONGEST_KEY}"
        raise ValueError(f"is no signing secret: its key has {len(key)} bytes, {size} are possible")
    return key


def signature_headers(key: bytes, message_id: str, attempted_at: datetime, body: bytes) -> dict[str, str]:
    """The three headers that let a receiver check who sent this body, and when.

    `message_id` is equal on every retry; `attempted_at` is the time of this attempt, so that an old request cannot
    be played again. Neither can hold a ".", which separates what is signed.
    """
    timestamp = str(int(attempted_at.timestamp()))
    signed = b".".join((message_id.encode("ascii"), timestamp.encode("ascii"), body))
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode("ascii")
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}
