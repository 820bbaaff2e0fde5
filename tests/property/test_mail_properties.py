"""Whatever a digest says: its mail has our headers and no others, short lines, reads back as it was written."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.policy import default

from digest_samples import message
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.adapters.channels.mail_form import LONGEST_LINE, header_text, mail_address, mail_bytes, sendable
from monitor.model.digest import Links, MessageFormat

KEY = "0123456789abcdef0123456789abcdef"
MAIL = message(MessageFormat.EMAIL)
HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Id", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
]

texts = st.text(
    st.one_of(st.characters(), st.sampled_from('\r\n\0\t "\\<>(),;:@=?_.-\ud800\u2028\u202e口é😀')), max_size=400
)
addresses = st.sampled_from(
    ["a@example.org", "x.y+z@bücher.example", "a" * 64 + "@" + "b" * 63 + "." + "c" * 63 + ".example"]
).map(mail_address)


def read_back(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@settings(max_examples=60, deadline=None)
@given(texts, texts, texts, texts, texts, addresses, addresses)
def test_any_words_make_a_mail_that_reads_back_as_it_was_written(
    subject: str, text: str, html: str, name: str, list_name: str, sender: Address, to: Address
) -> None:
    sender = Address(display_name=header_text(name), username=sender.username, domain=sender.domain)
    mail = replace(MAIL, subject=subject, text=text, html=html, list_name=list_name)
    mail = replace(mail, answers=("k1", "k\r\n2"), links=Links("https://x.example/unsubscribe/A"))
    raw = mail_bytes(mail, sender, to, KEY)

    assert not set(raw.replace(b"\r\n", b"")) & set(b"\r\n\0")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 76
    for line in head.split(b"\r\n"):
        assert line.strip(), "RFC 5322 §3.2.2: no folded line of blanks only"
        assert len(line) <= (76 if b"=?utf-8?b?" in line else LONGEST_LINE), "RFC 2047 §2, RFC 5322 §2.1.1"

    parsed = message_from_bytes(raw, policy=default)
    assert parsed.keys() == HEADERS
    assert not parsed.defects
    assert not any(parsed[one].defects for one in HEADERS)
    assert str(parsed["Subject"]) == header_text(subject)[:300].rstrip()
    (shown,) = parsed["From"].addresses
    assert shown.addr_spec == sender.addr_spec
    assert _name_of(raw, shown.display_name) == header_text(name)[:100].rstrip()
    said = [one.get_content() for one in parsed.iter_parts()]
    assert list(map(read_back, said)) == [read_back(sendable(text)), read_back(sendable(html))]


def _name_of(raw: bytes, plain: str) -> str:
    """The sender's name. The newer parser of Python 3.11 shows a blank between encoded words that RFC 2047 §6.2
    says not to show; the older one reads them right."""
    name = str(message_from_bytes(raw)["From"]).rpartition("<")[0].strip()
    return str(make_header(decode_header(name))).strip() if name.startswith("=?") else plain
