"""The dashboard over a real store in memory, filled by the real stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from api_house import Api
from newsroom import FEED, RULES, Newsroom, item
from starlette.testclient import TestClient

from monitor.app.check import open_settings
from monitor.app.entrance import Entrance
from monitor.app.open_house import OpenHouse
from monitor.app.vitals import Health
from monitor.demo.server import LocalSite
from monitor.model.web import ListenAddress
from monitor.web import Views, build_pages

CONFIG = f"""
[store]
url = "sqlite:///monitor.db"
[[feeds]]
url = "{FEED}"
[receivers.desk]
stdout = {{}}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
"""


@pytest.fixture
def newsroom() -> Newsroom:
    return Newsroom()


@pytest.fixture
def open_house(newsroom: Newsroom, tmp_path: Path) -> OpenHouse:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.toml").write_text(RULES, encoding="utf-8")
    config = tmp_path / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    ready = open_settings(config, {})
    return OpenHouse(config, lambda: ready, newsroom.store, newsroom.clock)


@pytest.fixture
def site(open_house: OpenHouse, newsroom: Newsroom) -> TestClient:
    entrance = Entrance(tuple, b"k" * 32, newsroom.clock)
    views = Views(Health, Health, lambda: (b"", "text/plain"), open_house=open_house, entrance=entrance)
    pages = build_pages(views, ListenAddress("127.0.0.1", 8080))
    return TestClient(pages, base_url="http://127.0.0.1:8080")


@pytest.fixture
def api(site: TestClient) -> Api:
    return Api(site)


@pytest.fixture
def outside() -> Iterator[LocalSite]:
    with LocalSite() as running:
        yield running


@pytest.fixture
def to_the_outside(open_house: OpenHouse) -> OpenHouse:
    """A config that allows addresses of this machine."""
    ready = open_house.ready()
    poll = replace(ready.settings.poll, allow_private_addresses=True, host_delay=timedelta(0))
    changed = replace(ready, settings=replace(ready.settings, poll=poll))
    object.__setattr__(open_house, "ready", lambda: changed)
    return open_house


@pytest.fixture
def told(newsroom: Newsroom) -> Newsroom:
    """Three stories; two were told, of which one delivery is dead."""
    for number, (title, words) in enumerate(
        (
            ("Torkham closed", "The Torkham crossing was closed to all traffic."),
            ("Floods in Sindh", "Floods took three bridges in Sindh on Monday."),
            ("Cricket", "A quiet day at the ground in Lahore."),
        ),
        1,
    ):
        newsroom.bring_in(item(f"e{number}", title, words, link=f"https://news.example/e{number}"))
        newsroom.clock.advance(timedelta(minutes=1))
    newsroom.plan()
    newsroom.deliver()
    return newsroom
