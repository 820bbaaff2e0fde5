from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from digest_samples import END, rule

from monitor.core.digests.fires import next_fire
from monitor.core.digests.plan import (
    delivery_key,
    due_window,
    immediate_due,
    is_late,
    recipients_of,
    story_batch,
    takes,
    window_batch,
)
from monitor.model.delivery import (
    ChannelKind,
    EmailEndpoint,
    FileEndpoint,
    Receiver,
    SlackEndpoint,
    StdoutEndpoint,
    WebhookEndpoint,
)
from monitor.model.digest import Cron, Every, MessageFormat, Window
from monitor.model.rule import Severity
from monitor.model.secret import Secret

HIGH_BORDER = rule("torkham-closed", severity=Severity.HIGH, tags=("border",))


@pytest.mark.parametrize(
    ("selectors", "taken"),
    [
        (["torkham-*"], True),
        (["Torkham-*"], False),  # ids are exact
        (["chaman-*"], False),
        (["chaman-*", "torkham-closed"], True),
        (["tag:border severity:high"], True),
        (["tag:border severity:low"], False),
        (["tag:border !severity:high"], False),
        (["tag:border !tag:opinion"], True),
        (["*", "!tag:border"], False),
        (["!tag:border", "*"], False),  # the order of lines does not matter
        (["*", "!tag:opinion"], True),
        (["*", "!tag:opinion !severity:high"], False),
        (["!tag:opinion"], False),  # exclusions alone select nothing
        ([], False),
        (["  "], False),
    ],
)
def test_any_line_selects_a_space_means_and_and_exclusions_take_away(selectors: list[str], taken: bool):
    assert takes(selectors, HIGH_BORDER) is taken


def test_a_morning_digest_in_kabul_closes_at_half_past_three_utc():
    window = due_window(Cron("0 8 * * *"), "Asia/Kabul", END - timedelta(days=1), END + timedelta(seconds=1))
    assert window == Window(END - timedelta(days=1), END)


def test_nothing_is_due_before_the_hour_nor_twice_after_it():
    cron = Cron("0 8 * * *")
    assert due_window(cron, "Asia/Kabul", END - timedelta(days=1), END - timedelta(seconds=1)) is None
    assert due_window(cron, "Asia/Kabul", END, END + timedelta(hours=23)) is None
    assert due_window(cron, "Asia/Kabul", END, END - timedelta(days=3)) is None  # the clock went back


def test_missed_windows_become_one_and_years_cost_nothing():
    started = time.process_time()
    window = due_window(Cron("* * * * *"), "Europe/Berlin", END - timedelta(days=3650), END)
    assert window == Window(END - timedelta(days=3650), END)
    assert time.process_time() - started < 0.5


def test_a_window_may_start_between_fire_times():
    odd = END - timedelta(hours=3, microseconds=5)
    window = due_window(Cron("0 8 * * *"), "Asia/Kabul", odd, END)
    assert window == Window(odd, END)
    assert "." in window_batch(window)


@pytest.mark.parametrize("text", ["30 2 * * *", "0 3 * * *", "45 1 * * *", "0 0 * * *", "15,45 2 * * *"])
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Berlin", datetime(2023, 3, 24, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2023, 10, 27, tzinfo=UTC)),
        ("America/St_Johns", datetime(2023, 3, 10, tzinfo=UTC)),
        ("America/St_Johns", datetime(2023, 11, 3, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2023, 4, 1, tzinfo=UTC)),  # half an hour of summer time
        ("Antarctica/Troll", datetime(2023, 10, 27, tzinfo=UTC)),  # two hours
        ("America/Havana", datetime(2023, 3, 10, tzinfo=UTC)),  # midnight does not exist
        ("Asia/Kabul", datetime(2023, 3, 24, tzinfo=UTC)),
    ],
)
def test_no_day_is_skipped_and_none_comes_twice_when_the_clocks_change(zone: str, start: datetime, text: str):
    tz = ZoneInfo(zone)
    ends = []
    last, now = start, start
    while now < start + timedelta(days=5):
        window = due_window(Cron(text), zone, last, now)
        if window is not None:
            assert window.start == last
            assert window.end == now  # at its time, not an hour later
            ends.append(window.end)
            last = window.end
        now += timedelta(minutes=15)
    wanted: set[datetime] = set()
    for minute in text.split()[0].split(","):
        for day in range(-1, 7):
            date = start.astimezone(tz).date() + timedelta(days=day)
            local = datetime(date.year, date.month, date.day, int(text.split()[1]), int(minute), tzinfo=tz)
            while local.astimezone(UTC).astimezone(tz).replace(tzinfo=None) != local.replace(tzinfo=None):
                local = local.replace(tzinfo=None) + timedelta(minutes=1)  # inside a gap: its end
                local = local.replace(tzinfo=tz)
            wanted.add(local.astimezone(UTC))
    assert ends == sorted(t for t in wanted if start < t < start + timedelta(days=5))


def test_the_next_fire_time_lies_ahead_even_in_the_second_pass_of_a_fold():
    second_pass = datetime(2023, 10, 29, 1, 10, tzinfo=UTC)  # 02:10 in Berlin, for the second time
    assert next_fire(Cron("30 2 * * *"), "Europe/Berlin", second_pass) == datetime(2023, 10, 30, 1, 30, tzinfo=UTC)


def test_every_half_hour_counts_from_the_full_hour():
    now = datetime(2023, 2, 23, 10, 47, tzinfo=UTC)
    half = Every(timedelta(minutes=30))
    window = due_window(half, "Asia/Kabul", now - timedelta(hours=2), now)
    assert window is not None
    assert window.end == datetime(2023, 2, 23, 10, 30, tzinfo=UTC)
    assert next_fire(half, "Asia/Kabul", now) == datetime(2023, 2, 23, 11, 0, tzinfo=UTC)
    assert due_window(half, "Asia/Kabul", window.end, now) is None


def test_a_window_is_late_five_minutes_after_its_end():
    window = Window(END - timedelta(days=1), END)
    assert not is_late(window, END + timedelta(minutes=5))
    assert is_late(window, END + timedelta(minutes=5, seconds=1))


def test_an_immediate_digest_waits_for_more_of_the_same_story():
    wait = timedelta(seconds=30)
    assert not immediate_due(END, wait, END + timedelta(seconds=29))
    assert immediate_due(END, wait, END + timedelta(seconds=30))


def test_batches_have_readable_names():
    window = Window(END - timedelta(days=1), END)
    assert window_batch(window) == "2023-02-22T03:30:00Z/2023-02-23T03:30:00Z"
    assert story_batch("s_7f3a", 1) == "s_7f3a#1"


def test_delivery_keys_are_stable_and_fields_cannot_run_together():
    key = delivery_key("d", "b", "r", "a@example.org", 1)
    assert key == delivery_key("d", "b", "r", "a@example.org", 1)
    assert len(key) == 32
    int(key, 16)
    others = {
        delivery_key("db", "", "r", "a@example.org", 1),
        delivery_key("d", "b", "ra", "@example.org", 1),
        delivery_key("d", "b", "r", "a@example.org", 2),
        delivery_key("d", "b\x00r", "", "a@example.org", 1),
    }
    assert len(others) == 4
    assert key not in others


def test_a_receiver_is_one_message_per_address_and_one_per_other_channel():
    receiver = Receiver(
        "desk",
        (
            EmailEndpoint(("a@example.org", "b@example.org", "a@example.org")),
            SlackEndpoint(Secret("https://hooks.example/x")),
            WebhookEndpoint(Secret("https://siem.example/x"), Secret("whsec_x")),
            FileEndpoint("digests", MessageFormat.HTML),
            StdoutEndpoint(),
        ),
    )
    recipients = recipients_of(receiver)
    assert recipients == (
        (ChannelKind.EMAIL, "a@example.org", MessageFormat.EMAIL),
        (ChannelKind.EMAIL, "b@example.org", MessageFormat.EMAIL),
        (ChannelKind.SLACK, "slack", MessageFormat.SLACK),
        (ChannelKind.WEBHOOK, "webhook", MessageFormat.JSON),
        (ChannelKind.FILE, "file", MessageFormat.HTML),
        (ChannelKind.STDOUT, "stdout", MessageFormat.TEXT),
    )
    keys = {delivery_key("d", "b", receiver.name, recipient, 1) for _, recipient, _ in recipients}
    assert len(keys) == len(recipients)
