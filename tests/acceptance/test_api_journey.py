"""An analyst's program at the API of the real daemon: each answer is held against the document, too."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from api_house import Api
from desk import Desk, eventually
from local_feed import LocalFeed
from talk import ANY_PORT, port_of, ready

from monitor.app.entrance import new_token
from monitor.demo.server import LocalSite

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]  # in the tier the same is asked of the pages themselves

URDU = "طورخم سرحد بند"


def test_a_program_adds_a_feed_and_a_rule_sees_its_match_and_takes_the_rule_back(
    desk: Desk, feed: LocalFeed, site: LocalSite
) -> None:
    token, hashed = new_token(bytes(32))
    tokens = f'[[web.tokens]]\nname = "anna"\nrole = "operator"\nsha256 = "{hashed}"\n'
    desk.write(["http://127.0.0.1:9/nobody-listens"], more=ANY_PORT + tokens)
    before = (desk.folder / "rules" / "rules.toml").read_text("utf-8")
    feed.add(URDU, "سرحد آج بند ہے۔")
    with desk.running():
        port = port_of(desk)
        eventually(lambda: ready(port), "readiness")
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            api = Api(client, token)
            (found,) = api.post("/feeds/discover", {"url": feed.url})["feeds"]
            assert found["preview"]["entries"][0]["title"] == URDU
            added = api.post("/feeds", {"url": found["url"], "tags": ["urdu"], "backfill": "24h"}, 201)
            assert (added["waiting"], added["rules"]) == (1, {})

            rule: dict[str, Any] = {"id": "torkham-urdu", "title": URDU, "query": "طورخم AND (بند"}
            assert api.post("/rules", rule, 422)["problems"][0]["context"]
            rule |= {"query": "طورخم AND بند", "must_match": [URDU]}
            trial = {"query": rule["query"], "must_match": rule["must_match"], "since": "24h"}
            eventually(lambda: api.post("/rules/try", trial)["summary"]["matches"] == 1, "the article")
            assert api.post("/rules", rule, 201)["rule"]["standing"] == "coming"
            path = "/rules/torkham-urdu"
            eventually(lambda: api.get(f"{path}/file")["standing"] == "in_force", "the rule in force")

            feed.add(f"{URDU}، دوسرا دن", "سرحد دوسرے دن بھی بند ہے۔")
            (match,) = eventually(lambda: api.get("/matches", rule="torkham-urdu")["items"], "the match")
            eventually(
                lambda: api.get("/why", url=match["url"])["items"][0]["digests"][0]["deliveries"], "its delivery"
            )
            more = {"must_match_articles": [match["url"]]}
            saved = api.post(f"{path}/examples", more)["rule"]
            assert len(saved["written"]["must_match"]) == 2
            back = api.post(f"{path}/undo", {"fingerprint": saved["fingerprint"]})["rule"]
            assert back["written"]["must_match"] == [URDU]
            assert feed.url in api.get("/feeds/export", tag="urdu")
            assert api.post(f"/feeds/{added['id']}/remove")["status"] == "removed"
    written = (desk.folder / "rules" / "rules.toml").read_text("utf-8")
    assert written.startswith(before)
    assert token not in desk.log()
    assert '"by": "anna"' in desk.log()
