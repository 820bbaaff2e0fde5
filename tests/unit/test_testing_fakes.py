"""The shipped fakes, beyond what the contract suites ask of every implementation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from made import message

from monitor.model.article import EntityMention
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.ports import Channel, Clock, EntityRecognizer, Fetcher, Meter, Sandbox
from monitor.testing import (
    EPOCH,
    FakeClock,
    FakeFetcher,
    InlineSandbox,
    RecordingChannel,
    RecordingMeter,
    StaticRecognizer,
)


def test_each_keeps_the_shape_of_its_port() -> None:
    ports: tuple[Clock, Fetcher, Sandbox, Channel, EntityRecognizer, Meter] = (
        FakeClock(),
        FakeFetcher(),
        InlineSandbox(),
        RecordingChannel(),
        StaticRecognizer(),
        RecordingMeter(),
    )
    assert all(ports)


def test_the_clock_stands_still_until_it_is_moved() -> None:
    clock = FakeClock()
    assert clock.now() == clock.now() == EPOCH
    assert clock.now().tzinfo is UTC
    assert clock.advance(timedelta(hours=1)) == clock.now() == EPOCH + timedelta(hours=1)


def test_the_clock_can_go_back() -> None:
    clock = FakeClock()
    clock.set(datetime(1999, 12, 31, tzinfo=UTC))
    assert clock.now() < EPOCH


def test_the_fetcher_answers_from_bytes_values_and_functions_and_remembers_who_asked() -> None:
    request = FetchRequest(1, "https://value.example/")
    fetcher = FakeFetcher(
        {
            "https://bytes.example/": b"body",
            "https://value.example/": FetchResponse(request, PollOutcome.NOT_MODIFIED, 304),
            "https://function.example/": lambda asked: FetchResponse(asked, PollOutcome.GONE, 410, asked.url),
        }
    )
    hosts = ("bytes", "value", "function", "unknown")
    requests = [FetchRequest(1, f"https://{host}.example/") for host in hosts]
    responses = list(fetcher.fetch_many(iter(requests)))
    assert [response.status for response in responses] == [200, 304, 410, None]
    assert responses[-1].outcome is PollOutcome.UNREACHABLE
    assert fetcher.requests == requests


def test_the_fetcher_knows_whether_it_was_closed() -> None:
    fetcher = FakeFetcher()
    assert not fetcher.closed
    fetcher.close()
    assert fetcher.closed


def test_the_channel_fails_as_often_as_it_was_told_and_then_records() -> None:
    failures = [DeliveryFailed(DeliveryFault.TEMPORARY, "451"), DeliveryFailed(DeliveryFault.UNKNOWN, "lost")]
    channel = RecordingChannel(failures)
    for failure in failures:
        with pytest.raises(DeliveryFailed) as caught:
            channel.send(message(), "desk", "key")
        assert caught.value is failure
    assert channel.sent == []
    channel.send(message(), "desk", "key")
    assert channel.sent == [(message(), "desk", "key")]


def test_the_recogniser_finds_its_names_in_order_of_appearance_each_once() -> None:
    names = StaticRecognizer({"Kabul": "place", "Reuters": "org", "Nobody": "person"})
    assert names.recognise("Reuters in Kabul, Reuters said") == (
        EntityMention("Reuters", "org"),
        EntityMention("Kabul", "place"),
    )
    assert StaticRecognizer().recognise("Reuters") == ()
