"""What can be wrong with a feed: each kind once, with how often it comes. Bodies are made once.

The raw rows are those of the hostile table (tests/support/hostile_servers.py); what has to happen in time is here.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from hostile_servers import rows
from http_server import reply

_TRAP = "http://127.99.99.99:9/"


class Way(StrEnum):
    """How an answer is given."""

    RAW = "raw"  # the same bytes each time, and nothing in them counts
    STATUS = "status"  # so many bytes, once; then the feed is well again
    WHOLE = "whole"  # the real body, in some form that can be read: it counts
    LIES = "lies"  # validators that do not follow the body
    UNCHANGED = "unchanged"  # 304, whatever is asked
    TORN = "torn"  # half the body, then the end
    RESET = "reset"  # half the body, then a reset
    BROKEN = "broken"  # XML that no parser can like
    HUGE = "huge"  # the real body and twelve megabytes more
    DRIP = "drip"  # byte by byte, for ever
    SILENT = "silent"
    ENDLESS = "endless"
    SLOW = "slow"  # the real body in eight pieces within two seconds: it counts
    MOVED = "moved"  # a redirect to where the feed is well
    GONE = "gone"  # 410: polled no more


@dataclass(frozen=True, slots=True)
class Kind:
    """One fault; `answer` are the bytes of a raw one, `form` says more of the others."""

    name: str
    way: Way
    weight: float
    answer: bytes = b""
    form: str = ""


def _own() -> list[Kind]:
    return [
        Kind("404", Way.RAW, 3, reply(b"<h1>Not found</h1>", 404)),
        Kind("500", Way.RAW, 3, reply(b"<h1>Oops</h1>", 500)),
        Kind("503 with Retry-After", Way.RAW, 3, reply(b"busy", 503, Retry_After="4")),
        Kind("429", Way.RAW, 2, reply(b"slower", 429)),
        Kind("429 with Retry-After", Way.RAW, 2, reply(b"slower", 429, Retry_After="3")),
        Kind("403 once", Way.STATUS, 1, reply(b"no", 403)),
        Kind("401 once", Way.STATUS, 1, reply(b"who?", 401, WWW_Authenticate='Basic realm="x"')),
        Kind("moved for a while", Way.MOVED, 2, form="302"),
        Kind("moved for good", Way.MOVED, 2, form="301"),
        Kind("moved for good, 308", Way.MOVED, 1, form="308"),
        Kind("to a host without an address", Way.RAW, 1, reply(b"", 302, Location="http://nowhere.invalid/feed")),
        Kind("to a closed port", Way.RAW, 1, reply(b"", 302, Location=_TRAP)),
        Kind("torn body", Way.TORN, 4),
        Kind("reset in the body", Way.RESET, 4),
        Kind("broken XML", Way.BROKEN, 3),
        Kind("huge body", Way.HUGE, 0.5),
        Kind("drip", Way.DRIP, 2),
        Kind("silence", Way.SILENT, 2),
        Kind("endless", Way.ENDLESS, 0.3),
        Kind("slow, and whole", Way.SLOW, 3),
        Kind("lying validators", Way.LIES, 3),
        Kind("always 304", Way.UNCHANGED, 2),
        Kind("gzip", Way.WHOLE, 2, form="gzip"),
        Kind("chunks", Way.WHOLE, 2, form="chunks"),
        Kind("UTF-16", Way.WHOLE, 2, form="utf-16"),
        Kind("says latin-1", Way.WHOLE, 2, form="iso-8859-1"),
        Kind("a charset that nobody knows", Way.WHOLE, 1, form="x-none"),
        Kind("gone", Way.GONE, 0.1, reply(b"gone", 410)),
    ]


@cache
def kinds() -> tuple[Kind, ...]:
    """All of them; large hostile bodies are rare, since each takes a processor a second."""
    hostile = [
        Kind(f"hostile: {row.name}", Way.RAW, 0.02 if len(answer) > 100_000 else 0.3, answer)
        for row in rows(_TRAP)
        if isinstance(answer := row.behaviour(None, None), bytes)  # type: ignore[arg-type]  # raw ones ask nothing
    ]
    return (*_own(), *hostile)


def choose(dice: random.Random, every: Sequence[Kind]) -> Kind:
    """One, as often as it comes."""
    return dice.choices(every, [one.weight for one in every])[0]


def whole(kind: Kind | None, body: bytes, etag: str) -> bytes:
    """The whole answer with the real body, in the form of the kind."""
    form = kind.form if kind else ""
    more: Mapping[str, str] = {}
    if form == "gzip":
        body, more = gzip.compress(body, 1), {"Content_Encoding": "gzip"}
    elif form == "utf-16":
        body = body.decode().replace("UTF-8", "UTF-16", 1).encode("utf-16")
    elif form in ("iso-8859-1", "x-none"):
        body = body.replace(b"UTF-8", form.encode(), 1)
    elif form == "chunks":
        head = reply(b"", ETag=etag, Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
        pieces = (body[start : start + 3_000] for start in range(0, len(body), 3_000))
        return head + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"
    return reply(body, Content_Type="application/xml", ETag=etag, **more)
