"""Whose report a text carries, read off datelines, bylines and credits, and off nothing else."""

from __future__ import annotations

import time

import pytest

from monitor.core.stories.wire import after_dateline, wire_of
from monitor.demo.samples import press_samples

BODY = (
    "The crossing was closed on Sunday, an official said. Hundreds of lorries stood on both sides of the gate.\n\n"
    "Traders asked both governments to talk. Nobody could say when the gate would be opened again."
)

CARRIED = [
    ("AP", f"ISLAMABAD (AP) — {BODY}"),
    ("AP", f"KABUL, Afghanistan (AP) - {BODY}"),
    ("AP", f"By MUNIR AHMED, Associated Press\n\n{BODY}"),
    ("AP", f"{BODY}\n\nAssociated Press writer Riaz Khan in Peshawar, Pakistan, contributed to this story."),
    ("AP", f"{BODY}\n\nAP writers Ann Lee in Rome and Jo Marsh in Bonn contributed."),
    ("AP", f"{BODY}\n\nSource: AP News"),
    ("AP", f"{BODY}\n\nCopyright 2023 The Associated Press. All rights reserved."),
    ("Reuters", f"KABUL, March 27 (Reuters) - {BODY}"),
    ("Reuters", f"ISLAMABAD/KABUL (Reuters) – {BODY}"),
    ("Reuters", f"(Reuters) - {BODY}"),
    ("Reuters", f"{BODY}\n\nOur Standards: The Thomson Reuters Trust Principles."),
    ("Reuters", f'{BODY} "No," he told Reuters.\n\n(Reporting by Ann Lee; Editing by Jo Marsh)'),
    ("Reuters", f"{BODY}\n\n© Reuters"),
    ("AFP", f"Kabul (AFP) – {BODY}"),
    ("AFP", f"KABUL: {BODY}\n\n© Agence France-Presse"),
    ("AFP", f"KABUL: {BODY}\n\n© 2023 AFP"),
    ("AFP", f"{BODY} He did not say when. — AFP"),
    ("AFP", f"AFP\n\n{BODY}"),
    ("DPA", f"Berlin (dpa) - {BODY}"),
    ("DPA", f"Von Max Stern, dpa\n\n{BODY}"),
    ("ANI", f"Kabul [Afghanistan], March 27 (ANI): {BODY}"),
    ("ANI", f"{BODY} He left on Monday. (ANI)"),
    ("PTI", f"New Delhi, Mar 27 (PTI) {BODY}"),
    ("PTI", f"{BODY}\n\n(With inputs from PTI)"),
    ("PTI", f"{BODY} He left on Monday. PTI SJK VM"),
    ("IANS", f"New Delhi, March 27 (IANS): {BODY}"),
    ("APP", f"ISLAMABAD, Mar 27 (APP): {BODY}"),
    ("Xinhua", f"KABUL, March 27 (Xinhua) -- {BODY}"),
    ("TASS", f"MOSCOW, March 27. /TASS/. {BODY}"),
    ("TASS", f"МОСКВА, 27 марта. /ТАСС/. {BODY}"),
    ("EFE", f"Madrid, 27 mar (EFE).- {BODY}"),
    ("ANSA", f"(ANSA) - ROMA, MAR 27 - {BODY}"),
    ("Kyodo", f"TOKYO (Kyodo) -- {BODY}"),
    ("Kyodo", f"KYODO NEWS - Mar 27, 2023 - 12:01\n\n{BODY}"),
    ("Yonhap", f"SEOUL, March 27 (Yonhap) -- {BODY}"),
    ("Anadolu", f"ANKARA (AA) - {BODY}"),
    ("UPI", f"March 27 (UPI) -- {BODY}"),
    ("Bloomberg", f"(Bloomberg) -- {BODY}"),
    ("APA", f"Wien (APA) - {BODY}"),
    ("The Canadian Press", f"{BODY}\n\nThis report by The Canadian Press was first published March 27, 2023.\n\n"
     "The Canadian Press"),
    ("AP", f"Traders wait\n\nThe gate is shut.\n\nISLAMABAD (AP) — {BODY}\n\nSource: Reuters"),
]  # fmt: skip

OWN = [
    f"KABUL: {BODY}",
    f"{BODY} An official told Reuters that talks would go on.",
    f"{BODY} According to the AFP news agency, a convoy was waiting.",
    f"{BODY}\n\n(Reporting by Ann Lee; Editing by Jo Marsh)",
    f"The minister in Kabul on Wednesday. (Deputy Prime Minister Office via AP)\n\n{BODY}",
    f"Lorries wait at the gate. AFP/File\n\n{BODY}",
    f"AP Photo/Ann Lee\n\n{BODY}",
    f"Reuters first reported the closure. {BODY}",
    f"{BODY}\n\nSource: ministry of commerce",
    f"{BODY}\n\n© 2023 The Daily Post. All rights reserved.",
    f"Afghan Voice Agency (AVA) - Kabul: {BODY}",
    f"Andhra Pradesh (AP) is to get a second airport, the state's minister said. {BODY}",
    f"{BODY}\n\nWith inputs from agencies",
    f"{BODY}\n\nDownload our\n\nAPP",
    f"Health\n\nSPA\n\n{BODY}",
    f"Credit: AFP\n\n{BODY}",
    f"Photo: Reuters\n\n{BODY}",
    f"{BODY}\n\nThe writer is a former Reuters correspondent.",
    f"{BODY}\n\nGet the Bloomberg Evening newsletter",
    f"{BODY}\n\nSource: AP, Reuters",
    f"The Prime Minister (PM) - {BODY}",
    "",
]


@pytest.mark.parametrize(("agency", "text"), CARRIED, ids=lambda value: value[:40])
def test_a_text_names_the_agency_whose_report_it_is(agency: str, text: str) -> None:
    assert wire_of("Gate closed", text, ()) == agency


@pytest.mark.parametrize("text", OWN, ids=lambda value: value[-60:])
def test_an_article_that_only_quotes_or_shows_an_agency_is_its_outlets_own(text: str) -> None:
    assert wire_of("Gate closed", text, ()) == ""


@pytest.mark.parametrize(
    ("authors", "agency"),
    [
        (("Reuters",), "Reuters"),
        (("Reuters Staff",), "Reuters"),
        (("Associated Press",), "AP"),
        (("Munir Ahmed | AP",), "AP"),
        (("Jo Marsh, Agence France-Presse",), "AFP"),
        (("Press Trust of India",), "PTI"),
        (("Jo Marsh", "AFP"), "AFP"),
        (("AFP", "Reuters"), ""),
        (("AP Dhillon",), ""),
        (("News Desk",), ""),
        ((), ""),
    ],
)
def test_an_agency_among_the_authors_is_the_origin(authors: tuple[str, ...], agency: str) -> None:
    assert wire_of("Gate closed", BODY, authors) == agency


def test_of_the_samples_only_the_rewritten_wire_report_has_an_origin() -> None:
    samples = press_samples()
    assert samples is not None
    origins = {sample.key[:3]: wire_of(sample.title, sample.body, ()) for sample in samples}
    assert origins == {"000": "AP", "001": "", "002": "", "003": "", "004": ""}


@pytest.mark.parametrize(
    "line",
    [
        "KABUL: The gate",
        "KABUL, March 27 (Reuters) - The gate",
        "ISLAMABAD/KABUL — The gate",
        "VANCOUVER, CANADA – The gate",
        "New Delhi, Mar 27 (PTI) The gate",
        "NEW YORK, Feb. 2, 2023 /PRNewswire/ -- The gate",
    ],
)
def test_a_dateline_is_no_part_of_the_report(line: str) -> None:
    assert after_dateline(line) == "The gate"


@pytest.mark.parametrize(
    "line", ["The gate: closed", "He said (again) - no", "A, B (C) D", "", "NATO leaders met"]
)
def test_what_only_looks_like_a_dateline_stays(line: str) -> None:
    assert after_dateline(line) == line


@pytest.mark.parametrize(
    "text", ["(" * 200_000, "A, " * 100_000, "AP " * 70_000, "A B-" * 60_000, "PTI AB " * 40_000]
)
def test_hostile_lines_take_little_time(text: str) -> None:
    began = time.process_time()
    assert wire_of("", text, (text[:5000],)) in ("", "AP", "PTI")
    assert time.process_time() - began < 0.5
