"""The page of receivers: who is reached how, and a test message that is not sent too often."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from desk import eventually
from newsroom import Newsroom, item
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from monitor.app import receiver_tests as module
from monitor.app import receivers as app
from monitor.model.delivery import BrokenReceiver, ChannelKind, Receipt
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.web.door import LIFETIME

OWN = {"sec-fetch-site": "same-origin"}
SURE = {"sure": "yes"}


def send(site: TestClient, **fields: str) -> str:
    page = site.post("/receivers/desk/test", data=fields or SURE, headers=OWN)
    return f"{page.status_code} {page.text}"


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """What went to stdout, which is the receiver's way, without the log."""
    return "".join(line for line in capsys.readouterr().out.splitlines() if "done by hand" not in line)


def test_each_receiver_shows_its_ways_and_what_it_gets(site: TestClient) -> None:
    page = site.get("/receivers").text
    assert "stdout" in page
    assert 'href="/digests/alerts"' in page
    assert "Send a test message" in page


def test_a_test_message_goes_out_and_its_receipt_is_shown(
    site: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    said = send(site)
    assert said.startswith("200")
    assert "taken" in said
    assert "test" in printed(capsys).lower()


def test_nothing_is_sent_before_somebody_is_sure(site: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    assert send(site, sure="no").startswith("422")
    assert not printed(capsys)


def test_the_next_test_waits_a_minute(
    newsroom: Newsroom, site: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(site).startswith("200")
    capsys.readouterr()
    again = send(site)
    assert again.startswith("429")
    assert "may go in 60 s" in again
    assert not printed(capsys)
    newsroom.clock.advance(timedelta(minutes=1))
    assert send(site).startswith("200")


def test_in_an_hour_there_are_ten_tests(newsroom: Newsroom, site: TestClient) -> None:
    for _ in range(10):
        assert send(site).startswith("200")
        newsroom.clock.advance(timedelta(minutes=1))
    assert "10 tests went out within an hour; the next may go in 50 min" in send(site)
    newsroom.clock.advance(timedelta(minutes=50))
    assert send(site).startswith("200")


def test_a_receiver_that_is_not_there_is_said(site: TestClient) -> None:
    assert site.post("/receivers/nobody/test", data=SURE, headers=OWN).status_code == 404


@dataclass
class Refusing:
    """A channel that takes nothing."""

    def send(self, message: Message, to: str, key: str) -> None:
        raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, "<b>no such channel</b>")


def test_a_failure_is_told_with_its_reason_and_what_to_do(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = app.trials_of
    monkeypatch.setattr(
        module, "trials_of", lambda *a, **k: [replace(one, channel=Refusing()) for one in real(*a, **k)]
    )
    said = send(site)
    assert "failed" in said
    assert "&lt;b&gt;no such channel&lt;/b&gt;" in said
    assert "The other side does not take such a message" in said


def test_what_was_refused_before_goes_on_after_a_test_that_got_through(
    newsroom: Newsroom, site: TestClient
) -> None:
    newsroom.bring_in(item("e1", "Torkham closed", "Torkham closed."))
    newsroom.plan()
    now = newsroom.clock.now()
    broken = BrokenReceiver("desk", ChannelKind.STDOUT, now, "broken_receiver: no", now + timedelta(hours=1))
    newsroom.store.receivers.open(broken)
    assert "refuses since" in site.get("/receivers").text
    assert "What it had refused is tried again now" in send(site)
    assert "refuses since" not in site.get("/receivers").text


def test_many_recipients_are_not_all_tried_by_a_page(site: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RECIPIENTS", 0)
    said = send(site)
    assert "not tried" in said
    assert "monitor receivers test desk" in said


@dataclass
class Hanging:
    """A channel whose server says nothing until `go`, and then takes the message."""

    go: threading.Event
    sent: threading.Event

    def send(self, message: Message, to: str, key: str) -> Receipt:
        self.go.wait(30)
        self.sent.set()
        return Receipt("ok at last")


def test_a_server_that_hangs_is_told_before_the_connection_of_the_page_ends(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LIFETIME - module.PATIENCE.total_seconds() >= 10  # what else a page does, and who came before it
    monkeypatch.setattr(module, "PATIENCE", timedelta(milliseconds=20))
    hanging, real = Hanging(threading.Event(), threading.Event()), app.trials_of
    monkeypatch.setattr(
        module, "trials_of", lambda *a, **k: [replace(one, channel=hanging) for one in real(*a, **k)] * 2
    )
    said = send(site)
    assert said.startswith("200")
    assert "no answer yet" in said
    assert "not tried" in said
    assert "taken" not in said
    with capture_logs() as logs:
        hanging.go.set()
        eventually(lambda: logs, "the answer in the log")
    (line,) = logs  # and nothing more is sent
    assert (line["receiver"], line["receipt"]) == ("desk", "ok at last")


def test_a_channel_that_breaks_is_told(site: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    real = app.trials_of
    monkeypatch.setattr(module, "trials_of", lambda *a, **k: [replace(one, channel=None) for one in real(*a, **k)])
    assert "internal error: AttributeError" in send(site)
