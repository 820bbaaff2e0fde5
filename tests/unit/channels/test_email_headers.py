"""The bytes of a mail: which headers it has, that nothing breaks out of them, and that they never change."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from digest_samples import message

from monitor.adapters.channels.mail_form import LONGEST_LINE, mail_address, mail_bytes
from monitor.adapters.store.rows import MESSAGE
from monitor.model.digest import Links, Message, MessageFormat

KEY = "0123456789abcdef0123456789abcdef"
SENDER = mail_address("Border desk <monitor@example.org>")
DESK = mail_address("desk@example.org")
MAIL = replace(message(MessageFormat.EMAIL), list_name="border-morning")


def parsed(mail: Message, **more: object) -> EmailMessage:
    found = message_from_bytes(mail_bytes(mail, SENDER, DESK, KEY), policy=default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def test_a_list_has_its_digests_name() -> None:
    assert parsed(MAIL)["List-Id"] == "Border morning <border-morning.media-monitor.example.org>"
    assert parsed(replace(MAIL, list_name=""))["List-Id"] == "media-monitor <media-monitor.example.org>"


@pytest.mark.parametrize(
    "name", ["Alerts", "border_morning", "a.b", "صبح", "口" * 64, "-", "x" * 64, "A. b@c <d>\r\nX:"]
)
def test_the_list_id_of_any_name_is_a_host_name_of_its_own(name: str) -> None:
    found = str(parsed(replace(MAIL, list_name=name))["List-Id"])
    label = found.rpartition("<")[2].removesuffix(".media-monitor.example.org>")
    assert label.isascii()
    assert 0 < len(label) <= 63
    assert label.replace("-", "").isalnum()
    assert label != parsed(replace(MAIL, list_name=name.lower().replace("_", "-") + "x"))["List-Id"]


def test_a_name_without_a_letter_is_no_address_in_front_of_the_list_id() -> None:
    found = str(parsed(replace(MAIL, list_name="__"))["List-Id"])
    assert found == "<9911f4d2.media-monitor.example.org>"


def test_two_names_that_look_alike_in_ascii_are_two_lists() -> None:
    lists = {str(parsed(replace(MAIL, list_name=name))["List-Id"]) for name in ("a.b", "a-b", "a_b", "A-b", "aéb")}
    assert len(lists) == 5


def test_a_mail_program_can_unsubscribe_with_one_click() -> None:
    """RFC 8058 §3.1: both headers, the link as it is."""
    link = "https://news.example/monitor/unsubscribe/" + "A" * 600
    raw = mail_bytes(replace(MAIL, links=Links(link)), SENDER, DESK, KEY)
    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_one_click_is_promised_only_over_https() -> None:
    """RFC 8058 §3.1; plain http is possible on this machine only."""
    mail = parsed(replace(MAIL, links=Links("http://127.0.0.1:8080/unsubscribe/A")))
    assert mail["List-Unsubscribe"] == "<http://127.0.0.1:8080/unsubscribe/A>"
    assert mail["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize(
    "link", ["", "https://x.example/" + "A" * 1000, "https://x.example/>\r\nBcc: a", "https://x/ü"]
)
def test_no_link_or_one_that_fits_no_header_leaves_both_out(link: str) -> None:
    mail = parsed(replace(MAIL, links=Links(link)))
    assert mail["List-Unsubscribe"] is mail["List-Unsubscribe-Post"] is mail["Bcc"] is None


def test_a_follow_up_names_what_it_answers() -> None:
    mail = parsed(replace(MAIL, answers=("k1", "k2", "k3")))
    assert mail["In-Reply-To"] == "<k3@example.org>"
    assert str(mail["References"]).split() == ["<k1@example.org>", "<k2@example.org>", "<k3@example.org>"]
    assert parsed(MAIL)["In-Reply-To"] is parsed(MAIL)["References"] is None


def test_a_long_thread_keeps_its_first_and_its_newest() -> None:
    mail = parsed(replace(MAIL, answers=tuple(f"k{n}" for n in range(500))))
    named = str(mail["References"]).split()
    assert (len(named), named[0], named[1], named[-1]) == (
        20,
        "<k0@example.org>",
        "<k481@example.org>",
        "<k499@example.org>",
    )


@pytest.mark.parametrize(
    "subject", ["x" * 10_000, "口" * 10_000, "=?utf-8?q?forged?=", "a\r\nBcc: b@c.d\r\n\r\n" * 99]
)
def test_any_subject_stays_one_header(subject: str) -> None:
    raw = mail_bytes(replace(MAIL, subject=subject), SENDER, DESK, KEY)
    head = raw.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, head.split(b"\r\n"))) <= LONGEST_LINE
    mail = parsed(replace(MAIL, subject=subject))
    assert mail["Bcc"] is None
    assert str(mail["Subject"]) == " ".join(subject.split())[:300].rstrip()


def test_the_words_of_a_header_beyond_ascii_have_at_most_75_letters() -> None:
    raw = mail_bytes(replace(MAIL, subject="تورخم بند 口 " + "ü" * 90), SENDER, DESK, KEY)
    words = [line.split(b"=?", 1)[1] for line in raw.split(b"\r\n") if b"=?utf-8?b?" in line]
    assert len(words) > 2
    assert all(len(word) + 2 <= 75 for word in words)


@pytest.mark.parametrize(
    "text", ["x" * 50_000, "口" * 50_000, "a\rb\nc\r\nd\x0b\u2028e\0", " \n.\n..\nFrom x\n" * 99, ""]
)
def test_no_text_makes_a_long_line_or_ends_a_part(text: str) -> None:
    wide = replace(MAIL, text=text, html=f"<p>{text}</p>--=_{KEY}--")
    raw = mail_bytes(wide, SENDER, DESK, KEY)
    assert max(len(line) for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 76
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    plain, html = parsed(wide).iter_parts()
    expected = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    assert plain.get_content().replace("\r\n", "\n").removesuffix("\n") == expected
    assert html.get_content().replace("\r\n", "\n").strip(
        "\n"
    ) == f"<p>{expected}</p>--=_{KEY}--" or text.endswith("\n")


def test_the_bytes_are_the_same_in_every_version_of_python() -> None:
    """Seen on 3.11.7, 3.12.1 and 3.13.0: what one version queued, another may send again."""
    mail = replace(
        MAIL,
        subject="تورخم بند 口 " + "ü" * 90,
        text="x" * 3000 + "\n.\n\ud800 \t\n=?a?= é" * 300,
        html="<p>هذا</p>" * 500,
        answers=("a1", "b2", "c3"),
        links=Links("https://x.example/unsubscribe/" + "A" * 500),
    )
    raw = mail_bytes(
        mail, mail_address("Größe <m@example.org>"), mail_address('"Desk, the" <d@bücher.example>'), "key1"
    )
    assert hashlib.sha256(raw).hexdigest()[:20] == "0525722e163573030574"


def test_the_bytes_are_the_same_after_the_store_had_it() -> None:
    mail = replace(MAIL, answers=("a1",), links=Links("https://x.example/unsubscribe/A"), subject="口\u2028 x")
    kept = MESSAGE.validate_python(json.loads(json.dumps(MESSAGE.dump_python(mail, mode="json"))))
    assert kept is not mail
    assert mail_bytes(kept, SENDER, DESK, KEY) == mail_bytes(mail, SENDER, DESK, KEY)
