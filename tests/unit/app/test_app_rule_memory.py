"""The cache of loaded rules: what it saves, and that nothing it holds is trusted too far."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.app import rule_memory
from monitor.app.check import CheckReport, check
from monitor.app.offline import rules_from
from monitor.app.rule_memory import RuleMemory
from monitor.core.rules import Memory, RuleFile, load_rules

NUMBERS = ", ".join(f'"{number}"' for number in range(1_000))
MANY = f"[[rules]]\nid = 'r{{n}}'\nquery = 'x{{n}} AND y OR z'\neach = {{ n = [{NUMBERS}] }}\n"
ONE = "[[rules]]\nid = 'one'\nquery = 'flood'\nmust_match = ['a flood']\n"
FILES = [RuleFile("many.toml", MANY), RuleFile("one.toml", ONE)]


@pytest.fixture(scope="module")
def loaded() -> Memory:
    return replace(load_rules(FILES).memory, held=True)


@pytest.fixture
def home(tmp_path: Path) -> Mapping[str, str]:
    return {"HOME": str(tmp_path)}


def kept(home: Mapping[str, str]) -> Path:
    (path,) = (Path(home["HOME"]) / ".cache" / "media-monitor").iterdir()
    return path


def known(home: Mapping[str, str], files: list[RuleFile] = FILES) -> tuple[int, int, bool]:
    """How many files and rules are known, and whether their examples held."""
    memory = RuleMemory(home, Path("config.toml")).recall(files)
    return len(memory.files), len(memory.rules), memory.held


NOTHING = (0, 0, False)


def test_what_was_kept_is_known_again(home: Mapping[str, str], loaded: Memory):
    assert known(home) == NOTHING
    RuleMemory(home, Path("config.toml")).keep(loaded, Memory())
    assert known(home) == (2, 1_001, True)
    again = load_rules(FILES, RuleMemory(home, Path("config.toml")).recall(FILES))
    first = load_rules(FILES)
    assert (again.problems, again.ruleset.rules) == (first.problems, first.ruleset.rules)
    assert RuleMemory(home, Path("other.toml")).recall(FILES) == Memory()


def test_of_a_changed_file_only_what_its_rules_mean_is_known(home: Mapping[str, str], loaded: Memory):
    RuleMemory(home, Path("config.toml")).keep(loaded, Memory())
    assert known(home, [FILES[0], RuleFile("one.toml", ONE + "# a comment\n")]) == (1, 1_001, True)


def test_few_rules_are_not_kept(home: Mapping[str, str]):
    RuleMemory(home, Path("config.toml")).keep(load_rules(FILES[1:]).memory, Memory())
    assert not (Path(home["HOME"]) / ".cache").exists()


def test_what_is_known_already_is_not_written_again(home: Mapping[str, str], loaded: Memory):
    keeper = RuleMemory(home, Path("config.toml"))
    keeper.keep(loaded, loaded)
    assert not (Path(home["HOME"]) / ".cache").exists()
    keeper.keep(replace(loaded, held=False), loaded)
    assert known(home) == (2, 1_001, False)


def test_nobody_else_can_read_or_write_it(home: Mapping[str, str], loaded: Memory):
    old = os.umask(0)
    try:
        RuleMemory(home, Path("config.toml")).keep(loaded, Memory())
    finally:
        os.umask(old)
    assert stat.S_IMODE(kept(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept(home).parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"flood", b"fl00d")),
        lambda path: path.write_bytes(path.read_bytes().replace(b"{", b"[", 1)),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff\n\xff"),
        lambda path: path.write_bytes(b"[" * 100_000),
        lambda path: path.write_bytes(b"3\n"),
        lambda path: path.chmod(0o620),
        lambda path: path.chmod(0o602),
        lambda path: (path.rename(path.with_name("real")), path.symlink_to("real")),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), os.mkfifo(path)),
    ],
    ids=[
        "cut", "changed", "no-head", "empty", "bytes", "deep",
        "number", "group", "others", "link", "folder", "pipe",
    ],
)  # fmt: skip
def test_a_broken_or_foreign_file_is_as_good_as_none(home: Mapping[str, str], loaded: Memory, spoil):
    RuleMemory(home, Path("config.toml")).keep(loaded, Memory())
    spoil(kept(home))
    assert known(home) == NOTHING


def test_a_file_with_a_sum_of_its_own_and_nonsense_in_it_is_as_good_as_none(
    home: Mapping[str, str], loaded: Memory
):
    RuleMemory(home, Path("config.toml")).keep(loaded, Memory())
    for body in (b"{}", b"[]", b'{"name": "one.toml", "rules": [[1]]}', b"null"):
        head = json.dumps(rule_memory._head(body, "", True)).encode()
        kept(home).write_bytes(head + b"\n" + body)
        assert known(home) == NOTHING


def test_what_other_code_wrote_is_as_good_as_none(
    home: Mapping[str, str], loaded: Memory, monkeypatch: pytest.MonkeyPatch
):
    RuleMemory(home, Path("config.toml")).keep(loaded, Memory())
    monkeypatch.setattr(rule_memory, "_code", lambda: "another")
    assert known(home) == NOTHING


def test_another_version_of_a_library_that_decides_is_other_code(monkeypatch: pytest.MonkeyPatch):
    now = rule_memory._code.__wrapped__()
    monkeypatch.setattr(rule_memory, "version", lambda name: "9" if name == "py3langid" else "1")
    assert rule_memory._code.__wrapped__() != now


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HOME": "/h"}, "/h/.cache/media-monitor"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/media-monitor"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x", "CACHE_DIRECTORY": "/var/cache/m:/b"}, "/var/cache/m"),
        ({"XDG_CACHE_HOME": "relative"}, None),
        ({}, None),
    ],
)
def test_it_lies_where_caches_belong(environment: Mapping[str, str], folder: str | None):
    assert rule_memory._folder(environment) == (None if folder is None else Path(folder))


def test_a_folder_that_cannot_be_written_to_is_no_trouble(tmp_path: Path, loaded: Memory):
    (tmp_path / ".cache").write_text("a file")
    keeper = RuleMemory({"HOME": str(tmp_path)}, Path("config.toml"))
    keeper.keep(loaded, Memory())
    assert keeper.recall(FILES) == Memory()
    assert RuleMemory({}, Path("config.toml")).recall(FILES) == Memory()


def test_files_that_nobody_used_for_long_go(home: Mapping[str, str], loaded: Memory):
    RuleMemory(home, Path("config.toml")).keep(loaded, Memory())
    old = kept(home)
    os.utime(old, (0, 0))
    RuleMemory(home, Path("other.toml")).keep(loaded, Memory())
    assert not old.exists()


# ---- as the commands use it


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    monkeypatch.chdir(tmp_path)
    Path("rules").mkdir()
    for file in FILES:
        Path("rules", file.name).write_text(file.text)
    Path("config.toml").write_text(
        "[[feeds]]\nurl = 'https://a.example/f'\n[receivers.desk]\nstdout = {}\n"
        "[[digests]]\nname = 'd'\nrules = ['*']\nto = ['desk']\nschedule = 'immediate'\n"
    )
    return {"HOME": str(tmp_path / "home")}


def test_a_check_from_the_cache_says_the_same(desk: Mapping[str, str]):
    def said(report: CheckReport) -> object:
        assert report.ruleset is not None
        return report.problems, report.ruleset.version, report.ruleset.rules

    first = check(Path("config.toml"), environment=desk)
    assert kept(desk).exists()
    assert said(check(Path("config.toml"), environment=desk)) == said(first)
    Path("rules/one.toml").write_text(ONE.replace("'flood'", "'drought'"))
    broken = check(Path("config.toml"), environment=desk)
    assert [problem.line for problem in broken.problems if problem.file == "rules/one.toml"] == [4]
    # a failed example is tried again, also when nothing else changed
    assert check(Path("config.toml"), environment=desk).problems == broken.problems


def test_a_check_of_few_rules_keeps_nothing(desk: Mapping[str, str]):
    Path("rules/many.toml").unlink()
    assert check(Path("config.toml"), environment=desk).ruleset is not None
    assert not Path(desk["HOME"]).exists()


def test_a_test_run_has_a_cache_folder_of_its_own(cache_folder: Path):
    assert rule_memory._folder(os.environ) == cache_folder / "media-monitor"


def test_rules_of_a_folder_come_from_the_cache_too(desk: Mapping[str, str]):
    first = rules_from(Path("rules"), Path("config.toml"), desk)
    path = kept(desk)
    written = path.read_bytes()
    assert rules_from(Path("rules"), Path("config.toml"), desk).rules == first.rules
    assert path.read_bytes() == written
