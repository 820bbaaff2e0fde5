"""The page on the service: its commands do what it shows, its drop-ins and status line are those of the code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from documents import ROOT, code, document, rows, spans_of
from made import NOON, feed_settings
from newsroom import FEED, Newsroom
from typed import assert_prints, console, run

from monitor.app.heartbeat import Progress
from monitor.app.pulse import Pulse
from monitor.app.supervision import Supervisor

PAGE = document("docs/how-to/run-as-a-service.md")
UNIT = (ROOT / "deploy" / "media-monitor.service").read_text(encoding="utf-8")


def fences(language: str) -> list[str]:
    return [one.text for one in PAGE.fences if one.language == language]


def test_it_installs_into_a_folder_as_the_page_shows(tmp_path: Path) -> None:
    commands = list(console(PAGE))
    assert len(commands) == 2
    for command, output in commands:
        assert_prints(output, run(command, tmp_path))


def test_the_credential_of_the_page_is_the_one_that_the_unit_offers() -> None:
    (line,) = re.findall(r"^LoadCredential=.*$", fences("ini")[0], re.MULTILINE)
    assert f"\n# {line}\n" in UNIT
    name, _, path = line.removeprefix("LoadCredential=").partition(":")
    assert f'password = "credential:{name}"' in PAGE.spans
    assert path in fences("sh")[1]


@pytest.mark.needs("systemd-analyze")
def test_the_drop_ins_of_the_page_are_such_as_systemd_takes(tmp_path: Path) -> None:
    run("monitor service install --root .", tmp_path)
    unit = tmp_path / "etc/systemd/system/media-monitor.service"
    folder = unit.with_name("media-monitor.service.d")
    folder.mkdir()
    named = [span for span in spans_of(PAGE.sections["What it may do"]) if re.fullmatch(r"[A-Z]\w+=\S+", span)]
    assert sorted(named) == ["DynamicUser=no", "ReadWritePaths=/srv/digests"]
    (folder / "page.conf").write_text("\n".join([fences("ini")[0], *named]), encoding="utf-8")
    line = ["systemd-analyze", "verify", "--man=no", str(unit)]
    said = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_the_drop_in_for_a_reload_that_waits_replaces_what_the_unit_has() -> None:
    keys = [line.partition("=")[0] for line in fences("ini")[1].splitlines() if "=" in line]
    assert all(f"\n{key}=" in UNIT for key in keys)


def test_the_status_line_of_the_page_has_the_shape_of_a_real_one() -> None:
    told: dict[str, str] = {}
    room = Newsroom(feeds=(feed_settings(FEED),))
    room.poll()
    supervisor = Supervisor(lambda said: bool(told.update(said)) or True)
    supervisor.watch(Progress(), Pulse(), None)
    supervisor.look(room.store, NOON)
    supervisor.turn()
    shown = fences("text")[0].strip()
    shape = re.compile(r"[\d:]+|\b[A-Z][a-z]{2}\b")

    def without_numbers(line: str) -> str:
        return shape.sub("#", line).replace("feeds", "feed")

    assert without_numbers(shown).startswith(without_numbers(told["STATUS"]))


def test_the_folders_of_the_page_are_those_of_the_unit() -> None:
    folders = [code(cells[0]) for cells in rows(PAGE.sections["Install it"])]
    assert folders == ["/etc/media-monitor", "/var/lib/media-monitor", "/var/cache/media-monitor"]
    for line in ("ConfigurationDirectory", "StateDirectory", "CacheDirectory"):
        assert f"\n{line}=media-monitor\n" in UNIT
