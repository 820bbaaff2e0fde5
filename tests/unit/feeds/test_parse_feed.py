"""What comes out of a feed's bytes, format by format and trick by trick."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.core.feeds.parse import parse_feed
from monitor.model.entry import EntryFlag, ParsedEntry, ParsedFeed
from monitor.model.errors import NotAFeed

NOW = datetime(2023, 2, 22, 12, tzinfo=UTC)
URL = "https://example.org/feeds/home.xml"
DATE = "<pubDate>Wed, 22 Feb 2023 15:00:00 +0500</pubDate>"


def parse(body: bytes | str, content_type: str | None = "application/xml") -> ParsedFeed:
    return parse_feed(body.encode() if isinstance(body, str) else body, content_type, URL, NOW)


def rss(items: str, channel: str = "") -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{channel}{items}</channel></rss>'


def only(items: str) -> ParsedEntry:
    (entry,) = parse(rss(items)).entries
    return entry


def titled(title: str) -> str:
    return only(f"<item><title>{title}</title><guid>x</guid>{DATE}</item>").title


def test_rss_2_is_read_whole() -> None:
    feed = parse(
        rss(
            "<item><title>Border shut</title><link>/news/1?a=1&amp;b=2</link>"
            '<guid isPermaLink="false">tag:1</guid>'
            f"{DATE}<description>&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two &amp;amp; three.&lt;/p&gt;</description>"
            '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">'
            "<![CDATA[<p>Long.</p><script>bad()</script>]]></content:encoded>"
            '<dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Jane Doe</dc:creator></item>',
            "<link>https://example.org/</link><language>en-GB</language><ttl>30</ttl>",
        )
    )
    assert (feed.title, feed.link, feed.language) == ("T", "https://example.org/", "en-GB")
    assert (feed.engine, feed.cadence.ttl) == ("lxml", timedelta(minutes=30))
    assert feed.entries == (
        ParsedEntry(
            id="tag:1",
            title="Border shut",
            link="https://example.org/news/1?a=1&b=2",
            published=datetime(2023, 2, 22, 10, tzinfo=UTC),
            summary="One.\n\nTwo & three.",
            content="Long.",
            authors=("Jane Doe",),
            language="en-GB",
        ),
    )


def test_rss_1_dates_are_publication_dates() -> None:
    feed = parse(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>R</title></channel>'
        '<item rdf:about="https://example.org/1"><title>One</title><link>https://example.org/1</link>'
        "<dc:date>2023-02-22T10:00:00+05:00</dc:date></item></rdf:RDF>"
    )
    (entry,) = feed.entries
    assert (entry.id, entry.link) == ("https://example.org/1", "https://example.org/1")
    assert (entry.published, entry.updated) == (datetime(2023, 2, 22, 5, tzinfo=UTC), None)


def test_atom_keeps_published_and_updated_apart_and_resolves_xml_base() -> None:
    feed = parse(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://base.example/x/"><title>A</title>'
        '<entry><id>urn:uuid:1</id><title type="html">&lt;b&gt;Q&amp;amp;A&lt;/b&gt;</title>'
        '<link rel="alternate" href="../1"/><published>2023-02-20T10:00:00Z</published>'
        "<updated>2023-02-21T10:00:00Z</updated><author><name>N</name></author>"
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One</p><p>Two</p></div></content>'
        "</entry></feed>"
    )
    (entry,) = feed.entries
    assert (entry.id, entry.title, entry.link) == ("urn:uuid:1", "Q&A", "https://base.example/1")
    assert entry.published == datetime(2023, 2, 20, 10, tzinfo=UTC)
    assert entry.updated == datetime(2023, 2, 21, 10, tzinfo=UTC)
    assert (entry.content, entry.summary, entry.authors) == ("One\n\nTwo", "", ("N",))


def test_an_atom_text_title_is_text() -> None:
    feed = parse(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id>'
        '<title type="text">AT&amp;T: x &lt; y, &lt;details&gt; and &amp;lt;</title>'
        "<updated>2023-02-21T10:00:00Z</updated></entry></feed>"
    )
    assert feed.entries[0].title == "AT&T: x < y, <details> and &lt;"


@pytest.mark.parametrize("version", ["1", "1.1"])
def test_json_feed_is_read_whole(version: str) -> None:
    author = {"author": {"name": "N"}} if version == "1" else {"authors": [{"name": "N"}]}
    feed = parse(
        json.dumps(
            {
                "version": f"https://jsonfeed.org/version/{version}",
                "title": "J",
                "home_page_url": "https://example.org/",
                "language": "en",
                "items": [
                    {
                        "id": 7,
                        "url": "/7",
                        "title": "Seven",
                        "content_html": "<p>a</p><p>b</p>",
                        "summary": "s",
                        "date_published": "2023-02-22T10:00:00+05:00",
                        "date_modified": "2023-02-22T06:00:00Z",
                        **author,
                    }
                ],
            }
        ),
        "application/feed+json",
    )
    assert (feed.title, feed.link, feed.language, feed.engine) == ("J", "https://example.org/", "en", "json-feed")
    assert feed.entries == (
        ParsedEntry(
            id="7",
            title="Seven",
            link="https://example.org/7",
            published=datetime(2023, 2, 22, 5, tzinfo=UTC),
            updated=datetime(2023, 2, 22, 6, tzinfo=UTC),
            summary="s",
            content="a\n\nb",
            authors=("N",),
            language="en",
        ),
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty body"),
        (b" \r\n\0", "empty body"),
        (b"/etc/passwd", "plain text"),
        (b"https://example.org/feed", "plain text"),
        (b"<!DOCTYPE html><html><body><form><input type='password'></form></body></html>", "login page"),
        (b"<html><head><title>Just a moment...</title></head></html>", 'bot challenge.*"Just a moment..."'),
        (b"<html><head><title>404 &amp; co</title></head></html>", 'HTML page, not a feed \\("404 & co"\\)'),
        (b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'></urlset>", "a sitemap without news"),
        (b'{"error": "no"}', "no list of items"),
        (b'{"items": []}', "does not name jsonfeed.org"),
        (b"[1, 2]", "no list of items"),
        (b"{broken", "broken JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"<rss><chan", "broken XML"),
        (b"<!-- <rss></rss> --> nothing", "plain text"),
        (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel>&x;</channel></rss>', "entities"),
    ],
)
def test_a_body_that_is_no_feed_is_an_error_with_a_reason(body: bytes, why: str) -> None:
    with pytest.raises(NotAFeed, match=why) as caught:
        parse(body)
    assert len(caught.value.why.splitlines()) == 1
    assert len(caught.value.start) <= 500


def test_a_feed_without_entries_is_an_empty_feed() -> None:
    assert parse(rss("")).entries == ()


def test_a_body_that_is_a_path_or_url_opens_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text(rss("<item><title>secret</title></item>"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        for body in (str(secret), f"file://{secret}", f"http://127.0.0.1:{port}/feed"):
            with pytest.raises(NotAFeed):
                parse(body)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_an_external_dtd_is_not_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        doctype = f'<!DOCTYPE rss SYSTEM "http://127.0.0.1:{server.getsockname()[1]}/rss.dtd">'
        assert len(parse(doctype + rss("<item><title>x</title></item>")[21:]).entries) == 1
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("x &lt; y", "x < y"),
        ("&lt;b&gt;Bold&lt;/b&gt; move", "Bold move"),
        ("<![CDATA[<script>alert(1)</script>Hi]]>", "Hi"),
        ("&lt;script src=x&gt;alert(1)", ""),
        ("&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt; x", "x"),
        ("one\r\n two&#10;three\tfour", "one two three four"),
        ("Subject: x&#13;&#10;Bcc: y", "Subject: x Bcc: y"),
        ("caf&#233; &amp;#8220;q&amp;#8221;", "café “q”"),
        ("a&#x202e;b", "ab"),
    ],
)
def test_a_title_is_one_line_of_plain_text(title: str, read: str) -> None:
    assert titled(title) == read


def test_a_huge_title_is_cut_and_flagged() -> None:
    entry = only(f"<item><title>{'long ' * 100_000}</title></item>")
    assert len(entry.title) <= 1_000
    assert EntryFlag.TITLE_CUT in entry.flags


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "java&#10;script:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://",
        "http://[bad/",
    ],
)
def test_a_link_that_is_not_http_is_dropped(link: str) -> None:
    entry = only(f'<item><title>x</title><guid isPermaLink="false">1</guid><link>{link}</link></item>')
    assert entry.link is None
    assert EntryFlag.NO_LINK in entry.flags


def test_a_feedburner_entry_has_the_publishers_link() -> None:
    entry = only(
        "<item><title>x</title><link>http://feedproxy.google.com/~r/1</link>"
        '<f:origLink xmlns:f="http://rssnamespace.org/feedburner/ext/1.0">https://example.org/1</f:origLink></item>'
    )
    assert entry.link == "https://example.org/1"


@pytest.mark.parametrize(
    "body",
    [
        rss("<item><title>Grüße</title></item>").encode("utf-16-le"),
        rss("<item><title>Grüße</title></item>").encode("utf-16-be"),
        rss("<item><title>Grüße</title></item>").encode("utf-16"),
        rss("<item><title>Grüße</title></item>").encode("utf-8-sig"),
        rss("<item><title>Grüße</title></item>").encode("latin-1"),
        rss("<item><title>Grüße</title></item>").replace('"1.0"?', '"1.0" encoding="us-ascii"?').encode(),
        rss("<item><title>Grüße</title></item>").replace('"1.0"?', '"1.0" encoding="iso-8859-1"?').encode(),
        rss("<item><title>Grüße</title></item>").replace('"1.0"?', '"1.0" encoding="utf-7"?').encode(),
        rss("<item><title>Gr\0üße</title></item>").encode(),
        b"\r\n<br />\n<b>Warning</b>: cannot modify header\n" + rss("<item><title>Grüße</title></item>").encode(),
        b"<!-- made by x -->" + rss("<item><title>Grüße</title></item>").encode(),
    ],
)
@pytest.mark.parametrize("content_type", [None, "text/xml", "text/html; charset=iso-8859-1"])
def test_the_best_reading_of_a_wrong_charset_or_junk(body: bytes, content_type: str | None) -> None:
    assert [entry.title for entry in parse(body, content_type).entries] == ["Grüße"]


def test_a_declared_single_byte_charset_is_used() -> None:
    body = rss("<item><title>Пограничный переход закрыт</title></item>").encode("windows-1251")
    assert parse(body, "text/xml; charset=windows-1251").entries[0].title == "Пограничный переход закрыт"


@pytest.mark.parametrize("end", ["</rss>", "<torn off=here>"])
def test_a_module_is_known_by_its_usual_prefix_where_its_address_is_wrong(end: str) -> None:
    # Programs that move a site to https rewrite these addresses too.
    spaces = (
        'xmlns:content="https://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1" '
        'xmlns:atom="https://www.w3.org/2005/Atom"'
    )
    item = (
        "<item><title>x</title><guid>1</guid><dc:date>2023-02-22T10:00:00Z</dc:date>"
        "<content:encoded>Long.</content:encoded></item>"
    )
    hub = '<atom:link rel="hub" href="https://hub.example/"/>'
    feed = parse(f'<rss version="2.0" {spaces}><channel><title>T</title>{hub}{item}</channel>{end}')
    assert [(one.content, one.published) for one in feed.entries] == [
        ("Long.", datetime(2023, 2, 22, 10, tzinfo=UTC))
    ]
    assert feed.hub is not None


@pytest.mark.parametrize(
    ("inside", "id_", "link"),
    [
        ("<link/><guid>https://e.org/1</guid>", "https://e.org/1", "https://e.org/1"),
        ('<link></link><guid isPermalink="false">https://e.org/1</guid>', "https://e.org/1", None),
        ('<guid ispermalink="false">7</guid>', "7", None),
    ],
)
def test_a_guid_is_the_link_where_nothing_else_is_and_it_may_be(inside: str, id_: str, link: str | None) -> None:
    body = rss(f"<item><title>x</title>{inside}</item>").replace("<rss ", '<rss xml:base="https://b.example/" ')
    for text in (body, body.replace("</rss>", "<torn off=here>")):
        (entry,) = parse(text).entries
        assert (entry.id, entry.link) == (id_, link)


@pytest.mark.parametrize("link", ["https://e.org/?a=1&amp;amp;b=2", "<![CDATA[https://e.org/?a=1&#038;b=2]]>"])
def test_a_link_that_is_escaped_twice_leads_where_it_is_meant_to(link: str) -> None:
    body = rss(f"<item><title>x</title><link>{link}</link></item>")
    for text in (body, body.replace("</rss>", "<torn off=here>")):
        assert parse(text).entries[0].link == "https://e.org/?a=1&b=2"


@pytest.mark.parametrize("where", range(1, 300, 7))
def test_an_answer_that_was_cut_short_makes_no_new_entry_of_half_a_one(where: int) -> None:
    items = [
        f"<item><title>Title {n}</title><link>https://e.org/{n}00</link><guid>https://e.org/{n}00</guid>{DATE}"
        "<description><![CDATA[<p>Words.</p>]]></description></item>"
        for n in range(5)
    ]
    known = [entry.id for entry in parse(rss("".join(items))).entries]
    cut = rss("".join(items)).removesuffix("</channel></rss>")[:-where]
    ids = [entry.id for entry in parse(cut).entries]
    assert ids == known[: len(ids)]
    assert len(ids) >= 3


def test_an_only_entry_that_was_cut_short_is_read() -> None:
    assert [entry.title for entry in parse("<rss><channel><item><title>x</title>").entries] == ["x"]


def test_entries_that_nobody_closes_are_all_read() -> None:
    body = "<rss><channel><item><title>x</title><item><title>y</title></channel></rss>"
    assert [entry.title for entry in parse(body).entries] == ["x", "y"]


def test_an_end_of_the_feed_in_a_text_does_not_end_it() -> None:
    quoted = "<item><title>How feeds end</title><description><![CDATA[with </rss>]]></description></item>"
    body = rss(f"{quoted}<item><title>Two & three</title></item>").replace("</channel></rss>", "<torn off=here>")
    assert [entry.title for entry in parse(body).entries] == ["How feeds end", "Two & three"]


def test_words_with_colons_are_not_taken_for_modules() -> None:
    words = " ".join(f"a{chr(97 + n % 26)}{n}:word" for n in range(200))
    feed = parse(rss(f"<item><title>Q&A</title><description>{words}</description><wp:id>1</wp:id></item>"))
    assert (feed.engine, feed.entries[0].title) == ("lxml", "Q&A")


def test_utf_7_is_never_decoded() -> None:
    body = (
        b'<?xml version="1.0" encoding="utf-7"?>'
        + rss("<item><title>+ADw-script+AD4-</title></item>")[21:].encode()
    )
    assert parse(body, "text/xml; charset=utf-7").entries[0].title == "+ADw-script+AD4-"


def test_broken_xml_gives_the_entries_that_can_be_read() -> None:
    body = rss("<item><title>One &nbsp; &broken;</title></item><item><title>Two</title></item>").replace(
        "</rss>", ""
    )
    assert [entry.title.split()[0] for entry in parse(body).entries] == ["One", "Two"]


def test_without_an_id_the_link_then_the_title_and_date_identify() -> None:
    linked = only("<item><title>x</title><link>https://example.org/1</link></item>")
    assert linked.id == "https://example.org/1"
    assert EntryFlag.NO_ID in linked.flags
    ids = {only(f"<item><title>{title}</title>{date}</item>").id for title in ("x", "y") for date in (DATE, "")}
    assert len(ids) == 4
    assert only(f"<item><title>x</title>{DATE}</item>").id in ids


def test_a_link_that_is_longer_than_an_id_may_be_identifies_by_its_hash() -> None:
    links = [f"https://example.org/{'x' * 3_000}{end}" for end in "ab"]
    ids = [only(f"<item><title>x</title><link>{link}</link></item>").id for link in links]
    assert len(set(ids)) == 2
    assert all(one.startswith("blake2:") for one in ids)


def test_an_id_made_from_a_future_date_is_the_same_at_every_poll() -> None:
    body = rss("<item><title>x</title><pubDate>Fri, 22 Feb 2030 15:00:00 GMT</pubDate></item>").encode()
    ids = {parse_feed(body, None, URL, NOW + timedelta(hours=n)).entries[0].id for n in range(3)}
    assert len(ids) == 1


def test_an_id_is_kept_verbatim() -> None:
    assert only('<item><guid isPermaLink="false">HTTP://Example.ORG/a b?utm_source=x</guid></item>').id == (
        "HTTP://Example.ORG/a b?utm_source=x"
    )
    assert only("<item><guid>relative/guid</guid></item>").id == "relative/guid"


def test_a_future_date_is_clamped_and_flagged() -> None:
    entry = only("<item><title>x</title><pubDate>Fri, 22 Feb 2030 15:00:00 GMT</pubDate></item>")
    assert entry.published == NOW
    assert EntryFlag.FUTURE_DATE in entry.flags


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 01 Jan 0001 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_a_missing_or_absurd_date_is_none_and_flagged(date: str) -> None:
    entry = only(f"<item><title>x</title><pubDate>{date}</pubDate></item>")
    assert entry.published is None
    assert EntryFlag.NO_DATE in entry.flags


def test_the_newest_thousand_entries_are_kept_in_the_feeds_order() -> None:
    items = "".join(
        f"<item><title>{n}</title><pubDate>{datetime(2020, 1, 1) + timedelta(hours=n):%FT%TZ}</pubDate></item>"
        for n in range(1_500)
    )
    assert [entry.title for entry in parse(rss(items)).entries] == [str(n) for n in range(500, 1_500)]


def test_lone_surrogates_of_a_json_feed_can_be_stored() -> None:
    item = '{"id": "a\\ud800", "title": "t\\udfff", "content_text": "x\\ud800"}'
    body = '{"version": "https://jsonfeed.org/version/1.1", "items": [' + item + "]}"
    (entry,) = parse(body).entries
    for text in (entry.id, entry.title, entry.content):
        text.encode()


def test_an_entry_may_say_a_language_of_its_own() -> None:
    feed = parse(
        rss(
            "<item><title>A</title><guid>1</guid>"
            '<dc:language xmlns:dc="http://purl.org/dc/elements/1.1/">ur</dc:language></item>'
            "<item><title>B</title><guid>2</guid></item>",
            "<language>en</language>",
        )
    )
    assert [entry.language for entry in feed.entries] == ["ur", "en"]
    atom = parse(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>A</title>'
        '<entry xml:lang="ps"><id>1</id><title>B</title></entry><entry><id>2</id><title>C</title></entry></feed>'
    )
    assert [entry.language for entry in atom.entries] == ["ps", "en"]
    items = [{"id": "1", "title": "A", "language": "fa"}, {"id": "2", "title": "B"}]
    form = {"version": "https://jsonfeed.org/version/1.1", "title": "J", "language": "en", "items": items}
    assert [entry.language for entry in parse(json.dumps(form)).entries] == ["fa", "en"]


def test_a_feed_that_says_no_language_gives_its_entries_none() -> None:
    assert parse(rss("<item><title>A</title><guid>1</guid></item>")).entries[0].language is None
