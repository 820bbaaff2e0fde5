"""Configs, rule files and outputs in the documents are real: they load, and they are what is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documents import ROOT, Fence, Written, document, documents
from typed import assert_prints, console, free_port, run, web_server

from monitor.app.shipped import shipped_rule_files
from monitor.config import load_config
from monitor.core.rules import RuleFile, load_rules, run_examples
from monitor.model.problem import Gravity

TOML = [(page, fence) for page in documents() for fence in page.fences if fence.language == "toml"]
_RULES = re.compile(r"^\[(?:\[rules\]|entities\.|terms\.|families\.)", re.MULTILINE)


# ---- TOML


def secret(reference: str) -> str:
    """A secret of a form that any setting takes."""
    if "HOOK_SECRET" in reference:
        return "whsec_" + "A" * 32
    if "DATABASE_URL" in reference:
        return "postgresql://desk:x@db.example.org/monitor"
    return "https://hooks.example.org/services/x" if "SLACK" in reference or "HEARTBEAT" in reference else "x"


@pytest.mark.parametrize(("page", "fence"), TOML, ids=lambda value: getattr(value, "name", ""))
def test_every_toml_block_loads(page: Written, fence: Fence):
    if _RULES.search(fence.text):
        beside = shipped_rule_files() if page.name == "docs/how-to/write-a-rule.md" else ()
        loaded = load_rules([RuleFile(page.name, fence.text), *(RuleFile(*shipped) for shipped in beside)])
        assert loaded.problems == ()
        assert run_examples(loaded.ruleset, lambda name: (ROOT / name).read_text(encoding="utf-8")) == ()
    else:
        settings = load_config(fence.text, page.name, directory=str(ROOT), secrets=secret)
        assert settings.feeds
        assert settings.digests
        assert not [one for one in settings.warnings if one.gravity is Gravity.ERROR]


# ---- outputs


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
    quiet = status.replace("up …", "not running")
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


@pytest.mark.timeout(300)  # a busy machine
def test_a_rule_can_be_written_as_the_page_says(tmp_path: Path):
    page = document("docs/how-to/write-a-rule.md")
    rules = next(fence.text for fence in page.fences if fence.language == "toml")
    run("monitor init desk", tmp_path)
    commands = list(console(page))
    assert len(commands) == 6
    for command, output in commands:
        if command.startswith("monitor check"):
            (tmp_path / "desk" / "rules" / "wagah.toml").write_text(rules, encoding="utf-8")
        assert output
        assert_prints(output, run(command, tmp_path))
