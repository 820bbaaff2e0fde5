"""OPML: what other programs write is read, what they should not write harms nobody."""

from __future__ import annotations

import codecs

import pytest
from made import NOON

from monitor.core.feeds import opml
from monitor.core.feeds.opml import Opml, OpmlFeed, read_opml, tag_of, write_opml
from monitor.model.errors import NotOpml


def listed(*outlines: str, before: str = "", version: str = "2.0") -> bytes:
    """An OPML file with these outlines, each in a line of its own; the first stands in line 3."""
    body = "\n".join(outlines)
    head = f"<opml version='{version}'><head><title>Mine</title></head>"
    return f"{before}{head}\n<body>\n{body}\n</body></opml>".encode()


def read(*outlines: str, **more: str) -> Opml:
    return read_opml(listed(*outlines, **more))


def feed(url: str = "https://news.example/feed", more: str = "") -> str:
    return f'<outline type="rss" text="News" xmlUrl="{url}" {more}/>'


# ---- what is read


def test_a_flat_list_of_opml_1_and_2_is_read_with_its_lines() -> None:
    for version in ("1.0", "1.1", "2.0"):
        found = read(feed(), feed("https://wire.example/feed"), version=version)
        assert [(one.url, one.name, one.line) for one in found.feeds] == [
            ("https://news.example/feed", "News", 3),
            ("https://wire.example/feed", "News", 4),
        ]
        assert not found.problems


def test_folders_and_categories_become_tags_of_one_word() -> None:
    found = read(
        '<outline text="South  Asia">',
        '<outline title="Pakistan">',
        feed(more='category="/news/daily,Urdu press,/news"'),
        "</outline>",
        feed("https://wire.example/feed"),
        "</outline>",
        feed("https://other.example/feed"),
    )
    assert [one.tags for one in found.feeds] == [
        ("South-Asia", "Pakistan", "news", "daily", "Urdu-press"),
        ("South-Asia",),
        (),
    ]


@pytest.mark.parametrize(
    ("name", "tag"),
    [("Border news", "Border-news"), ("  ", ""), ("طورخم  خبر", "طورخم-خبر"), ("a\tb\nc", "a-b-c")],
)
def test_a_folders_name_as_a_tag(name: str, tag: str) -> None:
    assert tag_of(name) == tag


@pytest.mark.parametrize("attribute", ["xmlUrl", "xmlurl", "XMLURL", "xmlURL"])
def test_the_url_is_found_in_every_spelling_of_its_attribute(attribute: str) -> None:
    assert read(f'<outline text="x" {attribute}=" https://news.example/feed "/>').feeds[0].url == (
        "https://news.example/feed"
    )


@pytest.mark.parametrize("url", ["feed://news.example/feed", "feed:http://news.example/feed"])
def test_an_address_as_feed_readers_write_it_is_a_web_address(url: str) -> None:
    assert read(feed(url)).feeds[0].url == "http://news.example/feed"


def test_the_name_is_the_text_or_the_title_on_one_line() -> None:
    found = read(
        '<outline text="" title="Dawn" xmlUrl="https://a.example/"/>',
        '<outline text="Two&#10;lines" xmlUrl="https://b.example/"/>',
        '<outline xmlUrl="https://c.example/"/>',
    )
    assert [one.name for one in found.feeds] == ["Dawn", "Two lines", ""]


def test_a_feed_may_hold_further_outlines() -> None:
    inside = '<outline text="News" xmlUrl="https://a.example/"><outline text="b" xmlUrl="https://b.example/"/></outline>'
    assert [(one.url, one.tags) for one in read(inside).feeds] == [
        ("https://a.example/", ()),
        ("https://b.example/", ()),
    ]


def test_an_outline_without_an_address_is_named_with_its_line_and_the_others_are_read() -> None:
    found = read('<outline text="A note"/>', feed(), '<outline text="">', "</outline>")
    assert len(found.feeds) == 1
    assert found.problems == ((3, '"A note" has no xmlUrl: no feed'), (5, "has no xmlUrl: no feed"))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('<outline text="A "free" press" xmlUrl="https://b.example/"/>', "attributes construct error"),
        ('<outline text="no end xmlUrl="https://b.example/"/>', "attributes construct error"),
        ('<outline text="x" a="1" a="2" xmlUrl="https://b.example/"/>', "Attribute a redefined"),
        ("<outline text='x'>" * 300 + "<outline/>", "Excessive depth"),
        ('<outline text="1 < 2" xmlUrl="https://b.example/"/>', "Unescaped '<' not allowed"),
    ],
)
def test_a_line_that_is_broken_in_itself_is_named_and_the_others_are_read(line: str, why: str) -> None:
    named = f'<outline xmlns:m="{opml.NAMESPACE}" text="Mine">'
    found = read(named, feed(more='m:interval="5m"'), line, feed(), "</outline>")
    assert len(found.feeds) == 2
    assert found.feeds[0].own == {"interval": "5m"}
    ((place, said),) = found.problems
    assert place == 5
    assert f"broken XML: {why}" in said


def test_a_bare_ampersand_in_an_address_is_what_it_is_meant_to_be() -> None:
    found = read(feed("https://news.example/?a=1&b=2&amp;c=3&copy=4"), '<outline text="R&D &eacute;&lt;&nix;"/>')
    assert found.feeds[0].url == "https://news.example/?a=1&b=2&c=3&copy=4"
    assert '"R&D é<&nix;"' in found.problems[0][1]


def test_lines_are_those_of_the_file_whatever_stands_before_the_root() -> None:
    before = "<?xml version='1.0'?>\r\n<!-- <opml> is\r\n meant -->\r\n<!DOCTYPE opml SYSTEM 'http://evil.example/x.dtd'>\r\n"
    assert read(feed(), before=before).feeds[0].line == 7


@pytest.mark.parametrize(
    "body",
    [
        codecs.BOM_UTF8 + listed('<outline text="Café طورخم" xmlUrl="https://a.example/"/>'),
        listed('<outline text="Café طورخم" xmlUrl="https://a.example/"/>').decode().encode("utf-16"),
        listed(
            '<outline text="Café طورخم" xmlUrl="https://a.example/"/>',
            before='<?xml version="1.0" encoding="latin-1"?>',
        ),
    ],
    ids=["BOM", "UTF-16", "a wrong declaration"],
)
def test_any_encoding_is_read(body: bytes) -> None:
    assert read_opml(body).feeds[0].name == "Café طورخم"


def test_an_old_encoding_is_read_as_declared() -> None:
    body = listed(
        '<outline text="Café" xmlUrl="https://a.example/"/>', before='<?xml version="1.0" encoding="latin-1"?>'
    )
    assert read_opml(body.decode().encode("latin-1")).feeds[0].name == "Café"


# ---- what is refused


@pytest.mark.parametrize(
    ("body", "line", "why"),
    [
        (b"", 0, "the file is empty"),
        (b"no markup at all", 0, "no OPML"),
        (b"\n<rss version='2.0'><channel/></rss>", 2, "no OPML: its first element is <rss>"),
        (b"<!DOCTYPE html>\n<html><body>", 2, "no OPML: its first element is <html>"),
        (listed("<outline text='x'>"), 4, "broken XML"),
        (listed(feed())[:-20], 3, "broken XML: AttValue: ' expected$"),
        (listed('<outline text="x" a="1" a="2">', "</outline>"), 3, "broken XML"),
        (listed(feed(), "<outl")[:-15], 4, "broken XML: Couldn't find end of Start Tag outl$"),
        (b"<!-- <opml version='1.0'/>", 0, "no OPML"),
    ],
)
def test_what_is_no_whole_opml_is_refused_with_its_line(body: bytes, line: int, why: str) -> None:
    with pytest.raises(NotOpml, match=why) as refused:
        read_opml(body)
    assert refused.value.line == line


@pytest.mark.parametrize(
    "entities",
    [
        '<!ENTITY a "aaaaaaaaaa">' + "".join(f'<!ENTITY a{n} "&a;&a;&a;&a;&a;&a;">' for n in range(20)),
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!entity % a SYSTEM "http://evil.example/x.dtd"> %a;',
    ],
    ids=["bomb", "file", "parameter"],
)
def test_entities_of_its_own_are_refused_before_anything_is_expanded(entities: str) -> None:
    with pytest.raises(NotOpml, match="entities of its own"):
        read(feed(more='title="&a;"'), before=f"<!DOCTYPE opml [\n{entities}\n]>\n")


def test_an_entity_that_is_declared_nowhere_is_text() -> None:
    assert read(feed(more='htmlUrl="&xxe;"')).feeds


def test_depth_is_bounded() -> None:
    with pytest.raises(NotOpml, match="broken XML"):
        read("<outline text='x'>" * 5_000 + "</outline>" * 5_000)


def test_a_list_longer_than_any_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opml, "MAX_FEEDS", 10)
    assert len(read(*[feed()] * 10).feeds) == 10
    with pytest.raises(NotOpml, match="more than 10 feeds"):
        read(*[feed()] * 11)


def test_no_control_character_and_no_endless_value_comes_through() -> None:
    name, tag, url = "a&#27;b&#x0;\x1b\u202e" + "x" * 5_000, "y" * 500, "https://a.example/" + "z" * 9_000
    found = read(f'<outline text="{name}" category="{tag}" xmlUrl="{url}"/>').feeds[0]
    assert found.name.startswith("ab\ufffdx")
    assert "\u202e" not in found.name
    assert max(len(found.name), len(found.tags[0]), len(found.url)) <= 3_000


def test_no_feed_has_endless_tags_or_attributes_of_ours_that_nobody_knows() -> None:
    many = ",".join(f"c{n}" for n in range(5_000))
    named = f'xmlns:m="{opml.NAMESPACE}" m:interval="5m" m:evil="x" category="{many}"'
    one = read(feed(more=named)).feeds[0]
    assert len(one.tags) == 50
    assert one.own == {"interval": "5m"}


# ---- what is written


def test_a_list_is_opml_2_with_a_folder_for_each_first_tag_and_the_rest_below() -> None:
    feeds = [
        OpmlFeed("https://a.example/", "A & <B>"),
        OpmlFeed("https://b.example/", "خبر", ("pakistan", "urdu")),
        OpmlFeed("https://c.example/", "", ("afghanistan",), {"interval": "5m"}),
    ]
    text = write_opml(feeds, "Feeds", NOON).decode()
    assert (
        text.index('text="afghanistan"') < text.index('text="pakistan"') < text.index('text="A &amp; &lt;B&gt;"')
    )
    assert '<opml xmlns:monitor="urn:media-monitor:opml:1" version="2.0">' in text
    assert 'category="/pakistan,/urdu"' in text
    assert "<dateCreated>Wed, 22 Feb 2023 12:00:00 +0000</dateCreated>" in text
    back = {one.url: one for one in read_opml(text.encode()).feeds}
    assert back["https://b.example/"].tags == ("pakistan", "urdu")
    assert back["https://c.example/"].own == {"interval": "5m"}
    assert back["https://a.example/"].name == "A & <B>"


def test_a_list_of_nothing_is_a_list() -> None:
    assert read_opml(write_opml([], "Feeds", NOON)) == Opml(())
