"""Generated feeds: RSS 2.0 as WordPress writes it and Atom, English and Urdu; same number and time, same bytes.

Standard library only: the server and every row make the same feeds without asking each other.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from html import escape

from rows.reports import Event

SPACING = timedelta(minutes=23)  # between two entries: thirty of them are younger than a backfill of 24 h

# Bytes of an entry that are not its paragraphs: tags, title, link, summary, and the last paragraph's overhang.
_MARKUP = 812
_REPORT = 2_500  # bytes of a report, some 400 words

_PLACE_NAMES = """
    Peshawar Quetta Karachi Lahore Islamabad Kabul Kandahar Jalalabad Chaman Torkham Gwadar Multan Sialkot Swat
    Bannu Herat Gilgit Sukkur
"""
_URDU_PLACE_NAMES = "پشاور کوئٹہ کراچی لاہور کابل قندھار چمن طورخم گوادر ملتان سوات ہرات"
_OFFICE_NAMES = """
    the customs office;the provincial assembly;the weather bureau;the transport union;the health ministry;the port
    authority;the cricket board;a trade delegation;the power company;the district court
"""
_PLACES = tuple(_PLACE_NAMES.split())
_URDU_PLACES = tuple(_URDU_PLACE_NAMES.split())
_OFFICES = tuple(" ".join(name.split()) for name in _OFFICE_NAMES.split(";"))
_ENGLISH = (
    "Officials in {place} said on {day} that {number} trucks had waited since dawn for papers from {office}.",
    "{office} will publish its figures next week, a spokesman said, and nobody expects them to be good.",
    "The road between {place} and {other} was open again after {number} hours, drivers told reporters.",
    "Prices of onions and cement rose by {number} rupees in the markets of {place}, traders said.",
    "“We have heard this promise before, and we will count the days,” said a teacher from {place}.",
    "A committee of {number} members is to report to {office} before the end of the month.",
    "Rain is expected in {place} and {other} until {day}, with up to {number} millimetres in the hills.",
    "The second innings ended after {number} overs, and the captain spoke of a tired pitch.",
    "Engineers found {number} faults in the line to {other}; {office} asked for patience.",
    "The museum of {place} showed {number} letters from a traveller who crossed the mountains on foot.",
    "Students in {other} planted {number} trees along the canal, which had been dry since {day}.",
    "The hospital treated {number} patients with fever this week, doctors in {place} said.",
    "Exporters sent {number} containers of rice through {place} in the first half of the year.",
    "A court in {other} adjourned the hearing on land records until {day} and fined {office}.",
    "The border at {place} was closed for {number} minutes while guards exchanged lists.",
)
_URDU = (
    "{place} میں حکام نے بتایا کہ صبح سے {number} ٹرک کاغذات کے انتظار میں کھڑے ہیں۔",
    "محکمۂ موسمیات کے مطابق {place} اور {other} میں {number} ملی میٹر تک بارش متوقع ہے۔",
    "تاجروں کا کہنا ہے کہ {place} کی منڈیوں میں قیمتیں {number} روپے بڑھ گئی ہیں۔",
    "{place} اور {other} کے درمیان سڑک {number} گھنٹے بعد دوبارہ کھول دی گئی۔",
    "ہسپتال کے ڈاکٹروں نے بتایا کہ اس ہفتے {number} مریضوں کا علاج کیا گیا۔",
    "{other} کے طلبہ نے نہر کے کنارے {number} درخت لگائے۔",
    "کمیٹی کے {number} ارکان مہینے کے آخر تک اپنی رپورٹ پیش کریں گے۔",
    "عدالت نے {place} کے مقدمے کی سماعت ملتوی کر دی۔",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class MadeFeed:
    """One feed as its server sends it; `entries` is how many are in the body."""

    number: int
    address: str
    body: bytes
    content_type: str
    etag: str
    last_modified: str
    entries: int


@dataclass(frozen=True, slots=True)
class _Item:
    title: str
    link: str
    paragraphs: tuple[str, ...]
    at: datetime
    author: str


def address_of(number: int) -> str:
    """Each feed has its own loopback address, so that no rest between two requests to one host is measured."""
    return f"127.{10 + number // 60_000}.{number // 250 % 240}.{1 + number % 250}"


def make_feed(number: int, size: int, now: datetime, *, reports: bool = False) -> MadeFeed:
    """Feed `number`: about `size` bytes, 20 to 30 entries of which the newest is from a minute before `now`.

    With `reports` each entry is a whole one, of an event of its own or of one that the next feed reports, too.
    """
    dice = random.Random(f"feed {number}")
    urdu, atom = number % 5 == 4 and not reports, number % 2 == 1
    count = 20 + number % 11
    room = _REPORT if reports else max(60, size // count - _MARKUP)
    items = [_item(dice, number, at, _sayer(dice, number, at, urdu, reports), room, now) for at in range(count)]
    title = f"Feed {number} of the bench" if not urdu else f"خبرنامہ {number}"
    text = (_atom if atom else _rss)(title, f"http://{address_of(number)}/", items, "ur" if urdu else "en")
    body = text.encode("utf-8")
    return MadeFeed(
        number=number,
        address=address_of(number),
        body=body,
        content_type="application/atom+xml; charset=utf-8" if atom else "application/rss+xml; charset=UTF-8",
        etag=f'"{blake2b(body, digest_size=12).hexdigest()}"',
        last_modified=format_datetime(items[0].at, usegmt=True),
        entries=count,
    )


def _sayer(dice: random.Random, number: int, at: int, urdu: bool, reports: bool) -> Callable[[], str]:
    if reports:
        event = Event(f"{at} {number // 2 if at % 3 == 0 else number}")
        return lambda: event.sentence(dice)
    return (lambda: _urdu(dice)) if urdu else (lambda: _english(dice))


def _item(dice: random.Random, number: int, at: int, say: Callable[[], str], room: int, now: datetime) -> _Item:
    title = say().rstrip(".۔")
    paragraphs: list[str] = []
    used = 0
    while not paragraphs or used < room:
        paragraphs.append(" ".join(say() for _ in range(dice.randint(1, 3))))
        used += len(paragraphs[-1].encode("utf-8")) + len("<p></p>\n")
    return _Item(
        title=title,
        link=f"https://news-{number}.example/{now:%Y/%m}/{number}-{at}-{dice.randrange(10**6)}.html",
        paragraphs=tuple(paragraphs),
        at=now.astimezone(UTC).replace(microsecond=0) - timedelta(minutes=1) - at * SPACING,
        author=dice.choice(("Staff report", "A. Rahman", "Our correspondent", "Sana Yousaf")),
    )


def _english(dice: random.Random) -> str:
    place, other = dice.sample(_PLACES, 2)
    said = dice.choice(_ENGLISH).format(
        place=place,
        other=other,
        number=dice.randint(2, 9_999),
        day=dice.choice(_DAYS),
        office=dice.choice(_OFFICES),
    )
    return said[0].upper() + said[1:]


def _urdu(dice: random.Random) -> str:
    place, other = dice.sample(_URDU_PLACES, 2)
    return dice.choice(_URDU).format(place=place, other=other, number=dice.randint(2, 9_999))


def _rss(title: str, home: str, items: list[_Item], language: str) -> str:
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:atom="http://www.w3.org/2005/Atom"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/">\n<channel>\n'
        f"<title>{escape(title)}</title>\n<link>{home}</link>\n<description>{escape(title)}</description>\n"
        f"<language>{language}</language>\n<lastBuildDate>{format_datetime(items[0].at)}</lastBuildDate>\n"
        f'<atom:link href="{home}feed.xml" rel="self" type="application/rss+xml" />\n'
    ]
    for item in items:
        words = "\n".join(f"<p>{escape(one, quote=False)}</p>" for one in item.paragraphs)
        parts.append(
            f"<item>\n<title>{escape(item.title)}</title>\n<link>{item.link}</link>\n"
            f"<dc:creator><![CDATA[{item.author}]]></dc:creator>\n<pubDate>{format_datetime(item.at)}</pubDate>\n"
            "<category><![CDATA[News]]></category>\n<category><![CDATA[Region]]></category>\n"
            f'<guid isPermaLink="false">{item.link}?p=1</guid>\n'
            f"<description><![CDATA[<p>{escape(item.paragraphs[0][:120], quote=False)} […]</p>]]></description>\n"
            f"<content:encoded><![CDATA[{words}]]></content:encoded>\n</item>\n"
        )
    return "".join(parts) + "</channel>\n</rss>\n"


def _atom(title: str, home: str, items: list[_Item], language: str) -> str:
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">\n<title>{escape(title)}</title>\n'
        f'<id>{home}</id>\n<link rel="self" href="{home}feed.xml"/>\n<link rel="alternate" href="{home}"/>\n'
        f"<updated>{items[0].at:%Y-%m-%dT%H:%M:%SZ}</updated>\n"
    ]
    for item in items:
        words = escape("\n".join(f"<p>{one}</p>" for one in item.paragraphs), quote=False)
        when = f"{item.at:%Y-%m-%dT%H:%M:%SZ}"
        parts.append(
            f"<entry>\n<title>{escape(item.title)}</title>\n<id>{item.link}</id>\n"
            f'<link rel="alternate" type="text/html" href="{item.link}"/>\n'
            f"<published>{when}</published>\n<updated>{when}</updated>\n"
            f"<author><name>{item.author}</name></author>\n"
            '<category term="news"/>\n<category term="region"/>\n'
            f'<summary type="text">{escape(item.paragraphs[0][:120])}</summary>\n'
            f'<content type="html">{words}</content>\n</entry>\n'
        )
    return "".join(parts) + "</feed>\n"
