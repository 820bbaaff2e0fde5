"""The soak of the bench folder, short: all is accounted for; and its judge sees what is not."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from documents import ROOT

sys.path.append(str(ROOT / "bench"))

from soak import Soak, options_of, table
from soaking.judge import judge
from soaking.pages import page_for
from soaking.samples import Process, Sample, flatness_complaints, growth_of_fds
from soaking.tables import Table, table_complaints

pytestmark = pytest.mark.needs("linux")


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])))


def samples(seconds: int, growth: float, fds: float = 0.0) -> Iterator[Sample]:
    """Every ten seconds: so many MB more an hour, and descriptors, over a noise of a megabyte."""
    dice = random.Random(3)
    for at in range(0, seconds, 10):
        own = 200 + growth * at / 3_600 + dice.uniform(-1, 1)
        files = {"socket": 30 + round(fds * at / 3_600)}
        yield Sample(at, {"daemon": Process(own, own, own, 2, 100.0, 60.0, 40, files, 1.0)}, 1.0, 1.0, 1.0, {})


def complaints(looks: list[Sample]) -> list[str]:
    return flatness_complaints(looks, {"daemon": ""})


def test_memory_and_descriptors_that_stay_are_flat() -> None:
    looks = list(samples(1_200, 0.0))
    assert complaints(looks) == []
    assert growth_of_fds([one.processes["daemon"] for one in looks]) == 0


def test_a_leak_of_a_megabyte_a_minute_is_not_flat() -> None:
    (said,) = complaints(list(samples(1_200, 60.0)))
    assert "MB an hour" in said


def test_a_descriptor_lost_every_minute_is_seen() -> None:
    (said,) = complaints(list(samples(1_200, 0.0, fds=60)))
    assert "descriptors more" in said


def of_two(ones: list[Sample], others: list[Sample]) -> list[str]:
    """The same of two workers."""
    looks = [
        Sample(one.at, {"a": one.processes["daemon"], "b": other.processes["daemon"]}, 1.0, 1.0, 1.0, {})
        for one, other in zip(ones, others, strict=True)
    ]
    return flatness_complaints(looks, {"a": "work", "b": "work"})


def test_a_worker_that_comes_to_have_what_another_has_is_flat_and_one_that_outgrows_it_is_not() -> None:
    large, growing = list(samples(1_200, 0.0)), list(samples(1_200, 60.0))
    small = [
        replace(one, processes={"daemon": replace(one.processes["daemon"], own=170 + one.at / 60)})
        for one in large
    ]
    assert of_two(large, small) == []
    (said,) = of_two(large, growing)
    assert said.startswith("the largest of a, b grew")


def tables(name: str, *looks: tuple[int, int, int, float]) -> list[Sample]:
    """A look at a table every five minutes: rows, dead ones, versions left behind so far, MB with indexes."""
    return [
        Sample(300.0 * at, {}, 1.0, 0.0, 1.0, {}, {name: Table(rows, dead, 0, 0, left, 1, size / 2, size / 2)})
        for at, (rows, dead, left, size) in enumerate(looks)
    ]


def test_a_table_that_grows_with_its_rows_is_bounded() -> None:
    looks = tables("entries", (10_000, 100, 0, 20.0), (20_000, 100, 100, 40.0), (30_000, 100, 200, 60.0))
    assert list(table_complaints(looks)) == []


def test_a_table_of_the_queue_that_grows_with_the_time_is_bloated() -> None:
    (said,) = table_complaints(tables("procrastinate_jobs", (90, 10, 0, 4.0), (90, 10, 9_000, 10.0)))
    assert said == "table procrastinate_jobs went from 4.0 to 10.0 MB; 7.0 MB at most is bounded"


def test_a_table_whose_rows_take_more_and_more_room_is_bloated() -> None:
    (said,) = table_complaints(tables("feeds", (1_000, 10, 0, 4.0), (1_000, 10, 9_000, 10.0)))
    assert "went from 4.0 to 10.0 MB" in said


def test_dead_rows_that_nobody_takes_away_are_seen() -> None:
    (said,) = table_complaints(tables("feeds", (1_000, 10, 0, 4.0), (1_000, 9_000, 9_000, 4.0)))
    assert said == "table feeds had 9,000 dead rows; autovacuum should leave 5,650 at most"


def test_minutes_say_nothing_of_hours() -> None:
    assert complaints(list(samples(300, 100.0))) == []


def test_a_page_is_ill_no_longer_than_its_retries_last() -> None:
    dice = random.Random(1)
    for minutes, most in ((0.4, 0), (2, 1), (10, 2), (22, 4)):
        pages = [page_for(dice, False, timedelta(minutes=minutes)) for _ in range(2_000)]
        ill = [page.fails for page in pages if not page.never]
        assert max(ill) == min(most, 3)
        assert any(page.never for page in pages)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_short_soak_accounts_for_all_and_sees_what_is_lost(path: None, tmp_path: Path) -> None:
    soak = Soak(options_of(["--minutes", "1.5", "--feeds", "50"]), tmp_path)
    result = soak.run()
    assert result["complaints"] == [], table(result)
    account = result["account"]
    assert account["served whole"] == account["of them in the ledger"] > 150
    assert account["events to tell"] > 5
    assert result["processors"]["generator"] < 0.3
    assert len(result["answers"]) > 10

    def seen(statement: str) -> list[str]:
        soak.house.write_store(statement)
        return list(judge(soak.house, soak.world, soak.came, datetime.now(UTC)).wrong)

    key = soak.house.ask("SELECT key FROM deliveries WHERE channel = 'email' AND digest = 'alerts'")[0][0]
    (soak.came.folder / key).unlink()
    assert "sent deliveries that never came" in seen("SELECT 1")
    soak.came.bodies[key].add(b"other bytes")
    assert "repeats that differ from the first" in seen("SELECT 1")
    assert "deliveries that were not made" in seen("UPDATE deliveries SET state = 'dead' WHERE channel = 'file'")
    assert "matches that a digest does not have" in seen("DELETE FROM routings WHERE digest = 'minutes'")
    assert "articles that no rule has read" in seen("UPDATE articles SET stage = 'grouped' WHERE id = 3")
    assert "entries that their rule has not matched" in seen("DELETE FROM matches")
    assert "entries without a fate" in seen("UPDATE entries SET fate = 'waiting' WHERE id = 2")
    assert "served entries are not in the ledger" in seen("UPDATE entries SET title = 'x' WHERE fate = 'read'")


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_short_soak_with_kills_loses_nothing(path: None, tmp_path: Path) -> None:
    soak = Soak(options_of(["--minutes", "1.5", "--feeds", "30", "--kill"]), tmp_path)
    result = soak.run()
    assert result["complaints"] == [], table(result)
    assert result["kills"] >= 1


@pytest.mark.soak
@pytest.mark.needs("postgresql")
@pytest.mark.timeout(900)
def test_a_short_soak_of_several_processes_loses_nothing_and_says_what_tables_take(
    path: None, tmp_path: Path
) -> None:
    soak = Soak(options_of(["--minutes", "1.5", "--feeds", "40", "--cluster", "2", "--kill"]), tmp_path)
    result = soak.run()
    assert result["complaints"] == [], table(result)
    assert result["kills"] >= 1
    assert {"dispatch", "web", "work-1", "work-2"} <= result["processors"].keys()
    assert result["table procrastinate_jobs"]["dead rows"] < 5_000
    assert "MB when warm" in result["table feeds"]
    assert "deliveries" in " ".join(result)
