"""Feeds as the wire brings them, one peculiarity each: what every engine has to read alike."""

from __future__ import annotations

from dataclasses import dataclass

_DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
_CONTENT = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
_MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'
_ATOM = 'xmlns:atom="http://www.w3.org/2005/Atom"'
_ITUNES = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
_FEEDBURNER = 'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
_TERMS = 'xmlns:dcterms="http://purl.org/dc/terms/"'
_SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
_WHEN = "<pubDate>Wed, 22 Feb 2023 15:00:00 +0500</pubDate>"
_ISO_WHEN = "<published>2023-02-20T10:00:00Z</published><updated>2023-02-21T10:00:00Z</updated>"
_URDU = "طورخم سرحد دو روز بعد دوبارہ کھول دی گئی"
_PASHTO = "په کابل کې د ښوونځیو پرانیستل"
_RUSSIAN = "Пограничный переход закрыт"


@dataclass(frozen=True, slots=True)
class WireFeed:
    """A feed's bytes as a server sends them; `entries` is how many it has."""

    name: str
    body: bytes
    content_type: str | None = None
    entries: int = 1


def rss(items: str, channel: str = "", spaces: str = "", version: str = "2.0", head: str = "") -> str:
    """An RSS feed around its items."""
    named = "" if "<title>" in channel else "<title>Channel</title>"
    return (
        f'{head}<rss version="{version}" {spaces}><channel>{named}<link>https://example.org/</link>{channel}'
        f"{items}</channel></rss>"
    )


def item(inside: str, title: str = "<title>Border shut</title>") -> str:
    """An RSS entry with a link, an id and a date of its own."""
    return (
        f"<item>{title}<link>https://example.org/1</link><guid>https://example.org/1</guid>{_WHEN}{inside}</item>"
    )


def atom(entries: str, feed: str = "<title>Atom</title>", spaces: str = "", attributes: str = "") -> str:
    """An Atom 1.0 feed around its entries."""
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {spaces} {attributes}>{feed}{entries}</feed>'


def entry(inside: str, title: str = "<title>Border shut</title>") -> str:
    """An Atom entry with a link, an id and dates of its own."""
    return f'<entry><id>urn:uuid:1</id>{title}<link href="https://example.org/1"/>{_ISO_WHEN}{inside}</entry>'


def rdf(items: str, uri: str = "http://purl.org/rss/1.0/", spaces: str = _DC) -> str:
    """An RDF feed: entries beside the channel."""
    return (
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="{uri}" {spaces}>'
        f'<channel rdf:about="https://example.org/"><title>R</title><link>https://example.org/</link></channel>'
        f"{items}</rdf:RDF>"
    )


_TWO = "<item><title>One</title><link>/1</link></item><item><title>Two</title><link>/2</link></item>"
_XHTML = '<div xmlns="http://www.w3.org/1999/xhtml"><p>One &lt; two</p><p>Two<br/>lines</p></div>'

_TEXTS: dict[str, str] = {
    # RSS in its versions
    "rss 0.91": rss(_TWO.replace("</item>", "<description>words</description></item>"), version="0.91"),
    "rss 0.91 userland": rss(
        _TWO, version="0.91", head='<!DOCTYPE rss PUBLIC "x" "http://my.netscape.com/x.dtd">'
    ),
    "rss 0.92": rss(
        '<item><description>no title, only <a href="/x">words</a></description></item>', version="0.92"
    ),
    "rss 2.0": rss(
        item("<description>&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two &amp;amp; three.&lt;/p&gt;</description>")
    ),
    "rss 2.0 with a namespace": rss(item("<description>x</description>")).replace(
        "<rss ", '<rss xmlns="http://backend.userland.com/rss2" '
    ),
    "rss without a version": rss(_TWO).replace('version="2.0"', ""),
    "rss of wordpress": rss(
        item(
            "<dc:creator><![CDATA[Jane Doe]]></dc:creator><category><![CDATA[World]]></category>"
            "<description><![CDATA[<p>Short &#8230; [&#8230;]</p>]]></description>"
            '<content:encoded><![CDATA[<p>Long &#8220;quote&#8221;.</p>\n<p><img src="/a.jpg" />More.</p>]]>'
            "</content:encoded><slash:comments>3</slash:comments>"
        ),
        '<atom:link href="https://example.org/feed/" rel="self" type="application/rss+xml" />'
        "<lastBuildDate>Wed, 22 Feb 2023 10:00:00 +0000</lastBuildDate><language>en-US</language>"
        "<sy:updatePeriod>\n\thourly\t</sy:updatePeriod><sy:updateFrequency>\n\t2\t</sy:updateFrequency>",
        f"{_CONTENT} {_DC} {_ATOM} {_SY} xmlns:slash='http://purl.org/rss/1.0/modules/slash/'",
    ),
    "rss items outside the channel": rss("").replace("</channel>", "</channel>" + _TWO),
    "rss item in capitals": rss("<item><TITLE>One</TITLE><Link>/1</Link><PubDate>2023-02-22</PubDate></item>"),
    "rss ids that are no links": rss('<item><title>x</title><guid isPermaLink="false">tag:1 2</guid></item>'),
    "rss ids with references": rss("<item><title>x</title><guid>https://example.org/?a=1&amp;p=2</guid></item>"),
    "rss ids with numeric references": rss(
        "<item><title>x</title><guid>https://e.org/?a=1&#038;p=2</guid></item>"
    ),
    "rss id before a link": rss("<item><guid>https://e.org/id</guid><link>https://e.org/link</link></item>"),
    "rss id instead of a link": rss("<item><title>x</title><guid>https://e.org/id</guid></item>"),
    "rss without ids and links": rss(f"<item><title>x</title>{_WHEN}</item><item><title>y</title></item>"),
    "rss with two titles": rss("<item><title>First</title><title>Second</title></item>"),
    "rss with an empty title first": rss("<item><title/><title>Second</title></item>"),
    "rss with two links": rss("<item><title>x</title><link>/1</link><link>/2</link></item>"),
    "rss with links of atom": rss(
        '<item><title>x</title><atom:link rel="alternate" href="/a"/><link>/1</link>'
        '<atom:link rel="replies" href="/c"/></item>'
        '<item><title>y</title><atom:link href="/only" type="text/html"/><atom:link rel="self" href="/s"/></item>',
        spaces=_ATOM,
    ),
    "rss of feedburner": rss(
        "<item><title>x</title><link>http://feedproxy.google.com/~r/1</link>"
        "<feedburner:origLink>https://example.org/1?a=1&amp;b=2</feedburner:origLink></item>",
        spaces=_FEEDBURNER,
    ),
    "rss ids that are no links, in other letters": rss(
        '<item><title>x</title><guid isPermalink="false">1</guid></item>'
        '<item><title>y</title><guid ispermalink="false">https://e.org/2</guid></item>'
        '<item><title>z</title><guid isPermaLink="False">3</guid></item>'
    ).replace("<rss ", '<rss xml:base="https://base.example/" '),
    "rss id instead of an empty link": rss(
        "<item><title>x</title><link/><guid>https://e.org/1</guid></item>"
        "<item><title>y</title><link> <![CDATA[]]> </link><guid>https://e.org/2</guid></item>"
        '<item><title>z</title><link></link><guid isPermaLink="false">https://e.org/3</guid></item>'
        "<item><title>z</title><link>https://e.org/4</link><link></link><guid>https://e.org/5</guid></item>"
    ),
    "rss links that are escaped twice": rss(
        "<item><title>v</title><link>https://e.org/?a=1&amp;amp;b=2</link></item>"
        "<item><title>w</title><link><![CDATA[ https://e.org/?a=1&amp;c=2&copy=3 ]]></link></item>"
        "<item><title>x</title><link><![CDATA[https://e.org/?a=1&#038;d=2]]></link></item>"
        "<item><title>y</title><guid>https://e.org/?a=1&amp;amp;e=2</guid></item>"
        '<item><title>z</title><atom:link href="https://e.org/?a=1&amp;amp;f=2"/></item>',
        spaces=_ATOM,
    ),
    "rss with base": rss("<item><title>x</title><link>../1</link><guid>2</guid></item>").replace(
        "<rss ", '<rss xml:base="https://base.example/x/y" '
    ),
    "rss with a relative link": rss("<item><title>x</title><link>?id=1&amp;x=2</link></item>"),
    # dates
    "rss date of dublin core": rss(
        "<item><title>x</title><dc:date>2023-02-22T10:00:00+05:30</dc:date></item>", spaces=_DC
    ),
    "rss date of terms": rss(
        "<item><title>x</title><dcterms:issued>2023-02-22</dcterms:issued>"
        "<dcterms:modified>2023-02-23T01:02Z</dcterms:modified></item>",
        spaces=_TERMS,
    ),
    "rss date of atom": rss(
        f"<item><title>x</title>{_WHEN}<atom:updated>2023-02-22T12:00:00Z</atom:updated></item>", spaces=_ATOM
    ),
    "rss dates with zone names": rss(
        "".join(
            f"<item><title>{zone}</title><pubDate>Wed, 22 Feb 2023 15:00:00 {zone}</pubDate></item>"
            for zone in ("GMT", "UT", "Z", "EST", "PDT", "PKT", "MSK", "CEST", "IST", "XYZ", "GMT+5", "UTC+0500")
        )
    ),
    "rss dates with odd forms": rss(
        "".join(
            f"<item><title>{number}</title><pubDate>{date}</pubDate></item>"
            for number, date in enumerate(
                (
                    "Wed, 22 Feb 23 15:00:00 +0500",
                    "22 Feb 2023 15:00 GMT",
                    "22 Feb 1999",
                    "Wednesday, 22 February 2023 15:00:00 GMT",
                    "2023-02-22 15:00:00",
                    "2023-02-22T15:00:00.123456+05:00",
                    "2023-02-22T15:00:00+0530",
                    "2023-02",
                    "Feb 22, 2023",
                    "Wed Feb 22 15:00:00 2023",
                    "\n  Wed, 22 Feb 2023\n 15:00:00 GMT  ",
                    "Wed, 22 Feb 2023 24:00:00 GMT",
                    "Wed, 31 Feb 2023 10:00:00 GMT",
                    "22-Feb-2023 15:00:00 GMT",
                    "yesterday",
                    "12:30",
                    "20230222T150000Z",
                    "Wed, 22 Feb 2023 15:00:60 GMT",
                    "2023년 2월 22일  3:00:00 오후",
                    "",
                )
            )
        )
    ),
    "rss date given twice": rss(
        f"<item><title>x</title>{_WHEN}<pubDate>Thu, 23 Feb 2023 10:00:00 GMT</pubDate></item>"
    ),
    "rss without dates": rss(_TWO),
    "rss ids that look like dates": rss('<item><title>x</title><guid isPermaLink="false">20230222</guid></item>'),
    # texts
    "rss titles with markup": rss(
        "".join(
            f"<item><title>{title}</title><guid>{number}</guid></item>"
            for number, title in enumerate(
                (
                    "AT&amp;T",
                    "AT&amp;amp;T",
                    "x &lt; y",
                    "&lt;b&gt;Bold&lt;/b&gt; move",
                    "<![CDATA[<i>Slanted</i> &amp; plain]]>",
                    "caf&#233; &amp;#8220;q&amp;#8221;",
                    "in <b>real</b> markup",
                    "one\r\n two",
                    "<![CDATA[cut]]><![CDATA[ in two]]>",
                    "with <!-- a comment --> inside",
                    "Windows&#146;s quote",
                    "mÃ¼de",
                    "   ",
                )
            )
        )
    ),
    "rss description in real markup": rss(item("<description>One <p>two</p><p>three &lt; four</p></description>")),
    "rss description twice": rss(item("<description>Short.</description><description>Long, long.</description>")),
    "rss description and summary of itunes": rss(
        item(
            "<description>Short.</description><itunes:summary>As heard.</itunes:summary>"
            "<itunes:author>A</itunes:author>"
        ),
        spaces=_ITUNES,
    ),
    "rss content before description": rss(
        item("<content:encoded>&lt;p&gt;Long.&lt;/p&gt;</content:encoded><description>Short.</description>"),
        spaces=_CONTENT,
    ),
    "rss content equal to description": rss(
        item("<description>Same.</description><content:encoded>Same.</content:encoded>"), spaces=_CONTENT
    ),
    "rss content only": rss(item("<content:encoded>&lt;p&gt;Long.&lt;/p&gt;</content:encoded>"), spaces=_CONTENT),
    "rss body of xhtml": rss(
        item('<description>Short.</description><body xmlns="http://www.w3.org/1999/xhtml"><p>Long.</p></body>')
    ),
    "rss of media": rss(
        item(
            '<media:title>Picture</media:title><media:thumbnail url="/t.jpg"/><description>Words.</description>'
            '<media:content url="/a.jpg"><media:description>A caption</media:description></media:content>'
            "<media:group><media:title>Group</media:title></media:group><media:credit>AP</media:credit>",
        ),
        spaces=_MEDIA,
    ),
    "rss of media first": rss(
        "<item><media:title>Picture</media:title><media:description>Caption</media:description>"
        "<title>Headline</title><description>Words.</description><guid>1</guid></item>",
        spaces=_MEDIA,
    ),
    "rss of media only": rss(
        "<item><media:group><media:title>In a group</media:title><media:description>Said</media:description>"
        "</media:group><guid>1</guid></item>",
        spaces=_MEDIA,
    ),
    "rss with a title of dublin core": rss("<item><dc:title>Headline</dc:title><guid>1</guid></item>", spaces=_DC),
    "rss authors": rss(
        item("<author>jane@example.org (Jane Doe)</author><dc:creator>John &amp; Co</dc:creator>")
        + item("<author>Jane Doe &lt;jane@example.org&gt;</author>")
        + item("<author>jane@example.org</author>")
        + item("<dc:creator>A</dc:creator><dc:creator>B</dc:creator><dc:creator/>"),
        spaces=_DC,
    ),
    "rss source and image": rss(
        item(
            '<source url="https://other.example/">Other</source>'
            '<enclosure url="/a.mp3" length="1" type="audio/x"/>'
        ),
        "<image><title>Logo</title><url>/l.png</url><link>https://logo.example/</link></image>",
    ),
    "rss in urdu": rss(
        item(f"<description>{_URDU}۔</description>", f"<title>{_URDU}</title>"), "<language>ur</language>"
    ),
    "rss in pashto": rss(
        item(f"<description><![CDATA[<p>{_PASHTO}</p>]]></description>", f"<title>{_PASHTO}</title>")
    ),
    "rss in russian": rss(item(f"<description>{_RUSSIAN}.</description>", f"<title>{_RUSSIAN}</title>")),
    "rss with languages of entries": rss(
        "<item><title>A</title><dc:language>ur</dc:language></item><item><title>B</title></item>",
        "<language>en</language>",
        _DC,
    ),
    "rss with html's entities": rss(
        item("<description>A&nbsp;dash &mdash; &hellip; &copy; AT&T &unknown; R&D</description>"),
    ),
    "rss with bare ampersands in addresses": rss(
        "<item><title>Q&A</title><link>https://e.org/?a=1&b=2</link><guid>https://e.org/?p=1&q=2&amp;r=3</guid></item>"
    ),
    "rss with undeclared modules": rss(
        item("<dc:creator>Jane</dc:creator><content:encoded>Long.</content:encoded>")
    ),
    "rss with modules over https": rss(
        item(
            "<dc:creator>Jane</dc:creator><content:encoded>Long.</content:encoded><description>Short.</description>"
            '<atom:updated>2023-02-23T10:00:00Z</atom:updated><atom:link href="https://e.org/a"/>'
            "<media:group><media:title>Picture</media:title></media:group>"
        ),
        spaces=f"{_DC} {_CONTENT} {_MEDIA} {_ATOM}".replace("http:", "https:"),
    ),
    "rss with modules misspelt": rss(
        "<item><title>x</title><dc:date>2023-02-22T10:00:00Z</dc:date><content:encoded>Long.</content:encoded>"
        "<description>Short.</description><media:description>Caption</media:description></item>",
        spaces='xmlns:dc="http://purl.org/dc/elements/1.1" xmlns:content="urn:content" '
        'xmlns:media="http://www.rssboard.org/media-rss"',
    ),
    "rss with comments and instructions": rss(
        "<!-- one --><item><?php echo 1 ?><title>x</title><!-- <title>no</title> --><link>/1</link></item>"
    ),
    "rss with unknown elements": rss(
        item(
            "<foo:bar xmlns:foo='urn:foo'><foo:title>no</foo:title></foo:bar>"
            "<x>1</x><geo:lat xmlns:geo='g'>1</geo:lat>"
        )
    ),
    # Atom
    "atom 1.0": atom(entry("<summary>Short &amp; plain.</summary><author><name>N</name></author>")),
    "atom types of text": atom(
        entry(
            '<summary type="text">a &lt;b&gt; c</summary>',
            '<title type="text">AT&amp;T: x &lt; y &amp;lt;</title>',
        )
        + entry(
            '<summary type="html">&lt;p&gt;a&lt;/p&gt;</summary>',
            '<title type="html">Q&amp;amp;A &lt;b&gt;b&lt;/b&gt;</title>',
        )
        + entry(f'<content type="xhtml">{_XHTML}</content>', f'<title type="xhtml">{_XHTML}</title>')
        + entry('<content type="text/plain">a &lt;b&gt;</content>')
        + entry('<content type="TEXT/HTML">a &lt;b&gt;c&lt;/b&gt;</content><summary/>')
    ),
    "atom xhtml with a prefix": atom(
        entry('<content type="xhtml"><h:div><h:p>One</h:p><h:ul><h:li>a</h:li></h:ul></h:div></content>'),
        spaces='xmlns:h="http://www.w3.org/1999/xhtml"',
    ),
    "atom content elsewhere": atom(entry('<content src="https://example.org/a.html" type="text/html"/>')),
    "atom content in base64": atom(entry('<content type="image/png">aGVsbG8=</content><summary>s</summary>')),
    "atom content in xml": atom(
        entry('<content type="application/xml"><x><y>z</y></x></content><summary>s</summary>')
    ),
    "atom many links": atom(
        '<entry><id>1</id><title>x</title><link rel="self" href="/s"/><link rel="enclosure" href="/e"/>'
        '<link rel="alternate" type="application/json" href="/j"/>'
        '<link rel="alternate" type="text/html" href="/h"/>'
        "</entry>"
    ),
    "atom base": atom(
        '<entry xml:base="z/"><id>tag:1</id><title>x</title><link href="../1"/></entry>',
        attributes='xml:base="https://base.example/x/"',
    ),
    "atom languages": atom(
        '<entry xml:lang="ps"><id>1</id><title>A</title></entry>'
        '<entry><id>2</id><title xml:lang="ur">B</title></entry>'
        "<entry><id>3</id><title>C</title></entry>",
        attributes='xml:lang="en_GB"',
    ),
    "atom source of an entry": atom(
        entry("<source><id>other</id><title>Other</title><updated>2020-01-01T00:00:00Z</updated></source>")
    ),
    "atom authors": atom(
        entry("<author><name>A</name><email>a@e.org</email></author><author><name>B</name></author>")
        + entry("<author><email>c@e.org</email><uri>/c</uri></author><contributor><name>D</name></contributor>")
    ),
    "atom without dates and ids": atom(
        '<entry><title>x</title><link href="/1"/></entry><entry><title>y</title></entry>'
    ),
    "atom with a prefix": atom(entry(""))
    .replace("<", "<a:")
    .replace("<a:/", "</a:")
    .replace("xmlns=", "xmlns:a="),
    "atom with a misspelt namespace": atom(entry("<summary>s</summary>")).replace(
        "http://www.w3.org", "https://www.w3.org"
    ),
    "atom of blogger": atom(
        "<entry><id>tag:blogger.com,1999:blog-1.post-2</id><published>2023-02-20T10:00:00.001-08:00</published>"
        "<updated>2023-02-20T10:00:01.000-08:00</updated><title type='text'>T</title>"
        "<content type='html'>&lt;div&gt;Long&lt;/div&gt;</content>"
        "<link rel='edit' href='/e'/><link rel='alternate' type='text/html' href='/a' title='T'/>"
        '<media:thumbnail url="/t" width="72"/></entry>',
        "<title type='text'>B</title><link rel='next' href='/feeds?start-index=26'/>",
        _MEDIA,
    ),
    "atom in urdu": atom(
        entry(f"<summary>{_URDU}</summary>", f"<title>{_URDU}</title>"), attributes='xml:lang="ur"'
    ),
    "atom of youtube": atom(
        "<entry><id>yt:video:1</id><title>T</title><link rel='alternate' href='/watch?v=1'/>"
        "<published>2023-02-20T10:00:00+00:00</published><media:group><media:title>T</media:title>"
        "<media:description>Said in\n\nthe film</media:description></media:group></entry>",
        spaces=_MEDIA,
    ),
    "atom 0.3": atom(
        '<entry><id>1</id><title mode="escaped" type="text/html">A &lt;b&gt;b&lt;/b&gt;</title>'
        '<link rel="alternate" type="text/html" href="/1"/><issued>2003-12-13T08:29:29-04:00</issued>'
        "<modified>2003-12-13T18:30:02Z</modified><created>2003-12-13T08:00:00Z</created>"
        '<content type="text/html" mode="base64">PHA+TG9uZy48L3A+</content></entry>',
    ).replace("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"),
    # RDF
    "rss 1.0": rdf(
        '<item rdf:about="https://example.org/1"><title>One</title><link>https://example.org/1</link>'
        "<description>Words &amp;amp; more</description><dc:date>2023-02-22T10:00:00+05:00</dc:date>"
        "<dc:creator>Jane</dc:creator></item>"
    ),
    "rss 1.0 with content": rdf(
        '<item rdf:about="u:1"><title>One</title>'
        "<content:encoded><![CDATA[<p>Long</p>]]></content:encoded></item>",
        spaces=f"{_DC} {_CONTENT}",
    ),
    "rss 0.90": rdf("<item><title>One</title><link>/1</link></item>", "http://my.netscape.com/rdf/simple/0.9/"),
}

_DECLARED = '<?xml version="1.0" encoding="{}"?>\n'
_ENCODED = (
    WireFeed("utf-16 with a mark", (_DECLARED.format("utf-16") + _TEXTS["rss in urdu"]).encode("utf-16")),
    WireFeed("utf-16 without a mark", _TEXTS["rss in russian"].encode("utf-16-le")),
    WireFeed("utf-8 with a mark", (_DECLARED.format("utf-8") + _TEXTS["rss in pashto"]).encode("utf-8-sig")),
    WireFeed(
        "windows-1251 declared", (_DECLARED.format("windows-1251") + _TEXTS["rss in russian"]).encode("cp1251")
    ),
    WireFeed("windows-1251 in the header", _TEXTS["rss in russian"].encode("cp1251"), "text/xml; charset=cp1251"),
    WireFeed(
        "windows-1256", (_DECLARED.format("windows-1256") + rss(item("", "<title>اخبار</title>"))).encode("cp1256")
    ),
    WireFeed("latin-1 said, utf-8 meant", (_DECLARED.format("iso-8859-1") + _TEXTS["rss in urdu"]).encode()),
    WireFeed(
        "utf-8 said, windows-1252 meant",
        (_DECLARED.format("utf-8") + rss(item("", "<title>Grüße – müde</title>"))).encode("cp1252"),
    ),
    WireFeed("ascii said, utf-8 meant", (_DECLARED.format("us-ascii") + _TEXTS["rss in russian"]).encode()),
    WireFeed("junk before", b"\r\n\r\n<br />\n<b>Warning</b>: x in <b>/y.php</b>\n" + _TEXTS["rss 2.0"].encode()),
    WireFeed("junk behind", _TEXTS["rss 2.0"].encode() + b"\n<!-- cached --><script>x()</script> bye"),
    WireFeed("control characters", rss(item("", "<title>a\x00b\x0bc</title>")).encode()),
)

WIRE_FEEDS = tuple(WireFeed(name, text.encode()) for name, text in _TEXTS.items()) + _ENCODED
