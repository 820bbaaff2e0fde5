"""What the service manager hears, over a faked clock and over a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made import NOON, feed_settings
from newsroom import FEED, OTHER_FEED, Newsroom
from steady import Steady
from structlog.testing import capture_logs

from monitor.adapters.notify import NotifySocket
from monitor.app.heartbeat import Progress
from monitor.app.pulse import SILENT, Pulse
from monitor.app.reload import LastReload
from monitor.app.supervision import UPGRADE_WITHIN, Supervisor, supervisor_of
from monitor.core.health.progress import HUNG_AFTER
from monitor.model.errors import StoreUnusable

MINUTES = timedelta(minutes=2)


class Manager:
    """Takes what it is told; is busy while told to."""

    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []
        self.busy = False

    def __call__(self, said: Mapping[str, str]) -> bool:
        if not self.busy:
            self.told.append(dict(said))
        return not self.busy

    def heard(self) -> dict[str, str]:
        """All it was told since it was asked last, the later words over the earlier."""
        said = {key: value for one in self.told for key, value in one.items()}
        self.told.clear()
        return said


class Files:
    """A reloader as it looks from outside."""

    def __init__(self) -> None:
        self.reading_since: int | None = None
        self.last: LastReload | None = None
        self.ready = SimpleNamespace(rules_of=None)


class House:
    """A supervisor at work, and all it looks at."""

    def __init__(self, watchdog: timedelta | None = MINUTES) -> None:
        self.manager, self.steady, self.files = Manager(), Steady(), Files()
        self.progress, self.pulse = Progress(self.steady), Pulse(self.steady)
        self.progress.begin(["poll", "deliver"])
        self.supervisor = Supervisor(self.manager, watchdog, self.steady)
        self.supervisor.watch(self.progress, self.pulse, self.files)  # type: ignore[arg-type]  # all it looks at

    def later(self, seconds: float, *stages: str, ticks: bool = True) -> dict[str, str]:
        """What is heard in a turn so much later; these stages had a turn meanwhile."""
        self.steady.now += seconds
        if ticks:
            self.pulse.beat(NOON)
        for stage in stages:
            self.progress.turned(stage)
        self.supervisor.turn()
        return self.manager.heard()


# ---- ready, reload, stop


def test_it_is_ready_once_and_then_says_nothing_new() -> None:
    house = House(watchdog=None)
    assert house.later(0) == {"READY": "1", "STATUS": "running"}
    assert house.later(1) == {}


def test_what_a_busy_manager_did_not_take_is_said_again() -> None:
    house = House()
    house.manager.busy = True
    assert house.later(0) == {}
    house.manager.busy = False
    assert house.later(1) == {"READY": "1", "STATUS": "running", "WATCHDOG": "1"}


def test_a_reload_begins_with_its_time_and_ends_with_ready() -> None:
    house = House(watchdog=None)
    house.later(0)
    house.files.reading_since = 4711
    began = house.later(1)
    assert (began["RELOADING"], began["MONOTONIC_USEC"]) == ("1", "4711")
    assert "reading config and rules again" in began["STATUS"]
    house.files.reading_since, house.files.last = None, LastReload(NOON, 2)
    ended = house.later(1)
    assert ended["READY"] == "1"
    assert "config reloaded 22 Feb" in ended["STATUS"]


def test_a_refused_reload_ends_with_ready_too_and_the_status_says_so_without_naming_a_path() -> None:
    house = House(watchdog=None)
    house.files.reading_since = 1
    house.later(0)
    house.files.reading_since = None
    house.files.last = LastReload(NOON, 1, "/etc/desk/config.toml:3: unknown key")
    said = house.later(1)
    assert said["READY"] == "1"
    assert "REFUSED, the old config stays in force" in said["STATUS"]
    assert "/etc" not in said["STATUS"]


def test_a_reload_asked_for_while_another_is_read_is_one_more_with_a_time_of_its_own() -> None:
    house = House(watchdog=None)
    house.files.reading_since = 1
    house.later(0)
    house.files.reading_since, house.files.last = 2, LastReload(NOON, 2)
    said = house.later(1)
    assert (said["RELOADING"], said["MONOTONIC_USEC"]) == ("1", "2")
    assert "READY" not in said  # the manager waits for the second


def test_the_last_good_rules_are_named_in_the_status() -> None:
    house = House()
    house.files.ready.rules_of = NOON
    assert "the last good rules are in force" in house.later(0)["STATUS"]


def test_a_stop_is_told() -> None:
    house = House()
    house.supervisor.stopping()
    assert house.manager.heard()["STOPPING"] == "1"


def test_a_migration_asks_for_time() -> None:
    house = House()
    house.supervisor.upgrading()
    said = house.manager.heard()
    assert int(said["EXTEND_TIMEOUT_USEC"]) == UPGRADE_WITHIN.total_seconds() * 1_000_000
    assert "up to date" in said["STATUS"]


# ---- the watchdog


def test_the_watchdog_is_answered_four_times_in_its_time_while_all_goes_on() -> None:
    house = House()
    answers = [bool(house.later(1, "poll", "deliver").get("WATCHDOG")) for _ in range(120)]
    assert sum(answers) == 4


def test_a_quiet_night_answers_the_watchdog() -> None:
    house = House()
    for _ in range(12 * 60):
        assert house.later(60, "poll", "deliver")["WATCHDOG"]


def test_a_stage_that_hangs_gets_no_answer_until_it_goes_on() -> None:
    house = House()
    house.later(0)
    with capture_logs() as lines:
        for _ in range(int(HUNG_AFTER.total_seconds()) // 60):
            assert house.later(60, "deliver")["WATCHDOG"]
        said = house.later(60, "deliver")
        assert "WATCHDOG" not in said
        assert said["STATUS"].startswith("HANGS: poll hangs for 16 min")
        assert "WATCHDOG" not in house.later(60, "deliver")
        assert house.later(60, "poll", "deliver")["WATCHDOG"]
    events = [line["event"] for line in lines]
    assert len(events) == 2
    assert events[0].startswith("the watchdog gets no answer")


def test_a_store_in_trouble_for_days_answers_the_watchdog() -> None:
    house = House()
    for _ in range(24):
        house.progress.failed("poll")
        house.progress.failed("deliver")
        assert house.later(3600 / 4)["WATCHDOG"]


def test_without_ticks_there_is_no_answer() -> None:
    house = House()
    house.later(0)
    assert house.later(SILENT, ticks=False)["WATCHDOG"]
    said = house.later(SILENT + 1, ticks=False)
    assert "WATCHDOG" not in said
    assert "no stage was let run" in said["STATUS"]


# ---- the status


def test_the_status_counts_feeds_and_messages_and_names_none() -> None:
    room, house = Newsroom(feeds=(feed_settings(FEED), feed_settings(OTHER_FEED))), House(watchdog=None)
    house.later(0)
    house.supervisor.look(room.store, NOON)
    assert house.later(1) == {"STATUS": "2 feeds, 0 failing, 0 late; no poll yet; outbox 0 waiting, 0 given up"}
    assert house.later(1) == {}


def test_a_store_in_trouble_is_named_without_its_path() -> None:
    class Feeds:
        def all(self) -> Any:
            raise StoreUnusable("sqlite:////srv/ann/monitor.db", "the disk is full")

    house = House(watchdog=None)
    house.supervisor.look(SimpleNamespace(feeds=Feeds()), NOON)  # type: ignore[arg-type]  # all that is asked
    assert house.later(0)["STATUS"] == "the store cannot be used: the disk is full"


# ---- who is told


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(address)
        manager.settimeout(5)
        yield manager


def test_it_reaches_a_socket_by_path_and_one_without_a_file(tmp_path: Path) -> None:
    path, name = str(tmp_path / "notify"), f"monitor-test-{os.getpid()}"
    for bound, address in ((path, path), (f"\0{name}", f"@{name}")):
        with listening(bound) as manager:
            assert NotifySocket(address).tell({"READY": "1", "STATUS": "it runs"})
            assert manager.recv(4096) == b"READY=1\nSTATUS=it runs"


def test_no_value_leaves_its_line(tmp_path: Path) -> None:
    with listening(str(tmp_path / "notify")) as manager:
        assert NotifySocket(str(tmp_path / "notify")).tell({"STATUS": "a\nMAINPID=1\x1b[2J\udcff"})
        assert manager.recv(4096) == b"STATUS=a\\x0aMAINPID=1\\x1b[2J\\udcff"


@pytest.mark.parametrize("address", ["/there/is/no/such/socket", "/" + "x" * 200, "@" + "x" * 200, "@nobody"])
def test_nobody_there_is_no_error(address: str) -> None:
    assert not NotifySocket(address).tell({"READY": "1"})


def test_the_environment_says_who_is_told_and_children_do_not_inherit_it() -> None:
    environment = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "7", "HOME": "/"}
    supervisor = supervisor_of(environment, 7)
    assert (supervisor.wanted, supervisor.watchdog) == (True, MINUTES)
    assert environment == {"HOME": "/"}


@pytest.mark.parametrize(
    ("usec", "whom", "watchdog"),
    [
        ("120000000", "", MINUTES),
        ("120000000", "8", None),
        ("", "", None),
        ("0", "7", None),
        ("soon", "7", None),
        ("9" * 5000, "7", None),
    ],
)
def test_the_watchdog_is_answered_when_it_asks_this_process(usec: str, whom: str, watchdog: object) -> None:
    environment = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": usec, "WATCHDOG_PID": whom}
    assert supervisor_of(environment, 7).watchdog == watchdog


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "relative/path"])
def test_nobody_is_told_where_there_is_no_socket_that_is_known(address: str | None) -> None:
    environment = {} if address is None else {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}
    with capture_logs() as lines:
        supervisor = supervisor_of(environment, 7)
    assert (supervisor.wanted, supervisor.watchdog) == (False, None)
    assert len(lines) == bool(address)
    supervisor.starting("x")
    supervisor.upgrading()
    supervisor.turn()
    supervisor.stopping()
