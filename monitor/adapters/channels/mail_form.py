"""A message as the bytes of an e-mail: the same ones on every retry, whatever its words are.

It is put together here: the folding of `email` turns long addresses and links into encoded words and differs
between versions of Python, and it takes ten times as long.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from email.headerregistry import Address
from email.utils import format_datetime, parseaddr

from monitor.model.digest import Message

_LINE_END = re.compile("\r\n|\r|\n")
# RFC 5322 §2.1.1, without the line's end.
LONGEST_LINE = 998
# Bytes of text in one encoded word: base64 makes 52 letters of them, so that a line has at most 76 with the name
# of its header (RFC 2047 §2).
_WORD_BYTES = 39
# Letters of a subject or of a name: nobody reads more, and as one line of ASCII it stays far below the limit.
_LONGEST_TEXT = 300
_LONGEST_NAME = 100
# Letters of a List-Id's label: a label of a host name has no more (RFC 2919 §3 asks for the form of one).
_LONGEST_LABEL = 63
# Earlier messages that References names, the first and the newest: a thread needs no more.
_MOST_REFERENCES = 20


def mail_bytes(message: Message, sender: Address, to: Address, key: str) -> bytes:
    """The message as it goes over the wire: fixed Date, Message-ID and boundary, CR LF at every line's end."""
    safe_key = _safe_key(key)
    head = "".join(f"{name}: {value}\r\n" for name, value in _headers(message, sender, to, safe_key)).encode()
    plain = _part(message.text, "plain")
    if message.html is None:
        return head + plain
    # "=_" appears neither in quoted-printable nor in base64 (RFC 2045 §6.7), so no text can end a part.
    boundary = f"=_{safe_key}".encode()
    kind = b'Content-Type: multipart/alternative; boundary="%s"\r\n\r\n' % boundary
    parts = b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in (plain, _part(message.html, "html")))
    return head + kind + parts + b"--%s--\r\n" % boundary


def _part(text: str, subtype: str) -> bytes:
    """A text with its headers; its lines have at most 76 letters (RFC 2045 §6.7 and §6.8)."""
    content = _LINE_END.sub("\r\n", sendable(text).rstrip("\r\n") + "\n").encode()
    # Non-Latin text is three times as long in quoted-printable. What people may read in the source is not base64.
    if subtype == "plain" or content.isascii():
        encoding, body = "quoted-printable", binascii.b2a_qp(content)
    else:
        pieces = (content[start : start + 57] for start in range(0, len(content), 57))
        encoding, body = (
            "base64",
            b"".join(binascii.b2a_base64(piece, newline=False) + b"\r\n" for piece in pieces),
        )
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + body


def _headers(message: Message, sender: Address, to: Address, safe_key: str) -> Iterator[tuple[str, str]]:
    host = sender.domain
    yield "From", _mailbox(sender)
    yield "To", _mailbox(to)
    yield "Subject", _words(header_text(message.subject)[:_LONGEST_TEXT])
    yield "Date", format_datetime(message.date)
    yield "Message-ID", f"<{safe_key}@{host}>"
    answers = [f"<{_safe_key(answer)}@{host}>" for answer in message.answers]
    if answers:
        yield "In-Reply-To", answers[-1]  # RFC 5322 §3.6.4: the newest; References has all, oldest first
        yield "References", _folded([*answers[:1], *answers[1:][1 - _MOST_REFERENCES :]])
    yield "List-Id", _list_id(message.list_name, host)
    if message.links.unsubscribe and _fits(message.links.unsubscribe):
        yield "List-Unsubscribe", f"<{message.links.unsubscribe}>"  # RFC 2369
        if message.links.unsubscribe.startswith("https://"):  # else RFC 8058 §3.1 has no one click
            yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    yield "Auto-Submitted", "auto-generated"  # RFC 3834: no holiday answers
    # The same for Exchange ([MS-OXCMAIL] §2.1.3.2.20). Not "All", which holds back reports of non-delivery: that
    # an alert reached nobody must be heard.
    yield "X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply"
    yield "MIME-Version", "1.0"


def _list_id(name: str, host: str) -> str:
    """`Border morning <border-morning.media-monitor.HOST>` (RFC 2919); other letters than a host name's are not
    shown in the id, and a mark of the name keeps two such digests apart."""
    if not name:
        return f"media-monitor <media-monitor.{host}>"
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower()).strip("-")
    label = plain
    if plain != name or len(plain) > _LONGEST_LABEL:
        label = f"{plain[:40]}-{hashlib.sha256(sendable(name).encode()).hexdigest()[:8]}".strip("-")
    title = header_text(name.replace("-", " ").replace("_", " "))[:_LONGEST_NAME].strip().capitalize()
    return _named(title, f"<{label}.media-monitor.{host}>")


def _fits(link: str) -> bool:
    """Whether a link stands in a header as it is: ASCII without spaces or brackets, short enough for one line."""
    clean = link.isascii() and link.isprintable() and not set(link) & set(' <>"')
    return clean and len(link) <= LONGEST_LINE - len("List-Unsubscribe: <>")


def _mailbox(address: Address) -> str:
    name = address.display_name[:_LONGEST_NAME]
    return _named(name, f"<{address.addr_spec}>") if name else address.addr_spec


def _named(name: str, in_brackets: str) -> str:
    """A name, where there is one, and what it names: on the next line after encoded words (RFC 2047 §2)."""
    phrase = _phrase(name) if name else ""
    return (_folded if phrase.startswith("=?") else " ".join)(filter(None, (phrase, in_brackets)))


def _phrase(text: str) -> str:
    """A name before an address, quoted or encoded where its letters ask for it."""
    if not text.isascii() or "=?" in text:
        return _words(text)
    return str(Address(display_name=text, username="a", domain="b")).removesuffix(" <a@b>")


def _words(text: str) -> str:
    """Text of a header: ASCII as it is, all else as encoded words on a line each (RFC 2047)."""
    if text.isascii() and "=?" not in text:
        return text
    return _folded(f"=?utf-8?b?{base64.b64encode(piece).decode('ascii')}?=" for piece in _pieces(text))


def _pieces(text: str) -> Iterator[bytes]:
    """Its UTF-8 in pieces for one encoded word each; no character is cut (RFC 2047 §5)."""
    piece = b""
    for letter in text:
        encoded = letter.encode("utf-8")
        if len(piece) + len(encoded) > _WORD_BYTES:
            yield piece
            piece = b""
        piece += encoded
    if piece:
        yield piece


def _folded(words: Iterable[str]) -> str:
    return "\r\n ".join(words)


def _safe_key(key: str) -> str:
    return "".join(c for c in key if c.isascii() and c.isalnum())


def mail_address(text: str) -> Address:
    """`Name <user@host>` as an Address with an ASCII domain. Raises ValueError."""
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("control character in an address")
    name, spec = parseaddr(text)
    user, at, domain = spec.rpartition("@")
    if not (user and at and domain) or " " in spec:
        raise ValueError("not an address")
    return Address(display_name=header_text(name), username=user, domain=domain.encode("idna").decode("ascii"))


def header_text(text: str) -> str:
    """On one line: a line break in a header would start another header."""
    return " ".join(sendable("".join(c if c.isprintable() else " " for c in text)).split())


def sendable(text: str) -> str:
    """The text with "?" for what UTF-8 cannot say (lone surrogates)."""
    return text.encode("utf-8", "replace").decode("utf-8")
