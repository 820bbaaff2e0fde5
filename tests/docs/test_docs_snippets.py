"""Configs, rule files and outputs in the documents are real: they load, and they are what is printed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from documents import ROOT, Fence, Written, document, documents

from monitor.config import load_config
from monitor.core.rules import RuleFile, load_rules, run_examples
from monitor.model.problem import Gravity

TOML = [(page, fence) for page in documents() for fence in page.fences if fence.language == "toml"]
_RULES = re.compile(r"^\[(?:\[rules\]|entities\.|terms\.)", re.MULTILINE)
_TIME = re.compile(
    r"\b[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} \d{4}|\b\d{1,2}:\d{2}(?::\d{2})?\b|\([+-]\d{4}\)|(?<=:)\d{4,5}(?=/)"
)
_FOLDER = re.compile(r"/\S*monitor-demo-\w+")


# ---- TOML


def secret(reference: str) -> str:
    """A secret of a form that any setting takes."""
    if "HOOK_SECRET" in reference:
        return "whsec_" + "A" * 32
    return "https://hooks.example.org/services/x" if "SLACK" in reference else "x"


@pytest.mark.parametrize(("page", "fence"), TOML, ids=lambda value: getattr(value, "name", ""))
def test_every_toml_block_loads(page: Written, fence: Fence):
    if _RULES.search(fence.text):
        loaded = load_rules([RuleFile(page.name, fence.text)])
        assert loaded.problems == ()
        assert run_examples(loaded.ruleset, lambda name: (ROOT / name).read_text(encoding="utf-8")) == ()
    else:
        settings = load_config(fence.text, page.name, directory=str(ROOT), secrets=secret)
        assert settings.feeds
        assert settings.digests
        assert not [one for one in settings.warnings if one.gravity is Gravity.ERROR]


# ---- outputs


def shape(text: str) -> str:
    """A text without what differs from run to run: times, dates, ports, temporary folders."""
    return _FOLDER.sub("FOLDER", _TIME.sub("#", text))


def shown(output: str) -> list[re.Pattern[str]]:
    """The lines a page shows of an output; "…" stands for whatever is left out."""
    lines = [line.rstrip() for line in shape(output).splitlines() if line.strip(" …")]
    return [re.compile(".*".join(map(re.escape, line.split("…")))) for line in lines]


def assert_prints(output: str, printed: str) -> None:
    """Every line shown is printed, in this order."""
    lines = iter(shape(printed).splitlines())
    for pattern in shown(output):
        assert any(pattern.fullmatch(line.rstrip()) for line in lines), (
            f"not printed: {pattern.pattern}\n{printed}"
        )


def console(page: Written) -> Iterator[tuple[str, str]]:
    """The commands of a page with the output shown below each."""
    for fence in page.fences:
        if fence.language == "console":
            for part in re.split(r"^\$ ", fence.text, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                yield command, output


def run(command: str, folder: Path) -> str:
    """What a command line prints, `monitor` being the one under test."""
    line = re.sub(r"\bmonitor (?=[a-z])", f"{sys.executable} -m monitor ", command, count=1)
    environment = {**os.environ, "TZ": "UTC", "TMPDIR": str(folder)}
    done = subprocess.run(
        ["bash", "-c", f"{line} 2>&1"], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, timeout=100
    )
    return done.stdout


@pytest.mark.timeout(300)  # a busy machine
def test_the_demo_prints_what_the_readme_shows(tmp_path: Path):
    output = dict(console(document("README.md")))["./run.sh demo"]
    printed = run("monitor demo", tmp_path)
    # Stories of one severity come in the order in which they were read: each part is looked for by itself.
    for part in re.split(r"^…$", output, flags=re.MULTILINE):
        assert_prints(part, printed)


def test_the_readme_speaks_of_the_config_it_shows():
    config = next(fence.text for page, fence in TOML if page.name == "README.md")
    assert len(config.splitlines()) <= 10


@contextmanager
def web_server(folder: Path, port: int) -> Iterator[None]:
    """The tutorial's web server, until it answers."""
    line = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", "site"]
    server = subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < deadline
            assert server.poll() is None
        yield
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.timeout(300)  # a busy machine
def test_the_tutorial_works_as_it_is_written(tmp_path: Path):
    page = document("docs/tutorial/first-alert.md")
    port = free_port()
    text = page.text.replace("8000", str(port))
    page = Written(page.path, text)
    feed, config = (next(one.text for one in page.fences if one.language == kind) for kind in ("xml", "toml"))
    assert f"python3 -m http.server {port} --bind 127.0.0.1 --directory site" in text
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "feed.xml").write_text(feed, encoding="utf-8")
    with web_server(tmp_path, port):
        for number, (command, output) in enumerate(console(page)):
            assert_prints(output, run(command, tmp_path))
            if number == 0:
                (tmp_path / "desk" / "config.toml").write_text(config, encoding="utf-8")
    mistake = config.replace('"console"]', '"consol"]')
    (tmp_path / "desk" / "config.toml").write_text(mistake, encoding="utf-8")
    said = next(one.text for one in page.fences if one.language == "text")
    assert_prints(said, run("monitor check -c desk/config.toml", tmp_path))
    (tmp_path / "desk" / "config.toml").write_text(config, encoding="utf-8")
    status = dict(console(document("docs/how-to/run-as-a-daemon.md")))["monitor status -c desk/config.toml"]
    quiet = status.replace("running, pid …", "not running")
    assert_prints(quiet, run("monitor status -c desk/config.toml", tmp_path))


@pytest.mark.timeout(300)  # a busy machine
def test_a_rule_can_be_tested_as_the_page_says(tmp_path: Path):
    page = document("docs/how-to/test-a-rule.md")
    rules = next(fence.text for fence in page.fences if fence.language == "toml")
    run("monitor init desk", tmp_path)
    (tmp_path / "desk" / "rules" / "roads.toml").write_text(rules, encoding="utf-8")
    commands = list(console(page))
    assert len(commands) == 5
    for command, output in commands:
        assert output
        assert_prints(output, run(command, tmp_path))
    good, wrong = "Snow closed the Salang pass on Monday.", "An avalanche buried the Salang road."
    (tmp_path / "desk" / "rules" / "roads.toml").write_text(rules.replace(good, wrong), encoding="utf-8")
    said = next(one.text for one in page.fences if one.language == "text")
    assert_prints(said, run("monitor check -c desk/config.toml", tmp_path))
