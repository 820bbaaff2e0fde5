"""The files that pages load: ours, and those of others as they were published."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

import pytest
from starlette.testclient import TestClient

from monitor.web.site.static_files import address_of

FOLDER = files("monitor.web.site") / "static"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
OURS = {"site.css", "site.js", "charts.js", "mark.svg", "manifest.json"}


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_a_file_of_others_is_the_very_one_of_the_manifest(name: str) -> None:
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == MANIFEST[name]["sha256"]
    assert {"name", "version", "licence", "source"} < MANIFEST[name].keys()


def test_every_file_is_ours_or_in_the_manifest() -> None:
    assert {one.name for one in FOLDER.iterdir()} == OURS | MANIFEST.keys()


def test_a_file_may_be_kept_for_ever_since_another_has_another_address(site: TestClient) -> None:
    page = site.get(address_of("site.css"))
    assert (page.status_code, page.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in page.headers["cache-control"]
    assert site.get("/static/0123456789abcdef/site.css").status_code == 404


@pytest.mark.parametrize(
    "name", ["manifest.json", "..%2fapplication.py", "../templates/now.html", "nothing.css", ""]
)
def test_no_other_file_is_served(site: TestClient, name: str) -> None:
    here = FOLDER / name
    mark = hashlib.sha256(here.read_bytes()).hexdigest()[:16] if here.is_file() else "0123456789abcdef"
    assert site.get(f"/static/{mark}/{name}").status_code == 404
