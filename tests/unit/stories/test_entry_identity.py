"""Which entries are known, which are revisions, which are new."""

from __future__ import annotations

import pytest
from made import NOON, parsed

from monitor.core.stories.identity import judge_entry, revision_fate, title_likeness, words_hash
from monitor.model.entry import Fate, KnownEntry, ParsedEntry, Verdict


def known(entry: ParsedEntry, url_key: str | None = None, fate: Fate = Fate.READ) -> KnownEntry:
    key = (entry.link or "") if url_key is None else url_key
    return KnownEntry(7, entry.id, key, entry.title, words_hash(entry), fate, NOON)


def verdict(entry: ParsedEntry, before: ParsedEntry) -> Verdict:
    return judge_entry(entry, entry.link or "", words_hash(entry), [known(before)])[0]


def test_an_entry_of_an_unknown_id_and_url_is_new() -> None:
    assert judge_entry(parsed(), "https://news.example/e1", "h", [])[0] is Verdict.NEW


def test_the_same_entry_again_is_known() -> None:
    assert verdict(parsed(), parsed()) is Verdict.KNOWN


def test_a_new_id_with_the_same_url_and_words_is_known() -> None:
    assert verdict(parsed("other", link="https://news.example/e1"), parsed("e1")) is Verdict.KNOWN


def test_a_new_url_with_the_same_id_and_words_is_known() -> None:
    assert verdict(parsed("e1", link="https://news.example/moved"), parsed("e1")) is Verdict.KNOWN


def test_markup_case_and_spacing_are_no_revision() -> None:
    assert (
        verdict(parsed(summary="The  CROSSING, closed."), parsed(summary="the crossing closed")) is Verdict.KNOWN
    )


def test_added_words_are_a_revision() -> None:
    assert verdict(parsed(summary="It was closed."), parsed(summary="It was quiet.")) is Verdict.REVISED


def test_words_that_come_back_after_an_edit_are_known() -> None:
    first, edited = parsed(summary="one"), parsed(summary="two")
    stored = [known(first), known(edited)]
    assert judge_entry(first, first.link or "", words_hash(first), stored)[0] is Verdict.KNOWN


def test_an_id_reused_for_another_item_is_new() -> None:
    entry = parsed("e1", "Floods in Sindh", link="https://news.example/floods")
    assert verdict(entry, parsed("e1", "Torkham closed")) is Verdict.NEW


def test_entries_that_all_link_to_one_page_are_told_apart_by_title() -> None:
    home = "https://news.example/"
    entry = parsed("e2", "Floods in Sindh", link=home)
    assert verdict(entry, parsed("e1", "Torkham closed", link=home)) is Verdict.NEW


def test_a_status_page_that_changes_its_title_is_a_revision_that_is_read() -> None:
    before = parsed("status", "No warnings in force", link="https://news.example/status")
    now = parsed("status", "Torkham crossing closed", link="https://news.example/status")
    assert verdict(now, before) is Verdict.REVISED
    assert revision_fate(now, known(before, fate=Fate.SEEN_AT_SUBSCRIBE)) is Fate.WAITING


@pytest.mark.parametrize("fate", [Fate.SEEN_AT_SUBSCRIBE, Fate.TOO_OLD])
def test_an_edit_does_not_make_an_old_entry_news(fate: Fate) -> None:
    before, edited = parsed(summary="one"), parsed(summary="two")
    assert revision_fate(edited, known(before, fate=fate)) is fate


def test_an_edit_of_an_entry_that_was_read_is_read_again() -> None:
    assert revision_fate(parsed(summary="two"), known(parsed(summary="one"))) is Fate.WAITING


def test_titles_without_words_are_alike() -> None:
    assert title_likeness("", "…") == 1.0


def test_an_entry_without_a_link_is_known_by_its_id() -> None:
    assert verdict(parsed("e1", link=None), parsed("e1", link=None)) is Verdict.KNOWN


def test_entries_without_links_are_not_the_same_for_having_none() -> None:
    assert verdict(parsed("e2", link=None), parsed("e1", link=None)) is Verdict.NEW
