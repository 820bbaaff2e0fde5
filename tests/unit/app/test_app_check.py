"""`monitor check` over real files: every problem of every file in one run, in the looks people know."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.app.check import CheckReport, check, open_settings, render_report
from monitor.app.init import init
from monitor.core.rules import RuleFile, load_rules
from monitor.model.errors import ConfigInvalid

CONFIG = """\
[[feeds]]
url = "https://example.org/feed"

[receivers.console]
stdout = {}

[[digests]]
name = "border"
rules = ["torkham-*"]
to = ["console"]
schedule = "0 8 * * *"
timezone = "Asia/Kabul"
"""

RULES = """\
[[rules]]
id = "torkham-closed"
title = "Torkham closed"
query = 'torkham AND closed'
tags = ["border"]
severity = "high"
must_match = ["Torkham is closed"]
must_not_match = ["Chaman is closed"]
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a config and a rule file that hold, and the current directory."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "rules" / "border.toml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(path: str = "config.toml", **environment: str) -> CheckReport:
    return check(Path(path), environment=environment)


def lines(report: CheckReport) -> list[str]:
    return [str(problem) for problem in report.problems]


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def test_files_that_hold_are_counted(desk: Path):
    report = run()
    assert lines(report) == []
    assert report.ok
    assert render_report(report) == "No errors. 1 feed, 1 rule, 1 digest in 2 files."
    assert report.settings is not None
    assert report.settings.store_url == f"sqlite:///{desk}/monitor.db"


def test_where_web_pages_are_served_it_says_how_hubs_can_push_news(desk: Path):
    web = '[web]\nlisten = "127.0.0.1:8080"\n'
    (desk / "config.toml").write_text(CONFIG + web)
    said = render_report(run())
    assert said.endswith(
        "in 2 files. Feeds that have a hub are polled all the same; with public_url in [web] it pushes their news."
    )
    (desk / "config.toml").write_text(CONFIG + web + 'public_url = "https://news.example.org"\n')
    assert render_report(run()).endswith("in 2 files.")


def test_what_init_writes_holds_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    init(tmp_path)
    monkeypatch.chdir(tmp_path)
    report = run()
    assert lines(report) == []
    assert report.ok


def test_all_files_tell_all_their_errors_in_one_run(desk: Path):
    change(desk / "config.toml", "[receivers.console]", "intervall = '5m'\n[receivers.console]")
    change(desk / "config.toml", "Asia/Kabul", "Asia/Kabool")
    change(desk / "rules" / "border.toml", "torkham AND closed", "torkham AND (closed OR )")
    (desk / "rules" / "trade.toml").write_text("[[rules]\n")
    (desk / "rules" / "zones.toml").write_bytes(b"\xff")
    report = run()
    found = lines(report)
    assert found[0] == 'config.toml:4: feeds[0].intervall: unknown key; did you mean "interval"?'
    assert found[1].startswith('config.toml:13: digests[0].timezone: "Asia/Kabool" is no IANA time zone')
    assert found[2].startswith("rules/border.toml:4: ")
    assert found[3].startswith("rules/trade.toml:1: ")
    assert found[4] == "rules/zones.toml: is not UTF-8 text: the first wrong byte is in line 1"
    assert render_report(report).splitlines()[-2:] == ["", "5 errors in 4 files. Nothing was started."]
    assert (report.settings, report.ruleset) == (None, None)


def test_an_example_that_does_not_hold_is_an_error_of_its_line(desk: Path):
    change(desk / "rules" / "border.toml", "Chaman is closed", "Torkham: closed again")
    report = run()
    assert not report.ok
    assert [problem.file for problem in report.problems] == ["rules/border.toml"]
    assert report.problems[0].line == 8
    assert '"torkham-closed"' in report.problems[0].message


def test_examples_in_files_are_read_beside_the_rule_file(desk: Path):
    change(desk / "rules" / "border.toml", '"Torkham is closed"', '"file:examples/closure.txt"')
    (desk / "rules" / "examples").mkdir()
    (desk / "rules" / "examples" / "closure.txt").write_text("Torkham was closed on Sunday.")
    assert lines(run()) == []
    (desk / "rules" / "examples" / "closure.txt").write_text("Nothing of the kind.")
    assert [problem.line for problem in run().problems] == [7]


def test_an_example_file_that_is_not_there_is_an_error(desk: Path):
    change(desk / "rules" / "border.toml", '"Torkham is closed"', '"file:examples/closure.txt"')
    (problem,) = run().problems
    assert (problem.file, problem.line) == ("rules/border.toml", 7)
    assert "examples/closure.txt" in problem.message
    assert "no such file" in problem.message


def test_a_broken_config_without_toml_is_one_error(desk: Path):
    (desk / "config.toml").write_text("[[feeds]\n")
    report = run()
    assert lines(report)[0].startswith("config.toml:1: not valid TOML: ")
    assert render_report(report).endswith("1 error in 1 file. Nothing was started.")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            '["torkam-*"]',
            ['config.toml:9: error digests[0].rules: "torkam-*" reaches no rule; did you mean "torkham-*"?'],
        ),
        (
            '["tag:border severity:hihg"]',
            [
                'config.toml:9: error digests[0].rules: "tag:border severity:hihg" reaches no rule; '
                '"severity:hihg": did you mean "severity:high"?'
            ],
        ),
        (
            '["*",\n"zzz"]',
            ['config.toml:10: error digests[0].rules: "zzz" reaches no rule; there are: torkham-closed'],
        ),
        ('["*", "!torkham-*"]', ["config.toml:9: error digests[0].rules: its lines together reach no rule: …"]),
        (
            '["!tag:x"]',
            ["config.toml:9: error digests[0].rules: reaches no rule: lines of exclusions only take away; …"],
        ),
        ('["*", "!tag:x"]', ['config.toml:9: warning digests[0].rules: "!tag:x" excludes no rule']),
        (
            '["* !torkham-closed"]',
            ['config.toml:9: error digests[0].rules: "* !torkham-closed" reaches no rule; …'],
        ),
    ],
)
def test_selectors_that_reach_nothing_are_told(desk: Path, rules: str, expected: list[str]):
    change(desk / "config.toml", '["torkham-*"]', rules)
    found = [
        f"{problem.file}:{problem.line}: {problem.gravity.value} {problem.message}"
        for problem in run().problems
        if "excludes" in problem.message or problem.gravity.value == "error"
    ]
    assert [line[: len(want.rstrip("…"))] for line, want in zip(found, expected, strict=True)] == [
        want.rstrip("…") for want in expected
    ]


def test_selectors_are_checked_when_the_rest_of_the_config_is_broken(desk: Path):
    change(desk / "config.toml", '["torkham-*"]', '["torkam-*"]')
    change(desk / "config.toml", "Asia/Kabul", "Asia/Kabool")
    assert [problem.line for problem in run().problems] == [9, 12]


def test_a_selector_is_not_blamed_for_a_rule_with_an_error(desk: Path):
    change(desk / "rules" / "border.toml", "torkham AND closed", "torkham AND")
    assert [problem.file for problem in run().problems] == ["rules/border.toml"]


def test_a_rule_that_no_digest_takes_is_a_warning(desk: Path):
    other = RULES.replace("torkham-closed", "chaman").split("must_match")[0]
    (desk / "rules" / "other.toml").write_text(other)
    report = run()
    assert lines(report) == ['rules/other.toml:1: warning: rule "chaman": no digest takes it']
    assert report.ok
    assert render_report(report).endswith("No errors, 1 warning. 1 feed, 2 rules, 1 digest in 3 files.")


def test_many_rules_that_no_digest_takes_are_summed_up(desk: Path):
    one = RULES.split("must_match")[0]
    (desk / "rules" / "other.toml").write_text("".join(one.replace("torkham-closed", f"x{i}") for i in range(40)))
    report = run()
    assert len(report.problems) == 11
    assert "30 further rules" in report.problems[-1].message


def test_a_glob_that_matches_no_file_is_an_error(desk: Path):
    (desk / "rules" / "border.toml").unlink()
    assert lines(run()) == ['config.toml: rules.files: "rules/*.toml" matches no file']
    (desk / "config.toml").write_text("[rules]\nfiles = [\n'a.toml']\n" + CONFIG)
    assert lines(run()) == ['config.toml:3: rules.files: "a.toml" matches no file']


def test_a_folder_of_entities_that_no_config_names_may_be_missing_but_is_read(desk: Path):
    assert lines(run()) == []
    (desk / "rules" / "entities").mkdir()
    (desk / "rules" / "entities" / "places.toml").write_text("[entities.salang]\nnaem = 'Salang'\n")
    assert lines(run())[-1].startswith("rules/entities/places.toml:2: entities.salang.naem: unknown key")
    (desk / "config.toml").write_text("[rules]\nfiles = ['rules/*.toml', 'rules/people/*.toml']\n" + CONFIG)
    assert lines(run()) == ['config.toml:2: rules.files: "rules/people/*.toml" matches no file']


def test_no_globs_at_all_is_one_error(desk: Path):
    (desk / "config.toml").write_text("[rules]\nfiles = []\n" + CONFIG)
    assert lines(run()) == ["config.toml:2: rules.files: must not be empty"]


def test_a_file_that_two_globs_match_is_read_once(desk: Path):
    (desk / "config.toml").write_text(
        "[rules]\nfiles = ['rules/*.toml', 'rules/border.toml', '**/b*.toml']\n" + CONFIG
    )
    report = run()
    assert lines(report) == []
    assert report.files == 2


def test_secrets_come_from_the_given_environment(desk: Path):
    change(desk / "config.toml", "stdout = {}", "slack = { webhook_url = 'env:HOOK' }")
    assert lines(run()) == [
        "config.toml:5: receivers.console.slack.webhook_url: env:HOOK: the environment variable is not set"
    ]
    assert run(HOOK="https://hooks.slack.com/x").ok


def test_that_apprise_is_missing_is_told_beside_whatever_else_is_wrong(
    desk: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("monitor.app.check_apprise.is_installed", lambda: False)
    change(desk / "config.toml", "stdout = {}", 'stdout = {}\napprise = { urls = ["env:A", "env:B"] }')
    assert lines(run(A="irc://x/y")) == [
        "config.toml:6: receivers.console.apprise.urls[0]: env:A: irc:// is not among the services that are used, "
        "such as discord, ntfys, slack and tgram",
        "config.toml:6: receivers.console.apprise.urls[1]: env:B: the environment variable is not set",
        "config.toml:6: receivers.console.apprise: Apprise is not installed: pip install 'media-monitor[apprise]'",
    ]


def test_that_the_queue_is_missing_is_told_before_anything_is_started(desk: Path, monkeypatch: pytest.MonkeyPatch):
    more = '[store]\nurl = "postgresql://db.example.org/monitor"\n[jobs]\nengine = "procrastinate"\n[[feeds]]'
    change(desk / "config.toml", "[[feeds]]", more)
    assert run().ok
    monkeypatch.setitem(sys.modules, "procrastinate", None)  # as if it could not be imported
    assert lines(run()) == [
        "config.toml:4: jobs.engine: \"procrastinate\" is not installed: pip install 'media-monitor[jobs]'"
    ]


def test_beside_a_rule_set_in_force_only_examples_it_cannot_answer_for_are_tried(desk: Path):
    failing = RULES.replace("Torkham is closed", "Torkham is open")
    before = replace(load_rules([RuleFile("rules/border.toml", failing)]).memory, held=True)
    (desk / "rules" / "border.toml").write_text(failing)
    assert len(lines(run())) == 1
    assert lines(check(Path("config.toml"), environment={}, before=before)) == []
    change(desk / "rules" / "border.toml", "torkham AND closed", "torkham AND (closed OR shut)")
    assert len(lines(check(Path("config.toml"), environment={}, before=before))) == 1


def test_a_missing_config_names_the_command_that_makes_one(desk: Path):
    assert lines(run("none.toml")) == ['none.toml: no such file; "monitor init" writes one to start from']
    assert lines(run("rules")) == ["rules: is a folder, not a file"]


def test_files_are_named_as_one_would_type_them(desk: Path, tmp_path_factory: pytest.TempPathFactory):
    change(desk / "rules" / "border.toml", "torkham AND closed", "torkham AND")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk.parent)
        assert run(f"{desk.name}/config.toml").problems[0].file == f"{desk.name}/rules/border.toml"
        patch.chdir(elsewhere)
        assert run(f"{desk}/config.toml").problems[0].file == f"{desk}/rules/border.toml"


def test_open_settings_gives_both_or_raises_with_every_problem(desk: Path):
    ready = open_settings(Path("config.toml"), {})
    assert [digest.name for digest in ready.settings.digests] == ["border"]
    assert [rule.id for rule in ready.ruleset.rules] == ["torkham-closed"]
    change(desk / "config.toml", "Asia/Kabul", "Asia/Kabool")
    change(desk / "rules" / "border.toml", "torkham AND closed", "torkham AND")
    with pytest.raises(ConfigInvalid) as caught:
        open_settings(Path("config.toml"), {})
    assert [problem.file for problem in caught.value.problems] == ["config.toml", "rules/border.toml"]


def test_open_settings_keeps_the_warnings_of_all_files(desk: Path):
    (desk / "rules" / "other.toml").write_text(RULES.replace("torkham-closed", "chaman").split("must_match")[0])
    ready = open_settings(Path("config.toml"), {})
    assert [problem.file for problem in ready.warnings] == ["rules/other.toml"]
