"""Whatever a document names is there: commands, words of run.sh, settings, files, links."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from documents import ROOT, Written, document, documents, spans_of

from monitor.cli.main import cli
from monitor.config.faults import keys_of
from monitor.config.shape import TABLES
from monitor.core.rules.entries import ENTITY_KEYS, RULE_KEYS
from monitor.core.rules.family_tables import FAMILY_KEYS

ALL = pytest.mark.parametrize("page", documents(), ids=lambda page: page.name)
DECISIONS = sorted((ROOT / "docs" / "decisions").iterdir())
# Settings that pages speak of in the config's own form: `[poll]`, `[[feeds]]`, `max_entry_age = …`.
_SETTING = re.compile(r"(\w+) = ")
_TABLE = re.compile(r"\[{1,2}(\w+)")
_TOP = ("monitor/", "docs/", "tests/", "rules/", "deploy/", ".ci/")
_ENDINGS = (".py", ".md", ".sh", ".png")
_MACHINE = re.compile(
    r"/(?:work|home|root|Users|mnt|opt|var)/(?!(?:(?:lib|cache)/)?media-monitor\b)[\w.-]"  # no service's
    r"|[A-Z]:\\\\|/tmp/(?!monitor-demo-)"
)


# ---- commands


def typed(page: Written) -> Iterator[str]:
    """Every command line a page tells people to type: code spans and prompts, `monitor …` as it stands there."""
    yield from (span for span in page.spans if span.startswith("monitor "))
    for fence in page.fences:
        for line in fence.text.splitlines():
            command = line.removeprefix("$ ").strip()
            prompted = fence.language in ("console", "sh") and (line.startswith("$ ") or fence.language == "sh")
            if prompted and re.search(r"(^|[|/ ])monitor [a-z]", command):
                yield "monitor " + re.split(r"(?:^|(?<=[|/ ]))monitor ", command)[-1]


def parse(line: str) -> None:
    """Fails unless click knows the command and every option of the line."""
    words = shlex.split(re.sub(r"(2?>>?|&|\s#).*", "", line))[1:]
    command: click.Command = cli
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.split("=")[0] in known | {"-h", "--help"}, line


@ALL
def test_every_command_a_page_names_is_real(page: Written):
    for line in typed(page):
        parse(line)


def test_the_pages_name_every_command():
    named = " ".join(line for page in documents() for line in typed(page))
    for command in (
        "init",
        "check",
        "run",
        "why",
        "status",
        "digest preview",
        "rules match",
        "feeds add",
        "ingest",
        "demo",
    ):
        assert f"monitor {command}" in named


def run_words() -> set[str]:
    """The words that run.sh knows."""
    cases = re.findall(r"^  ([a-z-]+(?: \| [a-z-]+)*)\)$", (ROOT / "run.sh").read_text(), re.MULTILINE)
    return {word.strip() for case in cases for word in case.split("|")}


@ALL
def test_every_word_of_run_sh_a_page_names_is_real(page: Written):
    for word in re.findall(r"\./run\.sh ([a-z]+)", page.text):
        assert word in run_words(), word


def test_contributing_names_every_word_of_run_sh():
    named = set(re.findall(r"^\| `\./run\.sh ([a-z]+)`", document("CONTRIBUTING.md").text, re.MULTILINE))
    assert named == {word for word in run_words() if not word.startswith("-")}


# ---- settings


@ALL
def test_every_setting_a_page_names_is_real(page: Written):
    keys = {key for table in TABLES.values() for key in keys_of(table)}
    keys |= {*ENTITY_KEYS, *RULE_KEYS, *FAMILY_KEYS, "rules", "terms", "entities", "families", "receivers"}
    for span in page.spans:
        setting = _SETTING.match(span)
        if setting:
            assert setting[1] in keys, span
        table = _TABLE.match(span)
        if table and not span.startswith("[."):
            assert table[1] in keys, span


# ---- files and links


def paths_in(page: Written) -> Iterator[str]:
    """Code spans that name a file or folder of the checkout."""
    for span in page.spans:
        word = span.split(":")[0]
        if " " not in word and (word.startswith(_TOP) or word.endswith(_ENDINGS) or word in ("pyproject.toml",)):
            yield word


@ALL
def test_every_file_a_page_names_is_there(page: Written):
    for word in paths_in(page):
        for path in _unfolded(word.lstrip("./") if word.startswith("./") else word):
            assert list(ROOT.glob(path)) or list((ROOT / "monitor").glob(path)), f"{page.name}: {path}"


def _unfolded(pattern: str) -> Iterator[str]:
    """`a/{b,c}.py` as its files."""
    found = re.fullmatch(r"(.*)\{(.*)\}(.*)", pattern)
    if found is None:
        yield pattern
        return
    yield from (f"{found[1]}{middle}{found[3]}" for middle in found[2].split(","))


@ALL
def test_every_link_leads_somewhere(page: Written):
    for link in page.links:
        if link.startswith(("http://", "https://")):
            continue
        target, _, anchor = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        assert path.exists(), f"{page.name}: {link}"
        assert path.is_relative_to(ROOT), f"{page.name}: {link}"
        if anchor:
            assert anchor in {_anchor(title) for title in _written(path).sections}, f"{page.name}: {link}"


def _written(path: Path) -> Written:
    return next(page for page in documents() if page.path == path)


def _anchor(title: str) -> str:
    """A heading as GitHub makes an anchor of it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


@ALL
def test_no_page_names_the_paths_of_a_machine(page: Written):
    assert not _MACHINE.search(page.text), _MACHINE.search(page.text)


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path.is_dir():
            waiting += path.glob("*.md")
        elif path not in reached and path.suffix == ".md":
            reached.add(path)
            if any(page.path == path for page in documents()):
                links = [link.partition("#")[0] for link in _written(path).links if "://" not in link]
                waiting += [(path.parent / link).resolve() for link in links if link]
    missing = {page.name for page in documents() if page.path not in reached}
    assert missing <= {"docs/plan.md"}  # the plan of the open issue is for those who work on it


# ---- decisions and words


def test_the_decisions_are_numbered_without_a_gap():
    assert [path.name[:5] for path in DECISIONS] == [f"{number:04}-" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
def test_a_decision_has_its_number_its_headings_and_is_short(path: Path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(path.name[:4])}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 30


def test_the_glossarys_banned_nouns_name_no_file_and_no_class():
    section = document("docs/glossary.md").sections["Words that name no file and no class"]
    banned = set(section.split(":")[0].replace(",", " ").split())
    assert len(banned) == 7
    for path in (ROOT / "monitor").rglob("*"):
        if path.suffix == ".py" or path.is_dir():
            assert not banned & set(path.stem.lower().split("_")), path
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    words = {word.lower() for word in re.findall(r"[A-Z][a-z]*", node.name)}
                    assert not banned & (words | {word + "s" for word in words}), node.name


def test_the_glossary_is_in_order_and_says_each_word_once():
    words = re.findall(r"^\| \*\*(.+?)\*\* \|", document("docs/glossary.md").text, re.MULTILINE)
    assert words == sorted(set(words))


def test_the_architecture_page_names_every_room():
    named = {span.rstrip("/") for span in document("docs/explanation/architecture.md").spans}
    rooms = {
        f"monitor/{path.name}"
        for path in (ROOT / "monitor").iterdir()
        if (path.is_dir() and (path / "__init__.py").exists())
    }
    assert rooms <= named


def test_the_architecture_page_names_functions_that_are_there():
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "monitor").rglob("*.py"))
    for span in spans_of(document("docs/explanation/architecture.md").prose):
        if re.fullmatch(r"[a-z]+_[a-z_]+", span):
            assert f"def {span}(" in source, span


def test_the_version_of_the_changelog_is_open_or_that_of_the_project():
    versions = re.findall(r"^## \[(.+?)\]", document("CHANGELOG.md").text, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert versions[0] == "Unreleased"
    assert versions[1:2] in ([], [project["version"]])


# ---- pictures


def test_the_pictures_in_the_docs_are_small() -> None:
    sizes = {one.name: one.stat().st_size for one in (ROOT / "docs").rglob("*.png")}
    assert len(sizes) > 20
    assert {name: size for name, size in sizes.items() if size > 150_000} == {}
