"""A dashboard whose rules can be saved."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import unescape

import tomli
from newsroom import Newsroom
from starlette.testclient import TestClient

from monitor.app.check import open_settings
from monitor.app.entrance import Entrance
from monitor.app.open_house import OpenHouse
from monitor.app.reload import Reloader
from monitor.app.rule_saving import RuleSaver
from monitor.app.vitals import Health
from monitor.model.web import ListenAddress
from monitor.web import Views, build_pages


class Bench:
    """The site of a house whose rules can be saved."""

    def __init__(self, house: OpenHouse, newsroom: Newsroom) -> None:
        self.file = house.config.parent / "rules" / "rules.toml"
        self.config = house.config
        self.reloader = Reloader(house.config, {}, house.ready(), version="0", stdout=io.StringIO())
        self.house = replace(
            house,
            ready=lambda: self.reloader.ready,
            reloader=self.reloader,
            saver=RuleSaver(house.config, self.reloader),
        )
        self.site = self.site_of(Entrance(tuple, b"k" * 32, newsroom.clock))

    def site_of(self, entrance: Entrance) -> TestClient:
        views = Views(Health, Health, lambda: (b"", "text/plain"), open_house=self.house, entrance=entrance)
        return TestClient(
            build_pages(views, ListenAddress("127.0.0.1", 8080)),
            base_url="http://127.0.0.1:8080",
            follow_redirects=False,
        )

    def fields(self, path: str = "/rules/torkham-closed") -> dict[str, str]:
        """What the form of a page would send, untouched."""
        text = self.site.get(path).text
        form = text[text.index('<form class="bench"') : text.index("</form>", text.index('class="bench"'))]
        inputs = re.findall(r'<input(?: type="hidden")? name="(\w+)" value="([^"]*)"', form)
        areas = re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>\n?([^<]*)</textarea>', form)
        chosen = re.findall(r'<select name="(\w+)">.*?<option(?: selected)?>([^<]*)', form, re.DOTALL)
        picked = re.findall(r'<select name="(\w+)">(?:(?!</select>).)*?<option selected>([^<]*)', form, re.DOTALL)
        return {name: unescape(value) for name, value in [*inputs, *areas, *chosen, *picked]}

    def take_up(self) -> None:
        """What the daemon does a moment after a save."""
        self.reloader.ready = open_settings(self.config, {})
        self.reloader._asked = False

    @property
    def text(self) -> str:
        return self.file.read_text("utf-8")

    def rule(self, place: int = 0) -> dict[str, object]:
        found: dict[str, object] = tomli.loads(self.text)["rules"][place]
        return found
