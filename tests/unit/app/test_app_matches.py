"""`matches list`: as text at 80 columns, as CSV that no spreadsheet takes for formulas, as JSON lines."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from made import NOON
from newsroom import HOUR, Newsroom, digest_settings, item

from monitor.app.matches import Asked, match_json, match_lines, match_rows, matches
from monitor.app.since import NoSpan, Since, since
from monitor.core.text.columns import display_width
from monitor.model.digest import Cron
from monitor.model.ledger import ListedMatch, Routing, RoutingState
from monitor.model.rule import Severity

WEEK = Since("7d", NOON - timedelta(days=7))


def asked(**more: Any) -> Asked:
    return Asked(WEEK, **more)


def listed(**more: Any) -> ListedMatch:
    values: dict[str, Any] = {
        "id": 1,
        "rule": "torkham-closed",
        "rule_version": "abcd1234",
        "analyser_version": "1/15.1.0",
        "rule_title": "Torkham crossing closed",
        "severity": Severity.HIGH,
        "because": '"Torkham" and "closed"',
        "news": True,
        "matched_at": NOON,
        "title": "Torkham closed",
        "url": "https://news.example/e1",
        "publisher": "News",
        "feed": "News",
        "published": None,
        "story": "s_1",
        "routings": (
            Routing("alerts", RoutingState.PLANNED, "b1"),
            Routing("morning", RoutingState.PENDING, None),
        ),
    }
    return ListedMatch(**{**values, **more})


@pytest.fixture
def room() -> Newsroom:
    """Two days with a match each; the second is a copy, and merged."""
    made = Newsroom(digests=[digest_settings(), digest_settings("morning", schedule=Cron("0 8 * * *"))])
    made.bring_in(item())
    made.plan()
    made.clock.advance(HOUR)
    made.bring_in(item(), item("copy", link="https://news.example/copy"))
    made.plan()
    return made


def lines(room: Newsroom, **more: Any) -> list[str]:
    return list(match_lines(room.store.ledger, asked(**more)))


# ---- text


def test_a_match_is_told_with_its_time_rule_title_publisher_digests_and_url(room: Newsroom) -> None:
    assert [line for line in lines(room) if line] == [
        f"{NOON.astimezone():%a %d %b %Y}",
        f"{(NOON + HOUR).astimezone():%H:%M}  HIGH torkham-closed: Torkham closed",
        "       News → alerts: merged · morning: pending",
        "       https://news.example/copy",
        f"{NOON.astimezone():%H:%M}  HIGH torkham-closed: Torkham closed",
        "       News → alerts: planned · morning: pending",
        "       https://news.example/e1",
        "2 matches in the last 7d. More on one: monitor why URL",
    ]


def test_each_day_has_its_heading_once(room: Newsroom) -> None:
    room.clock.advance(timedelta(days=2))
    room.bring_in(item("e3", "Trucks stranded", "Thousands of trucks wait.", published=room.clock.now()))
    said = lines(room)
    days = [line for line in said if line.endswith("2023")]
    assert len(days) == len(set(days)) == 2
    assert said[said.index(days[1]) - 1] == ""


def test_what_is_not_shown_is_counted_with_the_way_to_it(room: Newsroom) -> None:
    assert lines(room, limit=1)[-2:] == [
        "The newest 1 of 2 matches in the last 7d.",
        "All of them: --limit 2, or --csv",
    ]
    assert lines(room, limit=2)[-1].startswith("2 matches in the last 7d.")


def test_filters_are_named_in_the_last_line(room: Newsroom) -> None:
    assert lines(room, rule="torkham-closed", digest="alerts")[-1].startswith(
        "2 matches of torkham-closed for digest alerts in the last 7d."
    )
    assert lines(room, rule="floods") == ["No match of floods in the last 7d. Further back: --since 30d"]


def test_a_match_that_no_digest_takes_says_so() -> None:
    made = Newsroom(digests=[digest_settings(rules=("floods",))])
    made.bring_in(item())
    assert "       News → no digest takes this rule" in lines(made)


def test_long_titles_are_cut_and_urls_are_not() -> None:
    made = Newsroom()
    url = "https://news.example/" + "x" * 100
    made.bring_in(item(title="Torkham closed " + "塔利班" * 40, link=url))
    said = lines(made)
    assert all(display_width(line) <= 80 for line in said if url not in line)
    assert f"       {url}" in said


# ---- pages


def test_a_long_list_is_read_page_by_page() -> None:
    sizes: list[tuple[Any, int]] = []

    class Endless:
        """A ledger with a match for every id below a million."""

        def matches(self, _since: Any, *, rule: Any, digest: Any, before: Any, limit: int) -> list[ListedMatch]:
            sizes.append((before, limit))
            top = 1_000_000 if before is None else before[1]
            return [listed(id=top - n - 1) for n in range(min(limit, top))]

    found = matches(Endless(), asked(limit=1_200))  # type: ignore[arg-type]  # the one question it is asked
    assert [one.id for one in found] == list(range(999_999, 998_799, -1))
    assert [limit for _, limit in sizes] == [500, 500, 200]
    assert sizes[1][0] == (NOON, 999_500)


# ---- CSV


def rows(*found: ListedMatch) -> list[list[str]]:
    text = "".join(match_rows(found))
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_csv_has_a_header_and_one_row_a_match() -> None:
    header, row = rows(listed(published=NOON))
    assert dict(zip(header, row, strict=True)) == {
        "matched_at": "2023-02-22T12:00:00+00:00",
        "rule": "torkham-closed",
        "rule_title": "Torkham crossing closed",
        "severity": "high",
        "title": "Torkham closed",
        "publisher": "News",
        "url": "https://news.example/e1",
        "published": "2023-02-22T12:00:00+00:00",
        "feed": "News",
        "story": "s_1",
        "because": '"Torkham" and "closed"',
        "digests": "alerts: planned; morning: pending",
    }


def test_csv_of_nothing_is_the_header() -> None:
    assert len(rows()) == 1


@pytest.mark.parametrize("title", ['Say "no", he said', "a,b", "سرحد بند", "塔利班"])
def test_a_cell_comes_back_as_it_was(title: str) -> None:
    assert rows(listed(title=title))[1][4] == title


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula_to_a_spreadsheet(start: str) -> None:
    for field in ("title", "publisher", "url", "because", "feed", "rule_title"):
        _, row = rows(listed(**{field: f'{start}HYPERLINK("https://evil.example","x")'}))
        assert not any(
            cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) for cell in row
        )
        assert any(cell.startswith("'") and "HYPERLINK" in cell for cell in row)


def test_a_minus_inside_a_cell_is_left_alone() -> None:
    assert rows(listed(title="Torkham - closed"))[1][4] == "Torkham - closed"


def test_no_cell_steers_a_terminal() -> None:
    text = "".join(match_rows([listed(title="\x1b[2J\u202eTorkham")]))
    assert "\x1b" not in text
    assert "\u202e" not in text


# ---- JSON


def test_json_has_stable_keys() -> None:
    assert json.loads(json.dumps(match_json(listed()))) == {
        "id": 1,
        "matched_at": "2023-02-22T12:00:00+00:00",
        "rule": "torkham-closed",
        "rule_version": "abcd1234",
        "analyser_version": "1/15.1.0",
        "rule_title": "Torkham crossing closed",
        "severity": "high",
        "title": "Torkham closed",
        "publisher": "News",
        "url": "https://news.example/e1",
        "published": None,
        "feed": "News",
        "story": "s_1",
        "because": '"Torkham" and "closed"',
        "digests": [
            {"digest": "alerts", "state": "planned", "batch": "b1", "silence": None},
            {"digest": "morning", "state": "pending", "batch": None, "silence": None},
        ],
    }


# ---- spans of time


def test_a_span_is_so_long_before_now() -> None:
    day, week = since("1d"), since("7d")
    assert timedelta(days=6) <= day.moment - week.moment + timedelta(minutes=1) <= timedelta(days=6, minutes=2)
    assert day.text == "1d"


@pytest.mark.parametrize("text", ["", "yesterday", "7", "-7d", "99999999d", "7 d"])
def test_a_text_that_is_no_span_says_what_would_be(text: str) -> None:
    with pytest.raises(NoSpan, match=r"is no duration|is longer than ten years"):
        since(text)
