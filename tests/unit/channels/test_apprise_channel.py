"""Apprise: one message to one service, nothing cut, nothing leaked, against a real server on loopback."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from http_sink import Sink, http_sink
from made import message

from monitor.adapters.channels import apprise as channel_module
from monitor.adapters.channels.apprise import AppriseChannel, words_of
from monitor.core.services import HOSTED, OWN, problem_with
from monitor.model.delivery import AppriseEndpoint, Receipt
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret

pytest.importorskip("apprise")

NAME = "env:SERVICE_URL"
KEY = "0f1e2d3c"
PASSWORD = "hunter2hunter2"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with http_sink() as running:
        yield running


def channel_to(address: str, **more: float) -> AppriseChannel:
    return AppriseChannel(AppriseEndpoint((Secret(address, NAME),)), **more)


def address_of(sink: Sink, scheme: str = "json", rest: str = "/in?x=1") -> str:
    return f"{scheme}://user:{PASSWORD}@{sink.url.removeprefix('http://')}{rest}"


def failure_of(channel: AppriseChannel, name: str = NAME) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as raised:
        channel.send(message(), name, KEY)
    return raised.value


def bodies(sink: Sink) -> list[str]:
    return [body.decode() for _, _, body in sink.requests]


def test_subject_and_text_arrive_whole(sink: Sink) -> None:
    sent = replace(message(), subject="طورخم بند", text="Torkham closed.\n\n" + "trucks wait; " * 900)
    assert channel_to(address_of(sink)).send(sent, NAME, KEY) == Receipt("JSON took it")
    (body,) = map(json.loads, bodies(sink))
    assert body["title"] == "طورخم بند"
    assert body["message"].split() == sent.text.split()
    assert body["attachments"] == []


def test_a_long_text_is_split_and_nothing_of_it_is_lost(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apprise.plugins.ntfy.NotifyNtfy.request_rate_per_sec", 0)  # else 5.5 s a piece
    words = [f"word{number}" for number in range(3_000)]
    sent = replace(message(), text=" ".join(words))
    channel_to(address_of(sink, "ntfy", "/topic")).send(sent, NAME, KEY)
    said = [json.loads(body)["message"] for body in bodies(sink)]
    assert len(said) > 1
    assert "".join("".join(said).split()) == "".join(words)


def test_a_title_that_would_be_cut_stands_whole_in_the_text() -> None:
    sent = replace(message(), subject="closed " * 60, text="the text")
    title, body = words_of(sent, 200)
    assert len(title) <= 200
    assert title.endswith("clo…")
    assert body == f"{sent.subject}\n\nthe text"


@pytest.mark.parametrize("call", ["@everyone", "@here", "<!channel>", "<@U123>", "@Channel", "<#C1>"])
def test_the_title_of_a_stranger_rings_nobody(sink: Sink, call: str) -> None:
    channel_to(address_of(sink)).send(replace(message(), subject=f"{call} look", text=f"{call} look"), NAME, KEY)
    (body,) = map(json.loads, bodies(sink))
    assert call not in body["title"]
    assert call not in body["message"]
    assert "look" in body["message"]


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (401, DeliveryFault.BROKEN_RECEIVER),
        (404, DeliveryFault.BROKEN_RECEIVER),
        (429, DeliveryFault.RATE_LIMITED),
        (500, DeliveryFault.TEMPORARY),
        (413, DeliveryFault.REFUSED),
        (302, DeliveryFault.BROKEN_RECEIVER),
    ],
)
def test_what_the_service_answers_decides_what_is_done(sink: Sink, status: int, fault: DeliveryFault) -> None:
    sink.answer = (status, {"Location": f"{sink.url}/elsewhere"}, PASSWORD.encode())
    failure = failure_of(channel_to(address_of(sink, rest="/in?redirect=yes")))
    assert (failure.fault, failure.detail) == (fault, f"{NAME} (JSON): HTTP {status}")
    assert len(sink.requests) == 1, "a redirect is not followed"


def test_a_lost_answer_is_unknown_and_names_no_address(sink: Sink) -> None:
    sink.answer = None
    failure = failure_of(channel_to(address_of(sink)))
    assert failure.fault is DeliveryFault.UNKNOWN
    assert PASSWORD not in str(failure)
    assert "127.0.0.1" not in str(failure)


def test_a_service_that_hangs_holds_nobody_beyond_the_deadline_and_is_not_asked_twice(sink: Sink) -> None:
    sink.hold.clear()
    channel = channel_to(address_of(sink), deadline=0.3)
    assert failure_of(channel).fault is DeliveryFault.UNKNOWN
    assert failure_of(channel).fault is DeliveryFault.UNREACHABLE
    sink.hold.set()
    channel._hanging[NAME].join(10)
    assert channel.send(message(), NAME, KEY) == Receipt("JSON took it")
    assert len(sink.requests) == 2


def test_nothing_that_apprise_says_reaches_a_log(sink: Sink) -> None:
    said: list[str] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    root, listening = logging.getLogger(), Listening()
    level = root.level
    root.addHandler(listening)
    root.setLevel(logging.DEBUG)
    try:
        sink.answer = (500, {}, b"no")
        failure_of(channel_to(address_of(sink, rest="/token1234")))
    finally:
        root.removeHandler(listening)
        root.setLevel(level)
    assert said == []


def test_neither_a_netrc_nor_a_proxy_of_the_environment_is_used(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # nobody is there
    monkeypatch.setenv("NO_PROXY", "")
    address = f"json://{sink.url.removeprefix('http://')}/in"
    assert channel_to(address).send(message(), NAME, KEY) == Receipt("JSON took it")
    ((_, headers, _),) = sink.requests
    assert "authorization" not in headers


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("file:///etc/passwd", "file:// is not among"),
        ("syslog://", "syslog:// is not among"),
        ("dbus://", "dbus:// is not among"),
        ("json://news.example/in", "json:// is plain text, which is for this machine only; use jsons://"),
        ("ntfy://user:secretpassword@news.example/t", "ntfy:// is plain text"),
        ("json://127.0.0.1.evil.example/", "json:// is plain text"),
        ("mailtos://u:secretpassword@x.example?Mode=Insecure", "turns encryption off (mode=insecure)"),
        ("no address", "is no address of a service"),
        ("https://[::1", "is no address of a service"),
        ("https://hooks.example/x", "https:// is not among the services that are used, such as discord, "),
        ("telegram://x/y", "telegram:// is not among the services that are used; near it: tgram"),
    ],
)
def test_what_is_no_service_over_tls_is_refused_by_its_scheme(address: str, why: str) -> None:
    failure = failure_of(channel_to(address))
    assert failure.fault is DeliveryFault.BROKEN_RECEIVER
    assert failure.detail.startswith(f"{NAME} {why}")
    assert "secretpassword" not in failure.detail


def test_every_scheme_that_is_allowed_is_known_to_apprise_as_a_secure_one() -> None:
    from apprise import Apprise

    known = {name for one in Apprise().details()["schemas"] for name in one["secure_protocols"] or ()}
    assert sorted((HOSTED | OWN) - known) == []
    assert all(problem_with(f"{scheme}://x/y") is None for scheme in HOSTED | OWN)


def test_an_address_that_apprise_does_not_understand_is_a_broken_receiver() -> None:
    assert failure_of(channel_to("tgram://")).detail == f"{NAME} is no address that Apprise understands"


def test_a_service_that_left_the_config_is_a_broken_receiver() -> None:
    failure = failure_of(channel_to("jsons://x.example"), "env:OLD")
    assert failure.detail == "env:OLD is not among the apprise.urls of the receiver any more"


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, sink: Sink) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert failure_of(channel_to(address_of(sink))).detail == channel_module.MISSING
