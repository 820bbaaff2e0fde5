"""`monitor stories group`: documents in, the same lines out with what they copy and their story."""

from __future__ import annotations

import io
import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.adapters.store.sql import SqlStore
from monitor.app import group_documents
from monitor.app.group_documents import GroupTally, group_lines, seekable, tally_text

CLOSED = (
    "TORKHAM: Pakistan shut the Torkham border crossing with Afghanistan on Monday after troops of the "
    "two countries exchanged fire for three hours, officials said, stranding some 400 lorries that carry "
    "fruit, cement and coal. The firing began shortly before dawn when Afghan workers started to build a "
    "post inside a disputed strip of land, said Sajjad Hussain, an administrator in Khyber district. The "
    "gate will stay closed until the work is stopped."
)
FLOOD = (
    "SUKKUR: Flood water of the Indus broke a dyke near Sukkur on Tuesday and reached forty villages, the "
    "disaster authority said. Boats of the navy took eleven hundred people from their roofs. Engineers of "
    "the barrage said that the river would rise by another two feet before the weekend, and that the left "
    "bank canal was cut on purpose."
)


def document(
    id: str, body: str = CLOSED, title: str = "Torkham crossing shut after fire", **more: Any
) -> dict[str, Any]:
    url = f"https://{id}.example/news"
    return {"id": id, "title": title, "body": body, "url": url, "published": "2024-09-09T06:30:00Z", **more}


DOCUMENTS = [
    document("first"),
    document("copy", published="2024-09-09T09:00:00Z", title="Torkham is shut after fire"),
    document("flood", FLOOD, "Indus breaks dyke near Sukkur"),
    document("year-later", published="2025-09-09T06:30:00Z"),
    document("undated", published=None, url=""),
]


def text(*documents: dict[str, Any]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in documents)


def grouped(lines: str, **how: Any) -> tuple[list[dict[str, Any]], list[str], GroupTally]:
    said: list[str] = []
    tally = GroupTally()
    found = list(group_lines(io.BytesIO(lines.encode()), tally, complain=said.append, **how))
    return found, said, tally


def later() -> dict[str, Any]:
    """Another report of the same event, three days later."""
    body = f"Drivers wait at the gate. {CLOSED[:200]}"
    return document("later", body, "Torkham still shut, lorries wait", published="2024-09-12T06:30:00Z")


def short(lines: list[dict[str, Any]]) -> dict[str, tuple[str | None, str]]:
    return {one["id"]: (one["duplicate_of"], one["story"]) for one in lines}


def test_each_line_comes_back_with_what_it_copies_and_its_story() -> None:
    lines, said, tally = grouped(text(*DOCUMENTS))
    assert [one["id"] for one in lines] == [one["id"] for one in DOCUMENTS]
    assert lines[0]["body"] == CLOSED
    assert short(lines)["first"] == (None, "first")
    assert short(lines)["copy"] == ("first", "first")
    assert short(lines)["flood"] == (None, "flood")
    assert short(lines)["year-later"] == (None, "year-later")
    assert said == []
    assert (tally.documents, tally.problems) == (5, 0)


def test_the_order_of_the_lines_changes_nothing() -> None:
    dice = random.Random(5)
    expected = short(grouped(text(*DOCUMENTS))[0])
    for _ in range(3):
        assert short(grouped(text(*dice.sample(DOCUMENTS, len(DOCUMENTS))))[0]) == expected


def test_a_story_is_called_after_its_oldest_document() -> None:
    lines, *_ = grouped(text(document("late", published="2024-09-09T12:00:00Z"), document("early")))
    assert short(lines) == {"late": ("early", "early"), "early": (None, "early")}


def test_a_bad_line_is_named_and_the_others_go_on() -> None:
    lines, said, tally = grouped(
        "nothing\n\n" + text(DOCUMENTS[0]) + '{"title": "no id"}\n[1]\n' + text(DOCUMENTS[2])
    )
    assert [one["id"] for one in lines] == ["first", "flood"]
    assert said[0].startswith("1: no JSON")
    assert said[1] == '4: "id" is missing'
    assert said[2].startswith("5: a document is an object")
    assert tally_text(tally) == "2 documents, 2 stories, 0 duplicates; 3 lines are no document"


def test_an_id_that_stands_twice_is_told_and_both_are_grouped() -> None:
    lines, said, _ = grouped(text(document("x"), document("x", FLOOD, "Indus breaks dyke")))
    assert len(lines) == 2
    assert said == ['2: the id "x" stands in line 1 too; both are grouped']


def test_keys_that_nobody_knows_stay_and_numbers_become_ids() -> None:
    lines, *_ = grouped(text({"id": 7, "title": "A", "mine": [1, {"a": None}], "story": "old"}))
    assert lines == [
        {"id": "7", "title": "A", "mine": [1, {"a": None}], "story": "7", "duplicate_of": None},
    ]


def test_documents_without_words_copy_nothing() -> None:
    lines, *_ = grouped(text({"id": "a"}, {"id": "b"}, {"id": "c", "title": " "}))
    assert short(lines) == {"a": (None, "a"), "b": (None, "b"), "c": (None, "c")}


def test_why_is_said_on_request() -> None:
    assert "why" not in grouped(text(DOCUMENTS[0]))[0][0]
    lines, *_ = grouped(text(*DOCUMENTS[:3], later()), explain=True)
    why = {one["id"]: one["why"] for one in lines}
    assert why["flood"] is None
    assert why["copy"].startswith("same_content: ")
    assert why["later"].startswith("alike: first (0.")


def test_the_window_is_that_of_the_stage() -> None:
    wide, narrow = (grouped(text(DOCUMENTS[0], later()), window=timedelta(days=days))[0] for days in (7, 1))
    assert short(wide)["later"][1] == "first"
    assert short(narrow)["later"][1] == "later"


def test_many_documents_are_grouped_in_a_file_with_the_same_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = short(grouped(text(*DOCUMENTS))[0])
    opened: list[str] = []

    class Noted(SqlStore):
        def __init__(self, url: str) -> None:
            opened.append(url)
            super().__init__(url)

    monkeypatch.setattr(group_documents, "SqlStore", Noted)
    monkeypatch.setattr(group_documents, "_IN_MEMORY", 1)
    monkeypatch.setattr(group_documents, "_BATCH", 2)
    assert short(grouped(text(*DOCUMENTS))[0]) == expected
    assert opened[0].startswith("sqlite:////")


def test_a_pipe_is_kept_to_be_read_twice() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with seekable(Pipe(text(*DOCUMENTS).encode())) as stream:
        lines = list(group_lines(stream, GroupTally(), complain=print))
    assert len(lines) == 5


def test_who_watches_hears_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    grouped(text(*DOCUMENTS), tell_read=lambda *far: told.append(far), tell_grouped=lambda *far: told.append(far))
    assert told == [(done, 5) for done in range(1, 6)] * 2
