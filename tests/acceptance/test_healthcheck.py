"""What a supervisor hears of a real daemon, and what the container image asks."""

from __future__ import annotations

import json
import re
from pathlib import Path

from desk import Desk, eventually
from local_feed import LocalFeed
from talk import ANY_PORT, port_of
from typed import free_port

CONTAINERFILE = Path(__file__).parents[2] / "deploy" / "Containerfile"


def test_a_daemon_is_well_while_it_runs_and_not_once_it_has_ended(desk: Desk, feed: LocalFeed):
    port = free_port()
    desk.write([feed.url], more=f'[web]\nlisten = "127.0.0.1:{port}"\n')
    page = f"http://127.0.0.1:{port}/healthz"
    not_yet = desk.command("healthcheck")
    assert (not_yet.returncode, not_yet.stderr) == (1, "")
    assert not_yet.stdout == f"not healthy: no_answer: {page}: connection refused\n"
    with desk.running():
        eventually(lambda: desk.command("healthcheck", "--ready").stdout == "ready\n", "readiness")
        well = desk.command("healthcheck")
        assert (well.returncode, well.stdout, well.stderr) == (0, "healthy\n", "")
        said = desk.command("healthcheck", "--json").stdout
        assert json.loads(said) == {"ok": True, "url": page, "reasons": [], "warnings": []}
        desk.config.write_text("[web\n", encoding="utf-8")  # somebody is writing it
        assert desk.command("healthcheck").returncode == 1
        assert desk.command("healthcheck", "--url", f"http://127.0.0.1:{port}").stdout == "healthy\n"
    gone = desk.command("healthcheck", "--url", f"http://127.0.0.1:{port}")
    assert gone.returncode == 1


def test_what_the_image_asks_is_answered_as_it_stands_there(desk: Desk, feed: LocalFeed):
    check = re.search(r"HEALTHCHECK.*?CMD (\[.*?\])", CONTAINERFILE.read_text(encoding="utf-8"), re.DOTALL)
    assert check
    program, *words = json.loads(check[1])
    assert program == "monitor"
    desk.write([feed.url], more=ANY_PORT)
    with desk.running():
        here = f"http://127.0.0.1:{port_of(desk)}"
        assert "http://127.0.0.1:8080" in words
        eventually(
            lambda: (
                desk.command(*[here if one == "http://127.0.0.1:8080" else one for one in words]).returncode == 0
            ),
            "a healthy daemon",
        )
