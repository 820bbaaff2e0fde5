"""HTML to plain text."""

from __future__ import annotations

import time

import pytest

from monitor.core.text.html import MAX_HTML, html_to_text, one_line, plain_title


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One<p>Two", "One\n\nTwo"),
        ("a<br>b<br/><br/>c", "a\nb\n\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("<div>a<div>b</div>c</div>", "a\n\nb\n\nc"),
        ("<b>bo</b>ld  and\n <i>slanted</i>", "bold and slanted"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n\n3"),
        ("x<script>bad()</script><style>p{}</style><!-- c -->y", "xy"),
        ("<p hidden>a</p><p style='Display: None'>b</p><p>c</p>tail", "c\n\ntail"),
        ("AT&amp;T &lt;b&gt; &#8220;q&#8221; &eacute;", "AT&T <b> “q” é"),
        ("<p>&amp;amp; &amp;lt;</p>", "&amp; &lt;"),
        ("x < y & z > w", "x < y & z > w"),
        ("line one\nline two\n\npara two", "line one line two\n\npara two"),
        ("a\0b\x1b\ud800c", "abc"),
        ('<?xml version="1.0" encoding="utf-16"?><p>é</p>', "é"),
        ("<p>a", "a"),
        ("<", "<"),
        ("<!--", ""),
        ("<html><head><title>no</title></head><body>yes</body></html>", "yes"),
    ],
)
def test_html_becomes_visible_text(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


@pytest.mark.parametrize(
    "piece", ["<div>", "<b ", "<!--", "<p>x</p>", "&amp;", "<a b=", "<table><tr><td>", "\n\n"]
)
def test_a_huge_fragment_is_read_in_bounded_time(piece: str) -> None:
    begun = time.process_time()
    text = html_to_text(piece * (3_000_000 // len(piece)))
    assert len(text) <= MAX_HTML
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("AT&T, R&D &copy=2", "AT&T, R&D &copy=2"),
        ("AT&amp;T", "AT&T"),
        ("&amp;amp;", "&amp;"),
        ("x < y > z and a<b", "x < y > z and a<b"),
        ("a <b and c> d", "a d"),  # reads as a tag to every browser
        ("The <em>big</em> <br/>day", "The big day"),
        ("<div>a</div><div>b</div>", "a b"),
        ("<unknown>kept</unknown>", "<unknown>kept</unknown>"),
        ("<scr<script>ipt>x", "<scr"),
        ("a\u2028b\u0085c\r\nd", "a b c d"),
        ("a\u200db\u200ec", "a\u200db\u200ec"),
        ("before <!-- never closed", "before"),
    ],
)
def test_a_title_is_cleaned_to_one_line(title: str, line: str) -> None:
    assert plain_title(title) == line


def test_a_long_line_is_cut_with_an_ellipsis() -> None:
    assert one_line("abc def", 5) == "abc…"
    assert one_line("abc", 3) == "abc"


@pytest.mark.parametrize("piece", ["<!--", "<script>", "<b ", "&amp", "< ", "</script", "\t"])
def test_a_huge_title_is_read_in_bounded_time(piece: str) -> None:
    begun = time.process_time()
    plain_title(piece * 1_000_000)
    assert time.process_time() - begun < 5
