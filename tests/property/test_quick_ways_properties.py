"""The quick ways of making texts and links plain end where the thorough ones do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.text import html, urls

PHRASES = ("b", "i", "a href='x'", 'span class="y"', "em", "font", "small", "sup", "q")
BLOCKS = ("p", "div", "li", "h2", "blockquote", "section", "figcaption")
LEAVES = (
    " ", "\n", "x", "word one", "a.", "&amp;", "&nbsp;", "&#8217;", "سرحد", "Ж", " .", "<br>", "<br/>",
    "&lt;p&gt;", "<img src='a.jpg' alt='q'>", "&copy;", "&unknown;", "&#146;", "R&D", "a < b",
    "<span hidden>h</span>",
    "\x1c", "<b style='display:none'>h</b>", "\u200c", "\u202e", "<table><tr><td>c</td></tr></table>",
    "<script>s</script>",
)  # fmt: skip


def inside(names: tuple[str, ...], content: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(st.sampled_from(names), content)
    return pairs.map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0].split()[0]}>")


def many(one: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(one, max_size=4).map("".join)


PHRASE = st.recursive(st.sampled_from(LEAVES), lambda part: inside(PHRASES, part) | many(part), max_leaves=8)
FLOW = st.recursive(
    PHRASE | inside(BLOCKS, PHRASE) | st.just("<hr>"),
    lambda part: inside(("div", "blockquote", "section", "ul", "li"), part) | many(part),
    max_leaves=8,
)


def words(text: str) -> list[str]:
    return text.split()


@given(FLOW)
@settings(max_examples=300, deadline=None)
def test_markup_of_paragraphs_and_phrases_needs_no_tree(markup: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        quick = html.html_to_text(markup)
        patched.setattr(html, "_plain_parts", lambda _: None)
        thorough = html.html_to_text(markup)
    # Of tables and scripts inside phrases libxml2 makes other paragraphs: never other words.
    assert quick == thorough if "<table" not in markup else words(quick) == words(thorough)


@given(
    st.from_regex(urls._PLAIN_URL, fullmatch=True),
    st.sampled_from(["", "https://e.org/f", "http://e.org/a/b?x=1", "https://x.org"]),
)
@settings(max_examples=300, deadline=None)
def test_a_plain_address_is_as_it_would_be_joined_and_cleaned(link: str, base: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        quick = urls.absolute_http_url(link, base)
        patched.setattr(urls, "_PLAIN_URL", re.compile("(?!)"))
        assert quick == urls.absolute_http_url(link, base)
