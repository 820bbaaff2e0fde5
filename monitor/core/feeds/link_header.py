"""The HTTP `Link` header (RFC 8288), where a server names the hub of a feed (WebSub §4). Pure."""

from __future__ import annotations

import re

from monitor.core.text.urls import MAX_KEY, absolute_http_url
from monitor.model.cadence import HubOffer

_LONGEST = 16_000  # code points: servers cap all headers of an answer at about as much
_MOST_LINKS = 50
# One link: its address in angle brackets, then parameters, whose values may be quoted. Possessive and of disjoint
# parts, so that no header takes more than one pass.
_LINK = re.compile(r'<([^<>]*+)>((?:[^<>",]++|"(?:[^"\\]|\\.)*+")*+)')
_PARAMETER = re.compile(r';\s*+([^\s=;,"]++)\s*+(?:=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;,"]*+)))?')


def links_of_header(value: str) -> dict[str, str]:
    """The targets that a `Link` header names, by their relations in lower case; of each relation the first.

    Several headers are one with commas between (RFC 9110 §5.3). Targets may be relative, and anything at all. What
    is no link is skipped; at most 50 links are read. Never raises.
    """
    found: dict[str, str] = {}
    for count, link in enumerate(_LINK.finditer(value[:_LONGEST])):
        if count == _MOST_LINKS:
            break
        for name in _relations(link[2]):
            found.setdefault(name, link[1].strip())
    return found


def _relations(parameters: str) -> list[str]:
    """The names in the first `rel`: RFC 8288 §3.3 ignores others."""
    for one in _PARAMETER.finditer(parameters):
        if one[1].lower() == "rel":
            return (one[2] or one[3] or "").lower().split()
    return []


def hub_of_header(value: str, url: str) -> HubOffer | None:
    """The hub that a `Link` header offers for the feed at `url`, whose topic is its `self` link, else `url`."""
    links = links_of_header(value)
    return hub_offer(links.get("hub", ""), links.get("self", ""), url)


def hub_offer(hub: str, topic: str, url: str) -> HubOffer | None:
    """The hub at the address `hub`, if it is one that can be kept, for the feed at `url`, which may say `topic`.

    One of more than MAX_KEY bytes is none: the store finds feeds by their hub.
    """
    address = absolute_http_url(hub, url)
    if not address or len(address.encode("utf-8", "surrogatepass")) > MAX_KEY:
        return None
    return HubOffer(address, absolute_http_url(topic, url) or url)
