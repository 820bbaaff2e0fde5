"""A rule is saved: only one that holds with all others, never over what somebody else wrote, and back again."""

from __future__ import annotations

import fcntl
import io
import os
import threading
import tomllib
from pathlib import Path

import pytest

from monitor.app.check import open_settings
from monitor.app.reload import Reloader
from monitor.app.rule_saving import RuleSaver, Saved, Saving
from monitor.app.rule_tables import FiledRule, filed_rule

CONFIG = """
[store]
url = "sqlite:///monitor.db"
[rules]
files = ["rules/*.toml"]
[[feeds]]
url = "https://news.example/feed"
[receivers.desk]
stdout = {}
[[digests]]
name = "alerts"
rules = ["torkham", "*"]
to = ["desk"]
schedule = "immediate"
"""
RULES = """# the border
[[rules]]
id = "torkham"
query = 'Torkham AND closed'  # both
must_match = ["Torkham is closed"]

[[rules]]
id = "{place}-open"
query = '{place} AND open'
each = { place = ["chaman", "torkham"] }
must_match = ["Chaman is open"]
"""


class Desk:
    """A config with one rule file, as a daemon has it."""

    def __init__(self, folder: Path) -> None:
        (folder / "rules").mkdir()
        self.file = folder / "rules" / "border.toml"
        self.file.write_text(RULES, encoding="utf-8")
        self.config = folder / "config.toml"
        self.config.write_text(CONFIG, encoding="utf-8")
        self.reloader = Reloader(
            self.config, {}, open_settings(self.config, {}), version="0", stdout=io.StringIO()
        )
        self.saver = RuleSaver(self.config, self.reloader)

    def filed(self, rule: str = "torkham") -> FiledRule:
        found = filed_rule(self.config, self.reloader.ready, rule)
        assert found is not None
        return found

    def change(self, rule: str = "torkham", shown: str | None = None, **changes: object) -> Saved:
        return self.saver.change(rule, changes, self.filed(rule).fingerprint if shown is None else shown)

    def text(self) -> str:
        return self.file.read_text("utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_rule_that_holds_is_written_and_a_reload_is_asked_for(desk: Desk) -> None:
    assert desk.change(query="Torkham AND (closed OR shut)").outcome is Saving.SAVED
    assert desk.text() == RULES.replace("'Torkham AND closed'", '"Torkham AND (closed OR shut)"')
    assert desk.reloader.is_asked
    assert open_settings(desk.config, {}).ruleset.rule("torkham").query == "Torkham AND (closed OR shut)"


def test_a_query_that_does_not_hold_is_refused_with_its_caret(desk: Desk) -> None:
    saved = desk.change(query="Torkham AND (")
    assert saved.outcome is Saving.INVALID
    assert "^" in saved.problems[0].context[1]
    assert desk.text() == RULES
    assert not desk.reloader.is_asked


def test_an_example_that_fails_is_named_and_nothing_is_written(desk: Desk) -> None:
    saved = desk.change(query="Torkham AND shut")
    assert saved.outcome is Saving.INVALID
    assert 'its example must match, but does not: "Torkham is closed"' in saved.problems[0].message
    assert desk.text() == RULES


def test_what_a_digest_needs_of_the_rule_keeps_it_from_going(desk: Desk) -> None:
    desk.saver.add("nowhere.toml", {})
    saved = desk.saver.add(desk.filed().file, {"id": "new", "query": "x"})
    assert saved.outcome is Saving.SAVED
    config = CONFIG.replace('"torkham", ', '"new", ')
    desk.config.write_text(config, encoding="utf-8")
    undone = desk.saver.undo("new", desk.filed("new").fingerprint)
    assert undone.outcome is Saving.INVALID
    assert "new" in undone.problems[0].message


@pytest.mark.parametrize("id", ["torkham", "No", "../x", "a b", "", "طورخم", 'x"y'])
def test_an_id_that_is_none_or_taken_is_refused(desk: Desk, id: str) -> None:
    assert desk.saver.add(desk.filed().file, {"id": id, "query": "x"}).outcome is Saving.INVALID
    assert desk.text() == RULES


@pytest.mark.parametrize("file", ["", "../border.toml", "/etc/passwd", "config.toml", "rules", "a\nb"])
def test_a_file_that_is_no_rule_file_of_the_config_is_never_written(desk: Desk, file: str) -> None:
    before = sorted(path.name for path in desk.config.parent.rglob("*"))
    assert desk.saver.add(file, {"id": "x", "query": "x"}).outcome is Saving.GONE
    assert sorted(path.name for path in desk.config.parent.rglob("*")) == before


def test_another_version_in_the_file_is_shown_and_not_overwritten(desk: Desk) -> None:
    shown = desk.filed().fingerprint
    desk.file.write_text(RULES.replace("# both", "# all"), encoding="utf-8")
    saved = desk.change(shown=shown, query="Torkham")
    assert saved.outcome is Saving.CHANGED
    assert saved.now is not None
    assert "# all" in saved.now.table
    assert "# all" in desk.text()


def test_a_change_elsewhere_in_the_file_is_kept(desk: Desk) -> None:
    shown = desk.filed().fingerprint
    moved = '[[rules]]\nid = "first"\nquery = "x"\n\n' + RULES
    desk.file.write_text(moved, encoding="utf-8")
    assert desk.change(shown=shown, title="Closed").outcome is Saving.SAVED
    assert [one["id"] for one in _rules(desk)] == ["first", "torkham", "{place}-open"]
    assert _rules(desk)[1]["title"] == "Closed"


def test_a_rule_that_is_gone_is_said(desk: Desk) -> None:
    shown = desk.filed().fingerprint
    desk.file.write_text('[[rules]]\nid = "other"\nquery = "x"\n', encoding="utf-8")
    assert desk.saver.change("torkham", {"query": "y"}, shown).outcome is Saving.GONE


def test_of_two_saves_at_one_moment_one_wins_and_the_other_is_told(desk: Desk) -> None:
    shown = desk.filed().fingerprint
    found: list[Saving] = []

    def save(number: int) -> None:
        found.append(desk.change(shown=shown, title=f"Title {number}").outcome)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert sorted(found) == [Saving.CHANGED, Saving.CHANGED, Saving.CHANGED, Saving.SAVED]


def test_another_process_that_writes_there_at_this_moment_is_waited_for_by_the_visitor(desk: Desk) -> None:
    folder = os.open(desk.file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        assert desk.change(title="x").outcome is Saving.BUSY
    finally:
        os.close(folder)
    assert desk.text() == RULES
    assert desk.change(title="x").outcome is Saving.SAVED


def test_a_save_is_taken_back_once_and_only_while_nobody_changed_it(desk: Desk) -> None:
    desk.change(title="One")
    assert desk.saver.before("torkham", desk.filed()) == RULES[RULES.index("[[") : RULES.index("\n\n") + 1]
    assert desk.saver.undo("torkham", desk.filed().fingerprint).outcome is Saving.SAVED
    assert desk.text() == RULES
    desk.change(title="Two")
    desk.file.write_text(desk.text().replace("Two", "Three"), encoding="utf-8")
    assert desk.saver.before("torkham", desk.filed()) is None
    assert desk.saver.undo("torkham", desk.filed().fingerprint).outcome is Saving.CHANGED
    assert desk.saver.undo("chaman-open", "").outcome is Saving.NOTHING_BEFORE


def test_what_somebody_else_writes_right_after_a_save_is_not_taken_for_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit() -> None:
        desk.file.write_text(desk.text().replace("One", "Theirs"), encoding="utf-8")

    monkeypatch.setattr(desk.reloader, "ask", edit)
    assert desk.change(title="One").outcome is Saving.SAVED
    assert desk.saver.before("torkham", desk.filed()) is None
    assert desk.saver.undo("torkham", desk.filed().fingerprint).outcome is Saving.CHANGED
    assert "Theirs" in desk.text()


def test_a_rule_of_an_each_is_changed_as_the_table_that_makes_it(desk: Desk) -> None:
    assert desk.change("chaman-open", query="{place} AND opened OR open").outcome is Saving.SAVED
    assert 'query = "{place} AND opened OR open"' in desk.text()


def test_files_that_did_not_hold_before_do_not_stop_what_makes_nothing_worse(desk: Desk) -> None:
    broken = RULES + '\n[[rules]]\nid = "broken"\nquery = "("\n'
    desk.file.write_text(broken, encoding="utf-8")
    assert desk.change(title="Closed").outcome is Saving.SAVED
    assert desk.change(query="Torkham AND )").outcome is Saving.INVALID
    mended = desk.saver.change("broken", {"query": "mended"}, desk.filed("broken").fingerprint)
    assert mended.outcome is Saving.SAVED
    assert open_settings(desk.config, {}).ruleset.has("broken")


def test_a_file_that_may_not_be_written_is_left_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, _: Path(path).is_dir())
    assert desk.filed().fixed == "the monitor may not write it"
    assert desk.change(title="x").outcome is Saving.READ_ONLY
    assert desk.saver.add(desk.filed().file, {"id": "x", "query": "x"}).outcome is Saving.READ_ONLY
    assert desk.text() == RULES


def _rules(desk: Desk) -> list[dict[str, object]]:
    found: list[dict[str, object]] = tomllib.loads(desk.text())["rules"]
    return found
