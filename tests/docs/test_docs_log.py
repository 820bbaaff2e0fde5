"""The page on the log: its names and lines are those that are written."""

from __future__ import annotations

import inspect
import re

from documents import code, document, rows, spans_of

from monitor.app import reports

PAGE = document("docs/how-to/read-the-log.md")
SOURCE = inspect.getsource(reports)


def test_every_line_and_every_name_on_the_page_is_written_by_the_daemon() -> None:
    table = list(rows(PAGE.sections["One entry, from its poll to its delivery"]))
    assert len(table) >= 6
    for names, _, lines in table:
        for name in spans_of(names):
            assert re.search(rf'"{name}":|\b{name}=', SOURCE), name
        for line in spans_of(lines):
            assert f'"{line}"' in SOURCE, line


def test_the_page_speaks_of_every_line_in_which_a_delivery_is_told() -> None:
    told = inspect.getsource(reports.say_delivery)
    events = set(re.findall(r'log\.\w+\("([^"]+)"', told)) | {"not delivered", "given up"}
    by_name = {code(names.split(",")[0]): spans_of(lines) for names, _, lines in rows(PAGE.text)}
    assert by_name["delivery"] == events


def test_the_commands_of_the_page_pass_over_lines_that_are_no_json() -> None:
    """The first line of a run is one: jq alone would end there."""
    asked = [line for fence in PAGE.fences for line in fence.text.splitlines() if "jq " in line]
    assert len(asked) == 6
    assert all("jq -cR 'fromjson? | select(" in line for line in asked), asked
