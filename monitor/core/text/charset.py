"""Bytes to text: the best reading of a body whose declared charset may be missing or wrong."""

from __future__ import annotations

import codecs
import re

# Codecs that can hide markup from a scanner, run code-like escapes, or take quadratic time; no feed needs them.
_REFUSED = frozenset({"utf-7", "unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "charmap"})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the shorter one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']", re.I)
_META_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)
_SNIFFED = 4096  # bytes looked at for a declaration; HTML asks for it in the first 1,024


def decode_body(body: bytes, content_type: str | None = None) -> str:
    """Text of an HTTP body; never raises, bytes that fit nothing become U+FFFD.

    Order: byte order mark; the NUL pattern of UTF-16 without one; UTF-8 when the bytes are valid UTF-8
    (other encodings hardly ever are, while declarations are often wrong); the charset of the Content-Type,
    the XML declaration, the HTML meta tag, Latin-1 last of them; UTF-8 with a few broken bytes; windows-1252
    (WHATWG's default).
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    if wide := _wide_encoding(body[:_SNIFFED]):
        return body.decode(wide, "replace")
    declared = _declared(body[:_SNIFFED], content_type)
    # ISO-2022 is pure ASCII on the wire and would pass for UTF-8: only its declaration and ESC tell.
    stateful = [name for name in declared if name.startswith("iso2022")] if b"\x1b" in body else []
    for encoding in (*stateful, "utf-8", *declared):
        try:
            return body.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return _decode_broken(body, declared)


def _decode_broken(body: bytes, declared: list[str]) -> str:
    text = body.decode("utf-8", "replace")
    foreign = sum(1 for byte in body[:200_000] if byte >= 0x80)
    # A truncated or mixed UTF-8 body has few broken places; one in another encoding has almost only those.
    if text[:200_000].count("\ufffd") * 5 <= foreign:
        return text
    usable = [name for name in declared if name != "utf-8"]
    return body.decode(usable[0] if usable else "windows-1252", "replace")


def _wide_encoding(start: bytes) -> str | None:
    """UTF-16 without a byte order mark: ASCII markup has a NUL in every other byte."""
    half = len(start) // 2
    if half < 4 or b"\x00" not in start:
        return None
    even, odd = start[0 : half * 2 : 2].count(0), start[1 : half * 2 : 2].count(0)
    if odd > half * 0.4 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.1:
        return "utf-16-be"
    return None


def _declared(start: bytes, content_type: str | None) -> list[str]:
    names = []
    if found := _HEADER_CHARSET.search(content_type or ""):
        names.append(found[1])
    names += [match[1].decode("ascii", "replace") for match in _XML_ENCODING.finditer(start)][:1]
    names += [match[1].decode("ascii", "replace") for match in _META_CHARSET.finditer(start)][:1]
    known = [codec for name in names if (codec := _codec_name(name))]
    # Latin-1 in a header is mostly the server's default, and fits all bytes: the page itself knows better.
    return sorted(known, key="cp1252".__eq__)


def _codec_name(name: str) -> str | None:
    try:
        b"x".decode(name)  # refuses hex, zip and the other codecs that are no charset
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    # The WHATWG encoding standard: pages that say Latin-1, ASCII or GB2312 mean the larger set.
    codec = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}.get(codec, codec)
    if codec.replace("_", "-") in _REFUSED or codec.startswith(("utf-16", "utf-32")):
        return None  # a body in UTF-16 was recognised by its mark or its NULs: here the declaration is wrong
    return codec
