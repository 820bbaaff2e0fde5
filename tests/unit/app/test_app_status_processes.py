"""What `monitor status` says of several processes on one store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from newsroom import Newsroom
from status_screen import said, status

from monitor.app.daemon_words import daemon_lines
from monitor.app.status import Status, status_lines
from monitor.app.status_json import status_json
from monitor.model.daemons import DISPATCH, Daemon, Missing, Queued, key_of_duty, key_of_worker, token_of
from monitor.model.health import IncidentKind, Trouble
from monitor.model.jobs import ProcessRole


def test_several_daemons_are_listed_with_their_parts_and_in_what_they_differ() -> None:
    keys = frozenset(range(32))
    one = Daemon(4711, "desk1", "c1", version="1.0", token="a", keys=keys | {64})
    assert daemon_lines([one]) == []
    other = Daemon(4712, "desk2", "c1", version="1.0", token="b", keys=keys)
    assert daemon_lines([one, other]) == [
        "pid 4711 on desk1, 1.0: 32 of 64 shares of the work",
        "pid 4712 on desk2, 1.0: 32 of 64 shares of the work",
    ]
    room = Newsroom()
    room.store.incidents.note_start(room.clock.now())
    room.clock.advance(timedelta(minutes=3))
    assert "monitor 1.2.3 · 2 daemons, the last one up 3 min · " in said(room, daemons=[one, other])
    strange = Daemon(4713, "desk3", "c2", version="1.1", token="c")
    lines = daemon_lines([one, strange])
    assert any("configs or rules differ" in line for line in lines)
    assert any("versions differ" in line for line in lines)


def process(pid: int, role: ProcessRole, *duties: str, shares: int = 0, worker: int | None = None) -> Daemon:
    keys = {*range(shares), *map(key_of_duty, duties)}
    if worker is not None:
        keys.add(key_of_worker(worker))
    token = token_of(role, f"{pid:06x}")
    return Daemon(pid, "a-long-name.of.a.host", "c1", 1, "0.1.0", token, frozenset(keys))


CLUSTER = (
    process(4711, ProcessRole.DISPATCH, DISPATCH),
    process(4712, ProcessRole.DISPATCH),
    process(4713, ProcessRole.WORK, "match", "digest", "health", "prune", "index", shares=32, worker=17),
    process(4714, ProcessRole.WORK, shares=32, worker=18),
    process(4715, ProcessRole.WEB),
)


def of_cluster(room: Newsroom, queued: Queued, daemons: Sequence[Daemon] = CLUSTER) -> Status:
    found = status(room, daemons=daemons, queue=True)
    return replace(found, queued=queued)


def test_processes_stand_in_one_order_whenever_their_configs_were_taken_up() -> None:
    found = of_cluster(Newsroom(), Queued(), [replace(one, loaded=9 - one.pid % 10) for one in reversed(CLUSTER)])
    assert [one.pid for one in found.daemons] == [4711, 4712, 4713, 4714, 4715]


def test_each_of_several_processes_is_shown_with_what_it_does_and_what_it_has_in_hand() -> None:
    room = Newsroom()
    queued = Queued(
        {"match": 100, "poll": 1_100}, room.clock.now() - timedelta(seconds=95), {17: 12, 18: 1, None: 2}
    )
    lines = status_lines(of_cluster(room, queued))
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    for words in (
        "Daemons pid 4711 on a-long-name.of.a.host, 0.1.0: dispatcher pid 4712",
        "pid 4712 on a-long-name.of.a.host, 0.1.0: dispatcher; stands by",
        "worker, 32 of 64 shares, 12 jobs in hand; matches, plans digests, looks after health, prunes, indexes",
        "worker, 32 of 64 shares, 1 job in hand pid 4715",
        "0.1.0: web pages",
        "Queue 1,200 jobs wait (100 of match, 1,100 of poll), the oldest for 1 min 35 s · 15 in hand",
    ):
        assert words in text, text
    row = status_json(of_cluster(room, queued))
    assert row["queue"] == {
        "waiting": 1_200,
        "by_stage": {"match": 100, "poll": 1_100},
        "oldest_s": 95.0,
        "taken": 15,
    }
    assert row["missing"] == []
    assert [one["jobs"] for one in row["daemons"]] == [0, 0, 12, 1, 0]
    assert row["daemons"][2]["duties"] == ["match", "digest", "health", "prune", "index"]


@pytest.mark.parametrize(
    ("role", "wanted", "words"),
    [
        (ProcessRole.WORK, Missing.DISPATCHER, "No dispatcher is at work, nobody gives out what is due"),
        (ProcessRole.DISPATCH, Missing.WORKER, "No worker is there, nothing is polled, read or sent"),
    ],
)
def test_who_is_missing_is_trouble_by_name(role: ProcessRole, wanted: Missing, words: str) -> None:
    room = Newsroom()
    alone = process(4711, role, *([DISPATCH] if role.dispatches else []), shares=64 * role.works)
    found = of_cluster(room, Queued(), [alone])
    assert found.missing == (wanted,)
    text = " ".join(" ".join(status_lines(found)).split())
    assert words in text
    assert f"pid 4711 on a-long-name.of.a.host, 0.1.0: {'worker' if role.works else 'dispatcher'}" in text
    assert status_json(found)["missing"] == [wanted.value]


def test_nobody_is_missing_where_nothing_runs_or_one_does_all() -> None:
    room = Newsroom()
    assert of_cluster(room, Queued(), []).missing == ()
    whole = process(4711, ProcessRole.ALL, DISPATCH, "match", shares=64)
    assert of_cluster(room, Queued(), [whole]).missing == ()
    assert of_cluster(room, Queued(), [Daemon(4711, exclusive=True)]).missing == ()


def test_a_trouble_that_was_told_is_not_told_twice() -> None:
    room = Newsroom()
    room.look_after(Trouble(IncidentKind.NO_DISPATCHER, "", "no dispatcher is at work"))
    lines = " ".join(" ".join(status_lines(of_cluster(room, Queued(), [CLUSTER[3]]))).split())
    assert "Nobody gives out what is due: since" in lines
    assert "nobody gives out what is due: monitor run" not in lines


def test_one_that_has_not_followed_a_reload_is_named_and_how_long_one_is_silent() -> None:
    one, other = CLUSTER[2], replace(CLUSTER[3], config="c2", loaded=2, silent=12.3)
    assert any("jobs in hand; silent for 12 s" in line for line in daemon_lines([one, other], Queued()))
    rows = status_json(of_cluster(Newsroom(), Queued(), [one, other]))["daemons"]
    assert [row["newest_config"] for row in rows] == [False, True]
    assert rows[1]["silent_s"] == 12.3
