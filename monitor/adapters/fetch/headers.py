"""What a request says of itself, and what an answer's headers are read as."""

from __future__ import annotations

import re

import httpx2

from monitor.adapters.fetch.body import ACCEPT_ENCODING
from monitor.adapters.fetch.faults import Refused
from monitor.adapters.fetch.routes import is_home
from monitor.model.access import FeedAccess
from monitor.model.feed import PollOutcome, Validators
from monitor.model.fetch import FetchRequest, Purpose

MAX_HEADER_BYTES = 64 * 1024  # names, values and separators

_ACCEPT = {
    Purpose.FEED: (
        "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, "
        "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
    ),
    Purpose.PAGE: "text/html, application/xhtml+xml, */*;q=0.5",
}
# RFC 9110 §5.5. A validator is a server's text: one that is no header value is not sent, or every poll would
# fail.
_FIELD_VALUE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")


def request_headers(
    request: FetchRequest, target: httpx2.URL, user_agent: str, *, with_validators: bool
) -> list[tuple[bytes, bytes]]:
    """The headers of one hop of a request; those of the feed's access where `target` is its own host."""
    own = _own_headers(request.access) if is_home(request.access, target) else []
    replaced = {name.lower() for name, _ in own}
    usual = [
        (b"User-Agent", user_agent.encode("ascii", "replace")),
        (b"Accept", _ACCEPT[request.purpose].encode("ascii")),
        (b"Accept-Encoding", ACCEPT_ENCODING.encode("ascii")),
    ]
    headers = [(name, value) for name, value in usual if name.lower() not in replaced] + own
    return headers + (_conditions(request.validators) if with_validators else [])


def _own_headers(access: FeedAccess) -> list[tuple[bytes, bytes]]:
    """What the feed's own host is sent beside what all are."""
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in access.headers]
    if access.authorization is not None:
        headers.append((b"Authorization", access.authorization.encode("latin-1")))
    return headers


def _conditions(validators: Validators) -> list[tuple[bytes, bytes]]:
    """If-None-Match and If-Modified-Since, verbatim and as a pair: both as stored, or neither (RFC 9110 §13.1)."""
    pair = [(b"If-None-Match", validators.etag), (b"If-Modified-Since", validators.last_modified)]
    stored = [(name, value) for name, value in pair if value]
    if not all(_FIELD_VALUE.fullmatch(value) for _, value in stored):
        return []
    return [(name, value.encode("latin-1")) for name, value in stored]


def checked_headers(response: httpx2.Response) -> dict[str, str]:
    """The headers with lower-case names, repeated ones joined by commas (RFC 9110 §5.3); read as Latin-1, so that
    an ETag goes back as the bytes that came. Cookies are nobody's business and left out."""
    raw = response.headers.raw
    if sum(len(name) + len(value) + 4 for name, value in raw) > MAX_HEADER_BYTES:
        raise Refused(PollOutcome.PROTOCOL_ERROR, f"sends more than {MAX_HEADER_BYTES} bytes of headers")
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name != "set-cookie":
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
