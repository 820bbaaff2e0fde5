"""The page on polling lists the criteria that are tested, and the reasons that there are."""

from __future__ import annotations

import ast

from documents import ROOT, document, rows

from monitor.model.feed import PollReason

SUITE = ("test_citizen_requests.py", "test_citizen_waits.py")


def criteria() -> list[str]:
    """The tests of the suite in their order, as sentences."""
    found = []
    for name in SUITE:
        tree = ast.parse((ROOT / "tests" / "acceptance" / name).read_text(encoding="utf-8"))
        names = [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]
        found += [name.removeprefix("test_").replace("_", " ") for name in names if name.startswith("test_")]
    return found


def test_the_table_of_criteria_and_the_suite_are_one():
    section = document("docs/explanation/polling.md").sections["Scored as a citizen"]
    listed = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| ")]
    assert listed == ["criterion", *criteria()]
    assert f"All {len(criteria())} hold." in section


def test_every_reason_is_explained():
    section = document("docs/explanation/polling.md").sections["The reasons"]
    named = {word.strip("` ") for row in rows(section) for word in row[0].split(",")}
    assert named == {reason.value for reason in PollReason}
