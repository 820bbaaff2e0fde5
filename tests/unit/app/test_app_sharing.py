"""Who works by which config, and that it is told when they differ for long."""

from __future__ import annotations

from dataclasses import fields, make_dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from made import NOON
from structlog.testing import capture_logs

from monitor.app.check import Ready, open_settings
from monitor.app.fingerprint import fingerprint
from monitor.app.sharing import Sharing
from monitor.config import Settings
from monitor.core.health.incidents import changes
from monitor.core.health.notices import incident_line, notice_of_begin
from monitor.model.daemons import DISPATCH, Daemon, Division, key_of_duty, token_of
from monitor.model.health import Incident, IncidentKind
from monitor.model.jobs import ProcessRole
from monitor.model.secret import Secret
from monitor.testing import FakeClock

CONFIG = """
[store]
url = "sqlite:///monitor.db"
[[feeds]]
url = "https://news.example/feed"
tags = ["b", "a"]
[receivers.console]
stdout = {}
[receivers.hook]
webhook = { url = "https://hook.example/", secret = "env:HOOK" }
[[digests]]
name = "alerts"
rules = ["*"]
to = ["console", "hook"]
schedule = "immediate"
"""
RULES = "[[rules]]\nid = 'r'\ntitle = 'R'\nquery = 'flood'\n"
SECRET = "whsec_" + "c2VjcmV0IGtleSBmb3IgYSB0ZXN0IG9m"


def ready(folder: Path, config: str = CONFIG, rules: str = RULES, secret: str = SECRET) -> Ready:
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "r.toml").write_text(rules, encoding="utf-8")
    (folder / "config.toml").write_text(config, encoding="utf-8")
    return open_settings(folder / "config.toml", {"HOOK": secret})


def test_what_is_the_same_has_one_fingerprint_wherever_it_lies(tmp_path: Path) -> None:
    places = tmp_path / "a", tmp_path / "b"
    for place in places:
        place.mkdir()
    first = fingerprint(ready(places[0]))
    elsewhere = CONFIG.replace("sqlite:///monitor.db", "sqlite:///other.db") + "[web]\nlisten = '127.0.0.1:8123'\n"
    assert fingerprint(ready(places[1], elsewhere)) == first
    assert len(first) == 6


@pytest.mark.parametrize(
    ("config", "rules"),
    [
        (CONFIG.replace("news.example", "wire.example"), RULES),
        (CONFIG.replace('to = ["console", "hook"]', 'to = ["hook"]'), RULES),
        (CONFIG + "[poll]\ninterval = '7m'\n", RULES),
        (CONFIG, RULES.replace("flood", "storm")),
        (CONFIG, RULES + "tags = ['x']\n"),
    ],
)
def test_what_changes_the_work_changes_the_fingerprint(tmp_path: Path, config: str, rules: str) -> None:
    before = fingerprint(ready(tmp_path))
    assert fingerprint(ready(tmp_path, config, rules)) != before


def test_a_setting_that_only_the_next_version_has_changes_no_fingerprint_at_its_default(tmp_path: Path) -> None:
    now = ready(tmp_path)
    later = make_dataclass("Settings", [("more", int, 7)], bases=(Settings,), frozen=True)
    given = {one.name: getattr(now.settings, one.name) for one in fields(now.settings) if one.init}
    assert fingerprint(replace(now, settings=later(**given))) == fingerprint(now)
    assert fingerprint(replace(now, settings=later(**given, more=8))) != fingerprint(now)


def test_no_secret_is_in_a_fingerprint(tmp_path: Path) -> None:
    before = fingerprint(ready(tmp_path))
    other = ready(tmp_path, secret="whsec_" + "b3RoZXIgc2VjcmV0IGtleSBmb3IgYSB0ZXN0")
    assert fingerprint(other) == before
    assert "***" in repr(Secret("x"))


class Told:
    """Shares that say what the test says."""

    divided = True

    def __init__(self) -> None:
        self.division = Division(Daemon(1, "a", "c1", token="a"))

    def begin(self, duties: object, *, shares: bool = True) -> None:
        return

    def has(self, duty: str) -> bool:
        return True

    def turn(self, *, well: bool = True, workers: frozenset[int] = frozenset()) -> Division:
        self.well, self.workers = well, workers
        return self.division

    def declare(self, config: str) -> None:
        return


def test_a_daemon_that_hangs_takes_no_part() -> None:
    shares, clock, sharing = Told(), FakeClock(NOON), Sharing()
    sharing.begin(shares, ["poll", "match"], clock)
    assert shares.well
    sharing.turn(shares, clock, "poll hangs for 15 min")
    assert not shares.well


def test_daemons_that_differ_for_two_minutes_are_an_incident_until_they_are_alike() -> None:
    shares, clock, sharing = Told(), FakeClock(NOON), Sharing()
    other = Daemon(2, "b", "c2", token="b")
    shares.division = replace(shares.division, others=(other,))
    sharing.begin(shares, ["poll", "match"], clock)
    assert sharing.troubles(clock.now()) == []
    sharing.turn(shares, clock)
    (trouble,) = sharing.troubles(clock.advance(timedelta(minutes=2)))
    assert trouble.kind is IncidentKind.DAEMONS_DIFFER
    assert "pid 2 on b" in trouble.detail
    assert changes([], [trouble]).opened == (trouble,)
    incident = Incident(1, trouble.kind, trouble.subject, trouble.detail, NOON)
    assert "different configs" in notice_of_begin([incident], NOON, "UTC").title
    assert "pid 2 on b" in incident_line(incident, "UTC")
    shares.division = replace(shares.division, others=(replace(other, config="c1"),))
    sharing.turn(shares, clock)
    assert sharing.troubles(clock.now()) == []


def process(pid: int, role: ProcessRole, *duties: str) -> Daemon:
    return Daemon(pid, "desk", "c1", token=token_of(role, f"{pid:06x}"), keys=frozenset(map(key_of_duty, duties)))


def test_a_worker_tells_after_two_minutes_that_nobody_gives_out_what_is_due_until_somebody_does() -> None:
    shares, clock, sharing = Told(), FakeClock(NOON), Sharing()
    idle = process(2, ProcessRole.DISPATCH)  # it has another config, say
    shares.division = Division(process(1, ProcessRole.WORK), (idle,), duties=frozenset({"match"}))
    sharing.begin(shares, ["poll", "match"], clock, queue=True)
    assert sharing.troubles(clock.now()) == []
    sharing.turn(shares, clock, workers=frozenset({7}))
    assert shares.workers == {7}
    (trouble,) = sharing.troubles(clock.advance(timedelta(minutes=2)))
    assert trouble.kind is IncidentKind.NO_DISPATCHER
    incident = Incident(1, trouble.kind, trouble.subject, trouble.detail, NOON)
    assert "Nobody gives out" in notice_of_begin([incident], NOON, "UTC").title
    shares.division = replace(shares.division, others=(process(2, ProcessRole.DISPATCH, DISPATCH),))
    sharing.turn(shares, clock)
    assert sharing.troubles(clock.now()) == []


def test_one_that_dispatches_itself_misses_nobody() -> None:
    shares, clock, sharing = Told(), FakeClock(NOON), Sharing()
    shares.division = Division(process(1, ProcessRole.ALL), duties=frozenset({DISPATCH}))
    sharing.begin(shares, ["poll", "dispatch"], clock, queue=True)
    sharing.turn(shares, clock)
    assert sharing.missing == {}


def test_without_a_queue_nobody_dispatches_and_nobody_is_missed() -> None:
    shares, clock, sharing = Told(), FakeClock(NOON), Sharing()
    sharing.begin(shares, ["poll", "match"], clock)
    assert sharing.missing == {}


def test_a_dispatcher_says_in_its_log_that_no_worker_is_there_and_when_one_is_again() -> None:
    shares, clock, sharing = Told(), FakeClock(NOON), Sharing()
    alone = Division(process(1, ProcessRole.DISPATCH), duties=frozenset({DISPATCH}))
    shares.division = alone
    with capture_logs() as said:
        sharing.begin(shares, ["dispatch"], clock, queue=True)
        sharing.turn(shares, clock)
        assert not [one for one in said if "no worker" in one["event"]], "at once"
        clock.advance(timedelta(minutes=2))
        sharing.turn(shares, clock)
        sharing.turn(shares, clock)
        assert ["no worker" in one["event"] for one in said].count(True) == 1
        shares.division = replace(alone, others=(process(2, ProcessRole.WORK),))
        sharing.turn(shares, clock)
        assert said[-1]["event"] == "is there again"
