"""What a server says of a feed in its Link header."""

from __future__ import annotations

import time

import pytest

from monitor.core.feeds.link_header import hub_of_header, links_of_header
from monitor.model.cadence import HubOffer

URL = "https://example.org/feed"


@pytest.mark.parametrize(
    ("value", "links"),
    [
        ('<https://hub.example/>; rel="hub"', {"hub": "https://hub.example/"}),
        ("<https://hub.example/>;rel=hub", {"hub": "https://hub.example/"}),
        ('</feed>; rel="self", </hub>; rel="hub"', {"self": "/feed", "hub": "/hub"}),
        ('<a>; title="x, <b>; rel=hub"; rel="self"', {"self": "a"}),
        ('<a>; title="say \\"hub\\""; REL="Self Hub"', {"self": "a", "hub": "a"}),
        ("<a>; rel=hub, <b>; rel=hub", {"hub": "a"}),
        ('<a,b;c>; rel="hub"', {"hub": "a,b;c"}),
        ('<a>; rel = "hub" ; type="x"', {"hub": "a"}),
        ('<a>; xrel="hub"', {}),
        ("<a>", {}),
        ("", {}),
        ("hub", {}),
        ('<a; rel="hub"', {}),
        ('<a>; rel="hub', {}),
        ("<>; rel=hub", {"hub": ""}),
    ],
)
def test_a_header_is_read_as_rfc_8288_writes_it(value: str, links: dict[str, str]) -> None:
    assert links_of_header(value) == links


def test_a_hub_comes_with_the_feeds_own_name_of_itself() -> None:
    offer = '<https://hub.example/>; rel=hub, </canonical>; rel="self"'
    assert hub_of_header(offer, URL) == HubOffer("https://hub.example/", "https://example.org/canonical")
    assert hub_of_header("</hub>; rel=hub", URL) == HubOffer("https://example.org/hub", URL)


@pytest.mark.parametrize(
    "value",
    [
        "<javascript:alert(1)>; rel=hub",
        "<file:///etc/passwd>; rel=hub",
        "<>; rel=hub",
        "</x>; rel=self",
        "",
        f"</{'x' * 3_000}>; rel=hub",
    ],
)
def test_what_is_no_hub_on_the_web_is_none(value: str) -> None:
    assert hub_of_header(value, URL) is None


@pytest.mark.parametrize(
    "value",
    [
        "<" * 1_000_000,
        "<>" * 500_000,
        '<a>; rel="' + "\\" * 1_000_000,
        "<a>" + ";rel" * 250_000,
        "<a>" + ' ;a="b"' * 200_000,
        "<a>; rel" + " " * 1_000_000,
        "<a>; rel=" + "x " * 500_000,
        ", ".join(f"<{n}>; rel=r{n}" for n in range(50_000)),
        "\0\r\nSet-Cookie: x" * 100_000,
        "<\ud800>; rel=hub" * 10_000,
    ],
)
def test_a_hostile_header_takes_no_time(value: str) -> None:
    begun = time.process_time()
    links = links_of_header(value)
    hub_of_header(value, URL)
    assert time.process_time() - begun < 0.5
    assert len(links) <= 10_000
