"""What is true of the five sample documents: their main texts, and which of them each query must find.

Written down by hand from the documents, apart from the demo's own idea of where a page's tail begins, so that
the two can be wrong only independently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

KEYS = ("000", "001", "002", "003", "004")

# blake2b-128 of the files: they belong to their publishers and are never edited.
HASHES = {
    "000_d3b450e2c1c59edd.txt": "67a1255ffb74344c90161439554cb32a",
    "001_2669503fc3bc7941.txt": "9fc2002fd9c0a791ddb2b96484fd439d",
    "002_804fbe66f24ec749.txt": "8c69fa229acecfa7a75b151c03346774",
    "003_730e647491342396.txt": "277fce9905a6edcd1c1173875dc47cc2",
    "004_1b458f87f4b913ed.txt": "24952bc6202f5d22bb212640fd69cb96",
}

TITLES = {
    "000": "Pakistani Defense Minister Visits Kabul Amid Border Tensions",
    "001": "Top Afghan, Pakistani officials meet in Kabul amid strained relations, security concerns",
    "002": "Pakistani defense minister in Kabul to discuss security, counterterrorism measures",
    "003": "Mohammad Sadiq Khan in Kabul a day after Torkham reopening",
    "004": "Terrorism's sources are in Afghanistan, says Pakistan's defence minister",
}

PUBLISHED = {
    "000": "2023-02-22T12:00:00Z",
    "001": "2023-02-22T15:00:00Z",
    "002": "2023-02-22T14:00:00Z",
    "003": "2025-03-20T09:00:00Z",
    "004": "2024-03-27T18:00:00Z",
}

# First and last sentence of each main text: extraction must not eat either end.
FIRST_WORDS = {
    "000": "visited Kabul to address the recent closure of the Torkham border crossing by the Taliban",
    "001": "Top officials from Afghanistan’s Taliban government met with Pakistan’s defense minister",
    "002": "arrived in Kabul on Wednesday, said the foreign office in Islamabad",
    "003": "Mohammad Sadiq Khan has traveled to Kabul at the head of a delegation",
    "004": "says that the sources of his country’s problem of terrorism are in Afghanistan",
}
LAST_WORDS = {
    "000": "Associated Press writer Riaz Khan in Peshawar, Pakistan, contributed to this story.",
    "001": "it still does not recognize Afghanistan’s Taliban government.",
    "002": "whose top leaders took oath of allegiance to Afghan Taliban in August 2021.",
    "003": "its success will depend on practical steps taken by both sides in the security and economic fields.",
    "004": "can take refuge in Afghan soil,” Pakistan’s Defense Minister had said.",
}

# Sentences of the foreign parts: none of them belongs to the story.
FOREIGN_WORDS = {
    "000": (
        "Your trusted source for insightful journalism",
        "AQAP’s threat against China marks a shift from rhetoric to execution",
        "As scrutiny mounts over the Taliban’s tolerance of TTP sanctuaries",
    ),
    "002": (
        "Government says Imran Khan’s ‘detailed’ medical report shared",
        "Concerns over Khan’s health were raised by his family",
        "a charge the government denies",
    ),
}


@dataclass(frozen=True, slots=True)
class Truth:
    """A query and the documents whose main text it must find: exactly these."""

    name: str
    query: str
    found: frozenset[str]

    def __str__(self) -> str:
        return self.name


def _truth(name: str, query: str, *found: str) -> Truth:
    return Truth(name, query, frozenset(found))


# Facts that an ordinary query must find: AND, OR, NOT, phrases, prefixes, exact case.
PLAIN_QUERIES = (
    _truth("torkham", "Torkham", "000", "001", "002", "003"),
    _truth("torkham and closed", '"Torkham" AND (closed OR closure* OR shut*)', "000", "001", "002", "003"),
    _truth("kabul in the title", "title:Kabul", "000", "001", "002", "003"),
    _truth("plain NOT reopen loses 000", '"Torkham" AND closed NOT reopen*', "001", "002"),
    _truth("border crossing, as a phrase", '"border crossing"', "000", "001", "002", "003"),
    _truth("cpec, as an acronym", "=CPEC", "003"),
    _truth("aqap is only in a rail", "=AQAP"),
    _truth("isis-k is only in a rail", '"ISIS-K" OR "ISIS K"'),
    _truth("imran khan is only in the appended article", '"Imran Khan"'),
    _truth("medical report is only in the appended article", '"medical report"'),
    _truth("adiala is only in the appended article", "Adiala"),
    _truth("pims is only in the appended article", "=PIMS"),
    _truth("medical alone is legitimate", "medical", "000", "001"),
    _truth("ttp, as an acronym", "=TTP", "001", "002", "003", "004"),
    _truth("mohammad sadiq", '"Mohammad Sadiq"', "003"),
    _truth("the mayor of london is nowhere", '"Sadiq Khan" AND (London OR mayor)'),
    _truth("bilawal is in the story itself", '"Bilawal Bhutto-Zardari"', "002"),
)

# Facts that need words beside words.
NEAR_QUERIES = (
    _truth("closed in a sentence with torkham", "SENTENCE(Torkham AND closed)", "000", "001", "002", "003"),
    _truth("traded fire near border guards", '"traded fire" NEAR/5 "border guards"', "000"),
    _truth("trucks near six thousand", "6,000 NEAR/5 truck*", "000"),
    _truth(
        "closed now, with the family written out",
        "(closed OR closure* OR closes OR shut*) ONEAR/5 Torkham",
        *("000", "001", "002"),
    ),
    _truth("reopened, with the family written out", "(after ONEAR/2 reopen*) NEAR/5 Torkham", "003"),
)

# Facts that need the word family of "close": the queries of the ground truth, letter by letter.
FAMILY_QUERIES = (
    _truth("torkham plus close", '"Torkham" AND (~close OR shut*)', "000", "001", "002", "003"),
    _truth("closed now", "(~close OR shut*) ONEAR/5 Torkham", "000", "001", "002"),
    _truth("reopened", "(after ONEAR/2 ~reopen) NEAR/5 Torkham", "003"),
    _truth("a sentence with close takes 003 too", "SENTENCE(Torkham AND ~close)", "000", "001", "002", "003"),
)

# Who is named in which main text, by the ids of the shipped entity files.
ENTITIES = {
    "torkham": frozenset({"000", "001", "002", "003"}),
    "khawaja_asif": frozenset({"000", "001", "002", "004"}),
    "ttp": frozenset({"001", "002", "003", "004"}),
    "zabihullah_mujahid": frozenset({"001", "002", "004"}),
    "sadiq_khan_envoy": frozenset({"003"}),
    "sadiq_khan_mayor": frozenset(),
    "imran_khan": frozenset(),
    "pti": frozenset(),
    "cpec": frozenset({"003"}),
    "aqap": frozenset(),
    "isis_k": frozenset(),
}

# What the shipped rules must say. 000 tells that both crossings were closed in the past: nothing may report
# Chaman as closed now.
SHIPPED_RULES = {
    "torkham-closed": frozenset({"000", "001", "002"}),
    "torkham-reopened": frozenset({"003"}),
    "chaman-closed": frozenset(),
    "chaman-reopened": frozenset(),
    "kharlachi-closed": frozenset(),
    "khawaja-asif": frozenset({"000", "001", "002", "004"}),
    "ttp": frozenset({"001", "002", "003", "004"}),
    "khorasan-al-qaeda": frozenset(),
    "cpec": frozenset({"003"}),
}


SAME_EVENT = (frozenset({"000", "001", "002"}), frozenset({"003"}), frozenset({"004"}))


def document(key: str) -> str:
    """The whole document as it was saved. Raises FileNotFoundError outside a checkout."""
    folder = files("monitor.demo").joinpath("samples")
    name = next(name for name in HASHES if name.startswith(key))
    return folder.joinpath(name).read_bytes().decode("utf-8")


def main_text(key: str) -> str:
    """The story itself, as a careful reader would cut it out; paragraphs keep their line breaks.

    000 ends before the author box; 002 begins after caption, furniture and the second headline (its bullets
    stay) and ends before the appended article. The doubled headline of 000 and the headlines of 001 and 002
    are titles, not text.
    """
    text = document(key)
    if key == "000":
        text = text[: text.index("\nNews Desk\n")]
        text = text.removeprefix(TITLES[key]).lstrip().removeprefix(TITLES[key])
    elif key == "001":
        text = text.removeprefix(TITLES[key])
    elif key == "002":
        text = text[text.index("\nFollow\n") + len("\nFollow\n") : text.index("\nGovernment says Imran Khan’s")]
        text = text.lstrip().removeprefix(TITLES[key])
    return text.strip() + "\n"


def words(text: str) -> list[str]:
    """The words of a text in order, case folded: what comparisons of texts count."""
    return re.findall(r"\w+", text.casefold())


def one_line(text: str) -> str:
    """A text with every run of white space as one space: for looking up sentences."""
    return " ".join(text.split())
