"""Dates as publishers write them: the day that is said, or none; never another day."""

from __future__ import annotations

from datetime import UTC

import pytest

from monitor.core.feeds.dates import read_date


def moment(text: str) -> str | None:
    found = read_date(text)
    return None if found is None else found.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        # RFC 822 and what is made of it
        ("Thu, 26 Nov 2026 10:00:00 +0500", "2026-11-26 05:00:00"),
        ("Thu, 26 Nov 26 10:00 GMT", "2026-11-26 10:00:00"),
        ("26 Nov 2026", "2026-11-26 00:00:00"),
        ("Thu, 26 Nov 2026 10:00:00.000 GMT", "2026-11-26 10:00:00"),
        ("Thu, 26 Nov 2026 10:00:00 GMT+05:00 (Pakistan Standard Time)", "2026-11-26 05:00:00"),
        ("Thu, 26 Nov 2026 10:00:00 GMT+5", "2026-11-26 05:00:00"),
        ("Thu, 26 Nov 2026 10:00:00 PKT", "2026-11-26 05:00:00"),
        ("Thu, 26 Nov 2026 10:00:00 Asia/Karachi", "2026-11-26 10:00:00"),
        ("Thu, 26 Nov 2026 10:00:00 0000", "2026-11-26 10:00:00"),
        ("Thursday, 26 November 2026, 10:00", "2026-11-26 10:00:00"),
        ("26-Nov-2026 10:00:00 GMT", "2026-11-26 10:00:00"),
        ("jeu., 26 nov. 2026 10:00:00 +0100", "2026-11-26 09:00:00"),
        ("الخميس, 26 Nov 2026 10:00:00 +0300", "2026-11-26 07:00:00"),
        # halves of the day
        ("Thu, 26 Nov 2026 10:00:00 PM", "2026-11-26 22:00:00"),
        ("Thu, 26 Nov 2026 12:30 a.m. PKT", "2026-11-25 19:30:00"),
        ("2026-11-26 12:30 pm", "2026-11-26 12:30:00"),
        ("Thu, 26 Nov 2026 22:00:00 PM", "2026-11-26 22:00:00"),
        # the month first
        ("Thursday, November 26, 2026 - 10:00", "2026-11-26 10:00:00"),
        ("Nov 26, 2026 10:00 PM EST", "2026-11-27 03:00:00"),
        ("November 26th, 2026 at 10:00 am", "2026-11-26 10:00:00"),
        ("November 26, 2026", "2026-11-26 00:00:00"),
        ("Thu, Nov 26 2026 10:00:00 GMT", "2026-11-26 10:00:00"),
        ("Thu Nov 26 2026 10:00:00 GMT+0500 (Pakistan Standard Time)", "2026-11-26 05:00:00"),
        # the year last
        ("Thu Nov 26 10:00:00 2026", "2026-11-26 10:00:00"),
        ("Thu Nov 26 10:00:00 PKT 2026", "2026-11-26 05:00:00"),
        ("Thu Nov  6 10:00:00 +0500 2026", "2026-11-06 05:00:00"),
        # the year first
        ("2026-11-26T10:00:00.0000000Z", "2026-11-26 10:00:00"),
        ("2026-11-26T10:00:00+05", "2026-11-26 05:00:00"),
        ("2026-11-26 10:00:00 +0500", "2026-11-26 05:00:00"),
        ("2026-11-26 10:00:00", "2026-11-26 10:00:00"),
        ("2026/11/26 10:00:00", "2026-11-26 10:00:00"),
        ("2026.11.26", "2026-11-26 00:00:00"),
        ("20261126", "2026-11-26 00:00:00"),
        ("20261126T100000Z", "2026-11-26 10:00:00"),
        ("20261126100000", "2026-11-26 10:00:00"),
        ("2026年11月26日 10:00", "2026-11-26 10:00:00"),
        ("2026년 11월 26일", "2026-11-26 00:00:00"),
        ("٢٠٢٦-١١-٢٦", "2026-11-26 00:00:00"),
    ],
)
def test_a_date_is_the_moment_it_says(text: str, utc: str) -> None:
    assert moment(text) == utc


@pytest.mark.parametrize(
    "text",
    [
        # Each of these was once another day, mostly an old one, and an old entry does not alert.
        "26-11-2026 10:00:00",
        "05-12-2026",
        "26-11-26",
        "2026-11",
        "2026",
        "2026-W48-4",
        "1763112345",
        "1763112345000",
        "-26-11",
        "10:30",
        "7",
        # Day or month first: who wrote it knows.
        "11/12/2026",
        "05.12.2026 10:00",
        # No date at all.
        "2026-11-31",
        "Thu, 00 Jan 1900 00:00:00 GMT",
        "0000-00-00 00:00:00",
        "26 Nov 2026 10:00 and more",
        "yesterday",
        "26 نومبر 2026",
        "1" * 100_000,
    ],
)
def test_what_does_not_say_its_day_beyond_doubt_is_no_date(text: str) -> None:
    assert moment(text) is None
