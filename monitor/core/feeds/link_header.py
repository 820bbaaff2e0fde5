"""The HTTP `Link` header (RFC 8288), where a server names a feed's hub (WebSub §4), or a page's feeds. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from monitor.core.text.urls import MAX_KEY, absolute_http_url
from monitor.model.cadence import HubOffer

_LONGEST = 16_000  # code points: servers cap all headers of an answer at about as much
_MOST_LINKS = 50
# One link: its address in angle brackets, then parameters, whose values may be quoted. Possessive and of disjoint
# parts, so that no header takes more than one pass.
_LINK = re.compile(r'<([^<>]*+)>((?:[^<>",]++|"(?:[^"\\]|\\.)*+")*+)')
_ESCAPED = re.compile(r"\\(.)")
_PARAMETER = re.compile(r';\s*+([^\s=;,"]++)\s*+(?:=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;,"]*+)))?')


def read_link_header(value: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each target that a `Link` header names, and its parameters by their names in lower case.

    Several headers are one with commas between (RFC 9110 §5.3). Targets may be relative, and anything at all. Of
    a parameter that is given twice the first counts (RFC 8288 §3.3). What is no link is skipped; at most 50 links
    are read. Never raises.
    """
    for link in islice(_LINK.finditer(value[:_LONGEST]), _MOST_LINKS):
        said: dict[str, str] = {}
        for name, quoted, plain in _PARAMETER.findall(link[2]):
            said.setdefault(name.lower(), _ESCAPED.sub(r"\1", quoted) or plain)
        yield link[1].strip(), said


def links_of_header(value: str) -> dict[str, str]:
    """The targets that a `Link` header names, by their relations in lower case; of each relation the first."""
    found: dict[str, str] = {}
    for target, said in read_link_header(value):
        for name in said.get("rel", "").lower().split():
            found.setdefault(name, target)
    return found


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
