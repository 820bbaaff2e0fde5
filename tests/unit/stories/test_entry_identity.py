"""Which entries are known, which are revisions, which are new."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import NOON, parsed

from monitor.core.stories.identity import SAME_DAY, judge_entry, title_likeness, was_never_read, words_hash
from monitor.model.entry import EntryFlag, Fate, KnownEntry, ParsedEntry, Verdict


def known(entry: ParsedEntry, row: int = 7, fate: Fate = Fate.READ, words_only: bool = False) -> KnownEntry:
    return KnownEntry(
        row=row,
        id=entry.id,
        url_key=entry.link or "",
        title=entry.title,
        text_hash=words_hash(entry),
        fate=fate,
        first_seen=NOON,
        published=entry.published,
        words_only=words_only,
    )


def verdict(entry: ParsedEntry, *before: ParsedEntry, after: timedelta = timedelta(hours=1)) -> Verdict:
    stored = [known(one, row) for row, one in enumerate(before)]
    return judge_entry(entry, entry.link or "", words_hash(entry), stored, NOON + after)[0]


def test_an_entry_of_an_unknown_id_and_url_is_new() -> None:
    assert judge_entry(parsed(), "https://news.example/e1", "h", [], NOON)[0] is Verdict.NEW


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


def test_an_edit_undone_within_the_day_is_known() -> None:
    first, edited = parsed(summary="one", published=None), parsed(summary="two", published=None)
    assert verdict(first, first, edited, after=SAME_DAY) is Verdict.KNOWN


def test_an_edit_undone_under_the_same_date_is_known_at_any_time() -> None:
    first, edited = parsed(summary="one"), parsed(summary="two")
    assert verdict(first, first, edited, after=timedelta(days=30)) is Verdict.KNOWN


def test_the_crossing_that_closes_again_is_a_revision_of_its_being_open() -> None:
    monday = parsed(summary="Torkham is closed.")
    tuesday = parsed(summary="Torkham is open.", published=NOON + timedelta(days=1))
    wednesday = parsed(summary="Torkham is closed.", published=NOON + timedelta(days=2))
    stored = [known(monday, 1), known(tuesday, 2)]
    answer, before = judge_entry(
        wednesday, wednesday.link or "", words_hash(wednesday), stored, NOON + timedelta(days=2)
    )
    assert answer is Verdict.REVISED
    assert before is not None
    assert before.row == 2


def test_the_same_words_under_one_link_on_another_day_are_another_event() -> None:
    link = "https://news.example/status"
    monday = parsed("monday", "Torkham closed", link=link)
    tuesday = parsed("tuesday", "Torkham closed", link=link, published=NOON + timedelta(days=1))
    assert verdict(tuesday, monday) is Verdict.NEW


def test_an_id_that_only_counts_positions_does_not_hide_the_same_headline_next_week() -> None:
    first = parsed("1", "Torkham closed", link="https://news.example/a")
    later = parsed("1", "Torkham closed", link="https://news.example/b", published=NOON + timedelta(days=7))
    assert verdict(later, first) is Verdict.NEW


def test_an_id_reused_for_another_item_is_new() -> None:
    entry = parsed("e1", "Floods in Sindh", link="https://news.example/floods")
    assert verdict(entry, parsed("e1", "Torkham closed")) is Verdict.NEW


def test_entries_that_all_link_to_one_page_are_told_apart_by_title() -> None:
    home = "https://news.example/"
    entry = parsed("e2", "Floods in Sindh", link=home)
    assert verdict(entry, parsed("e1", "Torkham closed", link=home)) is Verdict.NEW


def test_a_status_page_that_changes_its_title_is_a_revision() -> None:
    before = parsed("status", "No warnings in force", link="https://news.example/status")
    now = parsed("status", "Torkham crossing closed", link="https://news.example/status")
    assert verdict(now, before) is Verdict.REVISED


@pytest.mark.parametrize("fate", [Fate.SEEN_AT_SUBSCRIBE, Fate.TOO_OLD])
def test_what_was_stored_but_not_read_was_never_read(fate: Fate) -> None:
    assert was_never_read(known(parsed(), fate=fate))
    assert was_never_read(known(parsed(), fate=Fate.READ, words_only=True))
    assert not was_never_read(known(parsed(), fate=Fate.READ))


def test_titles_without_words_are_alike() -> None:
    assert title_likeness("", "…") == 1.0


def test_an_entry_without_a_link_is_known_by_its_id() -> None:
    assert verdict(parsed("e1", link=None), parsed("e1", link=None)) is Verdict.KNOWN


def test_entries_without_links_are_not_the_same_for_having_none() -> None:
    assert verdict(parsed("e2", link=None), parsed("e1", link=None)) is Verdict.NEW


def test_a_date_of_the_future_that_moves_with_every_poll_makes_no_new_entry() -> None:
    flags = (EntryFlag.FUTURE_DATE,)
    first = parsed("1", "Torkham closed", link="https://news.example/a?session=1", flags=flags)
    later = parsed(
        "1",
        "Torkham closed",
        link="https://news.example/a?session=2",
        published=NOON + timedelta(days=1),
        flags=flags,
    )
    assert verdict(later, first) is Verdict.KNOWN


def test_an_old_wording_that_the_publisher_dates_as_an_update_is_a_revision() -> None:
    closed, opened = parsed(summary="Torkham is closed."), parsed(summary="Torkham is open.")
    again = parsed(summary="Torkham is closed.", updated=NOON + timedelta(days=3))
    assert verdict(again, closed, opened, after=timedelta(days=3)) is Verdict.REVISED
