"""What pages of one host have in common: what goes, and what must never go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from made import NOON

from monitor.core.articles.seen_before import (
    Trimmed,
    frame_keys,
    is_shared,
    text_key,
    wall_pages,
    without_frame,
)
from monitor.model.article import DropReason, Quality
from monitor.model.reading import Witness

APPEAL = "Support our journalism with a small gift, and get the morning letter for free."
BODY = "The river rose by two metres in Sindh on Tuesday.\n\nPeople left their houses for the hills."
TITLES = ("Floods in Sindh", "Rupee falls further", "Kohli scores again", "Vaccines reach Gilgit")


def witness(text: str, title: str, row: int, **more: object) -> Witness:
    one = Witness(text_key(text), row, f"https://news.example/{row}", title, Quality.FULL, NOON, judged=True)
    return replace(one, **more)  # type: ignore[arg-type]  # fields by name


def trimmed(text: str, title: str, *earlier: Witness, frame: str = APPEAL) -> Trimmed:
    """The text, where these earlier pages carried the frame."""
    (key,) = frame_keys(frame)
    seen = {key: [replace(one, key=key) for one in earlier]}
    return without_frame(text, title, "https://news.example/0", seen)


def pages(titles: tuple[str, ...] = TITLES[1:], **more: object) -> list[Witness]:
    return [witness(APPEAL, title, row, **more) for row, title in enumerate(titles, 1)]


# ---- the frame of a host


@pytest.mark.parametrize("text", [f"{APPEAL}\n\n{BODY}", f"{BODY}\n\n{APPEAL}"])
def test_what_stands_on_three_other_pages_under_other_titles_goes_and_is_kept_as_dropped(text: str) -> None:
    found = trimmed(text, TITLES[0], *pages())
    assert found.text == BODY
    assert [(one.reason, one.text) for one in found.dropped] == [(DropReason.HOST_BOILERPLATE, APPEAL)]


def test_what_stands_on_two_other_pages_stays_and_is_remembered() -> None:
    text = f"{BODY}\n\n{APPEAL}"
    found = trimmed(text, TITLES[0], *pages(TITLES[1:3]))
    assert (found.text, found.dropped) == (text, ())
    assert found.keys == frame_keys(text)


def test_what_went_is_not_remembered_so_that_only_pages_count_on_which_it_was_read() -> None:
    found = trimmed(f"{BODY}\n\n{APPEAL}", TITLES[0], *pages())
    assert found.keys == frame_keys(BODY)


def test_what_the_rules_in_force_have_not_read_stays() -> None:
    assert not trimmed(f"{BODY}\n\n{APPEAL}", TITLES[0], *pages(judged=False)).dropped


def test_a_page_that_was_a_wall_or_gave_only_its_feeds_words_bears_no_witness() -> None:
    assert not trimmed(f"{BODY}\n\n{APPEAL}", TITLES[0], *pages(quality=Quality.STUB)).dropped


def test_one_address_in_many_wordings_counts_once() -> None:
    assert not trimmed(f"{BODY}\n\n{APPEAL}", TITLES[0], *pages(url_key="https://news.example/live")).dropped


def test_the_background_of_a_running_story_stays_under_however_many_headlines() -> None:
    background = "Torkham has been closed since Sunday, when guards of the two countries exchanged fire."
    headlines = (
        "Torkham traders lose millions",
        "Fruit rots at Torkham",
        "Torkham talks fail",
        "Torkham day nine",
    )
    earlier = [witness(background, title, row) for row, title in enumerate(headlines, 1)]
    text = f"Drivers have been sleeping in their trucks.\n\n{background}"
    assert trimmed(text, "Torkham: drivers wait", *earlier, frame=background).text == text


def test_a_background_paragraph_that_names_what_the_page_names_stays_under_any_headlines() -> None:
    background = "Torkham has been closed since Sunday, when guards of the two countries exchanged fire."
    headlines = ("Traders lose millions", "Fruit rots", "Talks fail")
    earlier = [witness(background, title, row) for row, title in enumerate(headlines, 1)]
    text = f"Drivers have been sleeping in their trucks near Torkham.\n\n{background}"
    assert trimmed(text, "A cold night", *earlier, frame=background).text == text


@pytest.mark.parametrize(
    ("one", "other"),
    [("Border closes", "Closing the border"), ("طورخم بارڈر بند", "طورخم میں ٹرک"), ("口岸关闭", "口岸重开")],
)
def test_titles_that_share_a_word_in_any_form_or_script_are_not_unlike(one: str, other: str) -> None:
    text = f"{BODY}\n\n{APPEAL}"
    assert not trimmed(text, one, *pages((other, "Rupee falls further", "Kohli scores again"))).dropped


def test_a_frame_in_the_middle_of_a_text_stays() -> None:
    text = f"{BODY}\n\n{APPEAL}\n\n{BODY.replace('two', 'three')}"
    assert trimmed(text, TITLES[0], *pages()).text == text


def test_a_text_that_is_nothing_but_frame_stays() -> None:
    assert trimmed(APPEAL, TITLES[0], *pages()).text == APPEAL


def test_a_sentence_that_is_only_part_of_a_paragraph_is_no_frame() -> None:
    text = f"{BODY}\n\nTorkham was closed. {APPEAL}"
    assert trimmed(text, TITLES[0], *pages()).text == text


def test_about_x_goes_from_press_releases_though_every_headline_names_x() -> None:
    about = "About Acme"
    more = "Acme Mining was founded in 1901 and employs 4,000 people in Quetta."
    text = f"Acme Mining said on Monday that it will open a mine in Chagai.\n\n{about}\n\n{more}"
    headlines = ("Acme names new chief", "Third quarter results of Acme out", "Acme sells Lahore offices to bank")
    seen = {
        frame_keys(one)[0]: [witness(one, title, row) for row, title in enumerate(headlines, 1)]
        for one in (about, more)
    }
    found = without_frame(text, "Acme to open mine in Chagai", "https://news.example/0", seen)
    assert found.text == "Acme Mining said on Monday that it will open a mine in Chagai."


# ---- walls that nothing knows


def test_the_third_address_with_the_same_text_under_an_unlike_title_is_a_wall() -> None:
    wall = "Please open the app to go on."
    one, two = (witness(wall, title, row) for row, title in enumerate(TITLES[:2], 1))
    assert wall_pages(TITLES[2], "https://news.example/0", [one]) == ()
    assert wall_pages(TITLES[2], "https://news.example/0", [one, two]) == (one, two)


def test_the_same_report_on_three_days_is_no_wall() -> None:
    text = "The Bundesbank left its credit policies unchanged."
    days = [witness(text, "Bundesbank leaves credit policies unchanged", row) for row in (1, 2, 3)]
    assert wall_pages("Bundesbank leaves credit policies unchanged", "https://news.example/0", days) == ()


def test_one_address_in_three_wordings_is_no_wall() -> None:
    same = [witness("Open the app.", title, 1) for title in TITLES[:3]]
    assert wall_pages(TITLES[3], "https://news.example/1", same) == ()


# ---- addresses that pages state as their own


def shared(titles: tuple[str, ...], hours: int = 1) -> bool:
    earlier = [witness("x", title, row) for row, title in enumerate(titles, 1)]
    return is_shared("Floods", "https://news.example/0", earlier, NOON + timedelta(hours=hours))


def test_an_address_that_five_titles_state_within_a_day_is_nobodys() -> None:
    assert shared(("One", "Two", "Three", "Four"))
    assert not shared(("One", "Two", "Three"))
    assert not shared(("One", "Two", "Three", "Four"), hours=25)
    assert not shared(("Floods", "floods", "FLOODS", "Floods."))


def test_a_live_page_that_changes_its_title_keeps_its_address() -> None:
    live = [witness("x", title, 1, url_key="https://news.example/0") for title in TITLES]
    assert not is_shared("Day five", "https://news.example/0", live, NOON)
