"""`monitor init` on real folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.app.check import check
from monitor.app.init import init, render_init
from monitor.app.shipped import shipped_rule_files, shipped_text

ROOT = Path(__file__).parents[3]


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_shipped_files_are_those_of_the_checkout():
    assert shipped_text("config.example.toml") == (ROOT / "config.example.toml").read_text(encoding="utf-8")
    names = [name for name, _ in shipped_rule_files()]
    assert names == sorted(str(path.relative_to(ROOT / "rules")) for path in (ROOT / "rules").rglob("*.toml"))
    assert {"border.toml", "terms.toml", "entities/people.toml"} <= set(names)
    with pytest.raises(FileNotFoundError):
        shipped_text("rules/none.toml")


def test_init_writes_the_config_and_the_rules_and_says_so(tmp_path: Path):
    folder = tmp_path / "new" / "desk"
    report = init(folder)
    assert report.ok
    assert report.written == (folder / "config.toml", *(folder / "rules" / n for n, _ in shipped_rule_files()))
    assert contents(folder) == {
        "config.toml": shipped_text("config.example.toml"),
        **{f"rules/{name}": text for name, text in shipped_rule_files()},
    }
    assert 'backfill = "24h"' in (folder / "config.toml").read_text(encoding="utf-8")
    told = render_init(report)
    assert f"wrote {folder}/config.toml" in told
    assert f"monitor check -c {folder}/config.toml" in told
    assert f"monitor run --once -c {folder}/config.toml" in told


def test_what_init_writes_passes_the_check_beside_a_config_that_names_no_rules(tmp_path: Path):
    init(tmp_path)
    (tmp_path / "config.toml").write_text(
        "[[feeds]]\nurl = 'https://news.example.org/feed'\n[receivers.console]\nstdout = {}\n"
        "[[digests]]\nname = 'alerts'\nrules = ['*']\nto = ['console']\nschedule = 'immediate'\n"
    )
    report = check(tmp_path / "config.toml", environment={})
    assert report.problems == ()
    assert report.files == 1 + len(shipped_rule_files())


def test_init_twice_changes_nothing_and_names_what_it_left(tmp_path: Path):
    first = init(tmp_path)
    before = contents(tmp_path)
    second = init(tmp_path)
    assert contents(tmp_path) == before
    assert (second.ok, second.written, second.kept) == (True, (), first.written)
    assert f"kept  {tmp_path}/config.toml (it was there)" in render_init(second)


def test_init_leaves_a_users_file_and_writes_the_others(tmp_path: Path):
    (tmp_path / "config.toml").write_text("mine")
    report = init(tmp_path)
    assert (tmp_path / "config.toml").read_text() == "mine"
    assert report.kept == (tmp_path / "config.toml",)


def test_init_restores_a_rule_file_that_was_lost(tmp_path: Path):
    init(tmp_path)
    lost = tmp_path / "rules" / "entities" / "places.toml"
    lost.unlink()
    assert init(tmp_path).written == (lost,)


def test_init_adds_no_rule_file_to_a_users_own_set(tmp_path: Path):
    # What the first version shipped: @torkham and $closed stood in border.toml itself.
    old = '[entities.torkham]\n[terms.closed]\nquery = "closed"\n'
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "border.toml").write_text(old)
    report = init(tmp_path)
    assert contents(tmp_path) == {
        "config.toml": shipped_text("config.example.toml"), "rules/border.toml": old
    }  # fmt: skip
    assert report.ok
    assert tmp_path / "rules" / "terms.toml" in report.left_out
    yours = f"(rule files make one set, and {tmp_path}/rules/border.toml is yours)"
    assert f"left  {tmp_path}/rules/terms.toml out {yours}" in render_init(report)


def test_init_does_not_write_through_a_dangling_link(tmp_path: Path):
    (tmp_path / "config.toml").symlink_to(tmp_path / "elsewhere")
    assert init(tmp_path).kept == (tmp_path / "config.toml",)
    assert not (tmp_path / "elsewhere").exists()


def test_init_into_a_file_is_one_clear_line(tmp_path: Path):
    (tmp_path / "taken").write_text("x")
    report = init(tmp_path / "taken")
    assert not report.ok
    assert render_init(report) == f"{tmp_path}/taken: is a file, and a folder of this name is needed"
    below = init(tmp_path / "taken" / "below")
    assert below.error == f"{tmp_path}/taken/below/config.toml: a part of its path is no folder"


def test_init_without_permission_is_one_clear_line(tmp_path: Path, unprivileged: None):
    tmp_path.chmod(0o500)
    assert init(tmp_path).error == f"{tmp_path}/config.toml: permission denied"


def test_the_next_commands_can_be_pasted_whatever_the_folder_is_called(tmp_path: Path):
    report = init(tmp_path / "my desk")
    assert f"monitor check -c '{tmp_path}/my desk/config.toml'" in render_init(report)
