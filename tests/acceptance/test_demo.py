"""`monitor demo`, from a checkout and from a wheel."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest
import warm
from desk import eventually
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]


def demo(folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "demo", "--output", str(folder)],
        cwd=folder.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def places(said: str) -> dict[str, Path]:
    """Where the demo says things lie."""
    found = {}
    for line in said.splitlines():
        label, _, rest = line.partition(" ")
        if label in ("Database", "E-mail", "Slack", "Config"):
            found[label] = Path(rest.strip().split("  (")[0])
    return found


def test_the_demo_shows_the_sample_stories_and_says_where_everything_lies(tmp_path: Path) -> None:
    said = demo(tmp_path / "demo", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()
    assert "5 sample press stories" in said
    assert "Torkham crossing closed" in said
    assert "[closure] of the [Torkham]" in said
    assert "2 publishers (1 carrying AP)" in said
    where = places(said)
    assert set(where) == {"Database", "E-mail", "Slack", "Config"}
    assert "<mark" in where["E-mail"].read_text(encoding="utf-8")
    assert json.loads(where["Slack"].read_text(encoding="utf-8"))["blocks"]
    assert where["Database"].stat().st_size > 50_000


def test_what_the_demo_made_answers_why_and_status(tmp_path: Path) -> None:
    said = demo(tmp_path / "demo")
    config = str(places(said)["Config"])
    url = next(
        line.split("monitor why ")[1].split(" -c ")[0] for line in said.splitlines() if "monitor why http" in line
    )
    for command, expected in ((["why", url], "torkham-closed"), (["status"], "3 sent")):
        done = warm.run([*command, "-c", config], tmp_path, os.environ)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout


@pytest.mark.timeout(180)
def test_a_demo_that_serves_shows_the_dashboard_until_it_is_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stream, Path(os.devnull).open() as nothing:
        words = ["demo", "--serve", "--output", str(tmp_path / "demo")]
        running = warm.WarmProcess(words, tmp_path, os.environ, (nothing, stream, stream))
        try:
            found = eventually(
                lambda: re.search(r"(http://127\.0\.0\.1:\d+); stop with", log.read_text()), "its address"
            )
            with urllib.request.urlopen(found[1] + "/stories?since=24h") as page:
                assert "torkham-closed" in page.read().decode()
        finally:
            running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) == 0, log.read_text()


def test_the_demo_does_not_write_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    done = warm.run(["demo", "--output", str(tmp_path)], tmp_path, os.environ)
    assert done.returncode == 1
    assert "not an empty folder" in done.stderr


@pytest.mark.timeout(180)
def test_from_a_wheel_the_demo_runs_on_stories_of_our_own(tmp_path: Path) -> None:
    [wheel] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path / "dist"), versions=["standard"])
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    said = demo(tmp_path / "demo", PYTHONPATH=str(installed))
    assert "5 invented stories" in said
    assert "Torkham crossing closed" in said
    assert "Torkham crossing open again" in said
