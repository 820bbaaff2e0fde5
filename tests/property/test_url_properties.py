"""What holds for every URL and every text."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.core.text import urls
from monitor.core.text.html import html_to_text, plain_title
from monitor.core.text.urls import canonical_url, feed_key, host_of, is_home_page

SCHEMES = st.sampled_from(["http://", "https://", "HTTP://", "//", "", "ftp://"])
HOSTS = st.sampled_from(
    ["example.org", "www.example.org", "m.www.amp.example.org", "e.org:80", "e.org:8080", "bücher.de", "[::1]",
     "www.google.com/amp/s/e.org", "e-org.cdn.ampproject.org/c/s", "u:p@e.org", "e.org.", "m.de", "ß.example"]
)  # fmt: skip
PIECES = st.one_of(
    st.sampled_from(
        ["amp", "index.html", "print", "a.amp", "a.amp.html", "%2F", "%25", "%252F", "%7E", "%C3%A9", "%FF", "é",
         "a b", "..", ".", "", "+", "%", "%0A", "default.aspx", "s", "c", "e.org"]
    ),
    st.text(max_size=5),
)  # fmt: skip
QUERIES = st.lists(
    st.sampled_from(
        ["id=1", "id=2", "utm_source=x", "amp", "amp=0", "b=%26", "c", "=", "é=ü", "print=1", "a=+", "%=%"]
    ),
    max_size=4,
).map("&".join)
FRAGMENTS = st.sampled_from(["", "#x", "#!/a", "#!/a?utm_source=x", "#"])
URLS = st.builds(
    lambda scheme, host, path, query, fragment: f"{scheme}{host}/{'/'.join(path)}?{query}{fragment}",
    SCHEMES,
    HOSTS,
    st.lists(PIECES, max_size=5),
    QUERIES,
    FRAGMENTS,
)


@given(st.one_of(URLS, st.text(max_size=60)))
@example("https://www.google.com/amp/s/" * 50 + "e.org/a")
@settings(max_examples=400, deadline=None)
def test_a_canonical_url_is_its_own_canonical_url(url: str) -> None:
    key = canonical_url(url)
    assert canonical_url(key) == key
    host_of(url)
    is_home_page(url)


@given(st.integers(0, 99), st.integers(0, 99), st.sampled_from(["id", "p", "story", "article_id"]))
@settings(deadline=None)
def test_an_unknown_parameter_always_tells_articles_apart(one: int, other: int, name: str) -> None:
    same = canonical_url(f"https://e.org/a?{name}={one}") == canonical_url(f"https://e.org/a?{name}={other}")
    assert same is (one == other)


MARKUP = st.lists(
    st.one_of(
        st.sampled_from(
            ["<p>", "</p>", "<br>", "<script>", "</script>", "<b", ">", "&amp;", "&lt;", "&#", "<!--", "\0"]
        ),
        st.text(max_size=8),
    ),
    max_size=20,
).map("".join)


@given(MARKUP)
@settings(max_examples=200, deadline=None)
def test_any_markup_becomes_storable_text_without_blank_edges(markup: str) -> None:
    text, title = html_to_text(markup), plain_title(markup, 50)
    for found in (text, title):
        found.encode()
        assert "\0" not in found
        assert found == found.strip()
    assert "\n\n\n" not in text
    assert "\n" not in title
    assert len(title) <= 50


@given(st.one_of(URLS, st.text(max_size=60)))
@example("http://example.org/ ?")
@example("http://example.org/a? #b")
def test_the_key_of_a_feed_is_its_own_key_and_nothing_breaks_it(url: str) -> None:
    assert feed_key(feed_key(url)) == feed_key(url)


_NAMES = [
    "index.html",
    "Default.aspx",
    "amp",
    "AMP.html",
    "x.amp.html",
    "print",
    "printable",
    "..",
    "",
    "a%7E",
]
PLAIN_PIECES = st.one_of(st.text("aBz09._~-", min_size=1, max_size=6), st.sampled_from(_NAMES))
PLAIN_HOSTS = st.sampled_from(
    ["example.org", "www.example.org", "m.de", "m.example.de", "mobile.www.example.org", "amp.example.org",
     "news.google.com", "google.co.uk", "bing.com", "cdn.ampproject.org", "127.0.0.1", "Example.org", "xn--e1a.de"]
)  # fmt: skip
ENDS = st.sampled_from(["", "", "", "?a=1", "?utm_source=x", "#top", "#!a"])


@given(st.sampled_from(["http", "https", "HTTPS"]), PLAIN_HOSTS, st.lists(PLAIN_PIECES, max_size=5), ENDS)
@settings(max_examples=400, deadline=None)
def test_the_quick_way_to_a_key_gives_the_key_of_the_long_way(
    scheme: str, host: str, pieces: list[str], end: str
) -> None:
    url = f"{scheme}://{host}" + "".join(f"/{piece}" for piece in pieces) + end
    quick = canonical_url(url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urls, "_PLAIN_KEY", re.compile("(?!)"))
        assert quick == canonical_url(url)
