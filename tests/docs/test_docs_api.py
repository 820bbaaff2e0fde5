"""The page on the API: its routes and reasons are those that there are, its examples answer so."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
from documents import code, document, rows, spans_of
from newsroom import RULES, Newsroom, crowd
from starlette.testclient import TestClient
from typed import console
from workbench_house import Bench

from monitor.app.check import open_settings
from monitor.app.entrance import Entrance, hash_of
from monitor.app.open_house import OpenHouse
from monitor.model.web import AccessToken, Role
from monitor.web.api.problems import STATUS_OF, Reason
from monitor.web.api.routes import ROUTES

PAGE = document("docs/reference/api.md")
CONFIG = """
[[feeds]]
url = "https://news.example/feed"
[receivers.desk]
stdout = {}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
"""

LIST = b"""<?xml version="1.0"?>
<opml version="2.0"><body>
<outline type="rss" text="Gandhara" xmlUrl="https://www.rferl.org/api/"/>
<outline type="rss" text="News" xmlUrl="https://news.example/feed"/>
</body></opml>"""


def test_the_routes_are_those_that_are_served() -> None:
    told = {code(route): whom for route, _, whom in rows(PAGE.sections["Routes"])}
    served = {
        f"{one.method} {one.path.replace(':number', '')}": "operators" if one.acts else "all" for one in ROUTES
    }
    assert told == served


def test_the_reasons_are_those_that_are_given() -> None:
    told = {
        reason: int(status)
        for reasons, status, _ in rows(PAGE.sections["What is not answered"])
        for reason in spans_of(reasons)
    }
    assert told == {reason.value: STATUS_OF[reason] for reason in Reason}


@pytest.fixture
def site(tmp_path: Path) -> TestClient:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.toml").write_text(RULES, encoding="utf-8")
    config = tmp_path / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    ready, room = open_settings(config, {}), Newsroom()
    crowd(room, 2)
    room.clock.advance(timedelta(minutes=1))
    entrance = Entrance(lambda: (AccessToken("a", Role.OPERATOR, hash_of("mon_a")),), b"k" * 32, room.clock)
    house = OpenHouse(config, lambda: ready, room.store, room.clock)
    return Bench(house, room).site_of(entrance)


def test_the_examples_answer_as_they_say(site: TestClient) -> None:
    examples = list(console(PAGE))
    assert len(examples) >= 5
    for command, output in examples:
        words = shlex.split(command.replace("$TOKEN", "mon_a"))
        assert words[:2] == ["curl", "-s"]
        given = [words[place + 1].partition(": ") for place, word in enumerate(words) if word == "-H"]
        headers, (url,) = (
            {name: value for name, _, value in given},
            [one for one in words if one.startswith("http://")],
        )
        if "--data-binary" in words:
            assert words[words.index("--data-binary") + 1] == "@feeds.opml"
            said = site.post(url, content=LIST, headers=headers).text
        elif "--json" in words:
            headers["content-type"] = "application/json"
            said = site.post(url, content=words[words.index("--json") + 1], headers=headers).text
        else:
            said = site.get(url, headers=headers).text
        shown = ".*".join(re.escape(part) for part in output.strip().split("…"))
        assert re.fullmatch(shown, said.strip(), re.DOTALL), said
