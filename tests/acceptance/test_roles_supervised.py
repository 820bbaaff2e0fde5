"""How a supervisor sees each process of several: systemd by its socket, a container engine by its probes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from desk import eventually
from pair import a_pair
from service_manager import service_manager
from talk import HERE, ask
from typed import free_port

pytestmark = pytest.mark.needs("postgresql", "a SQLite store")
ENGINE = '\n[jobs]\nengine = "procrastinate"\n'


def test_each_is_asked_at_its_own_address_and_only_the_web_process_shows_more(tmp_path: Path) -> None:
    web = free_port()
    more = f'{ENGINE}\n[web]\nlisten = "127.0.0.1:{web}"\n'
    with a_pair(tmp_path, feeds=1, names=("dispatch", "work", "web"), more=more) as pair:
        ports = {"dispatch": free_port(), "work": free_port(), "web": web}
        probes = {role: ("--probes", f"127.0.0.1:{port}") for role, port in ports.items() if role != "web"}
        with service_manager(tmp_path) as manager:
            for desk, role in zip(pair.desks, ports, strict=True):
                desk.environment |= manager.environment(watchdog=4)
                desk.start("--role", role, *probes.get(role, ()))
            for desk, port in zip(pair.desks, ports.values(), strict=True):
                check = ("healthcheck", "--ready", "--url", f"http://127.0.0.1:{port}")
                eventually(lambda check=check, desk=desk: desk.command(*check).returncode == 0, "each ready")
            eventually(lambda: manager.signs() == ["READY"] * 3, "that each says that it runs")
            eventually(lambda: len(manager.values("WATCHDOG")) > 6, "answers of all to the watchdog")
        for role, port in ports.items():
            assert ask(HERE, port, "/metrics").status == 200
            assert ask(HERE, port, "/").status == (200 if role == "web" else 404), role
        assert b'outcome="ok"' in ask(HERE, ports["work"], "/metrics").body  # its own polls


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--role", "web", "--probes", "127.0.0.1:1"), "the others answer at [web] listen"),
        (("--probes", "127.0.0.1:1"), "the others answer at [web] listen"),
        (("--role", "work", "--probes", "0.0.0.0:8080"), "this machine alone may ask"),
        (("--role", "work", "--probes", "8080"), 'write "127.0.0.1:8080"'),
        (("--role", "web"), "[web] listen"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_started(
    arguments: tuple[str, ...], why: str, tmp_path: Path
) -> None:
    with a_pair(tmp_path, feeds=1, names=("one",), more=ENGINE) as pair:
        (desk,) = pair.desks
        said = desk.command("run", *arguments)
        assert said.returncode == 2
        assert why in said.stderr
        assert "Traceback" not in said.stderr
        assert json.loads(desk.command("status", "--json").stdout or "{}").get("daemons", []) == []
