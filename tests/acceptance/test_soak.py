"""The soak of the bench folder, short: all is accounted for; and its judge sees what is not."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from documents import ROOT

sys.path.append(str(ROOT / "bench"))

from soak import Soak, options_of, table
from soaking.judge import judge
from soaking.pages import page_for
from soaking.samples import Sample, flatness, flatness_complaints, growth_of_fds

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
        yield Sample(at, own, own, own, 2, 100.0, 60.0, 40, files, 1.0, 1.0, 1.0, 1.0, {})


def complaints(looks: list[Sample]) -> list[str]:
    return flatness_complaints(looks, flatness(looks, [one.own for one in looks]))


def test_memory_and_descriptors_that_stay_are_flat() -> None:
    looks = list(samples(1_200, 0.0))
    assert complaints(looks) == []
    assert growth_of_fds(looks) == 0


def test_a_leak_of_a_megabyte_a_minute_is_not_flat() -> None:
    (said,) = complaints(list(samples(1_200, 60.0)))
    assert "MB an hour" in said


def test_a_descriptor_lost_every_minute_is_seen() -> None:
    (said,) = complaints(list(samples(1_200, 0.0, fds=60)))
    assert "descriptors more" in said


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
        return list(judge(soak.house, soak.world, soak.came).wrong)

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
