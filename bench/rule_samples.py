"""Documents and rules for bench/rules.py: invented, the same on every run, as many as one asks for.

A document is a news report of WORDS words: sentences of a vocabulary whose frequencies follow Zipf's law, with
people, places and organisations that come back within one report, numbers, quotations, hyphens and paragraphs;
every fourth sentence comes from our own invented stories. A rule watches mostly a name, seldom a topic, in every
shape that the language has. Nothing is taken from any press text.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from monitor.core.text.sentences import sentences
from monitor.demo.stories import own_stories
from monitor.model.article import Document

WORDS = 577  # the length the rules design was measured with
TITLE = 9
LANGUAGES = ("en", "en", "en", "en", "ur", "ps", "fa")
PUBLISHERS = tuple(
    f"Invented {name}" for name in ("Herald", "Post", "Times", "Wire", "Gazette", "Courier", "Mail")
)
TAGS = ("world", "border", "business", "sport", "politics")

_FUNCTION = """
the of and to in a that for on was with as by at is from it has were be an said are this which have not
but had who its they been after also their will two over more his would when there one up out about new
last other into
""".split()  # noqa: SIM905  # a table of words
_STEMS = """
government minister country police people official report attack security group border talk meeting force
market company trade leader president court school water house power price election bank worker village
road army party oil hospital letter fire state city region council judge teacher farmer driver doctor
soldier guard agree ask build call carry change claim close cross decide deliver demand deny detain elect
end expect export fall fight follow gather halt help hold import invest join kill launch lift load lose
march meet move open order pass pay plan press produce protest push reach record refuse release remain
repair resign return sell send shut sign stop strike suspend train travel visit vote wait walk warn watch
win work bomb crash flood truck rocket ship flight wheat cotton onion cement harvest budget tax loan
currency sanction treaty customs permit visa refugee camp pipeline dam bridge tunnel railway airport
harbour storm drought quake virus vaccine clinic ceasefire truce
""".split()  # noqa: SIM905  # a table of words
_ENDINGS = ("", "s", "ed", "ing", "er", "ers", "ment", "al", "ism", "ist", "ive", "ness", "able", "ation", "ity")
_BEGINNINGS = ("", "re", "un", "over", "inter", "counter", "sub", "out", "anti", "trans", "super", "non")
_ONSETS = "b d f g h j k l m n p r s t v w z sh ch kh gh br dr gr kr st tr".split()  # noqa: SIM905
_NUCLEI = "a a a e i o u ai ee ou".split()  # noqa: SIM905
_CODAS = ["", "", "n", "r", "l", "m", "d", "t", "k", "sh", "nd", "rd"]


@dataclass(frozen=True, slots=True)
class _Zipf:
    """Draws a rank: the chance of rank r is that of 1 / (r + shift) ** slope."""

    sums: Sequence[float]

    @classmethod
    def over(cls, size: int, slope: float, shift: float = 2.7) -> _Zipf:
        return cls(list(accumulate((rank + shift) ** -slope for rank in range(1, size + 1))))

    def draw(self, dice: random.Random) -> int:
        return bisect(self.sums, dice.random() * self.sums[-1])


class World:
    """The words and names that documents and rules share."""

    def __init__(self, seed: int = 35) -> None:
        dice = random.Random(seed)
        self.words = _words(dice)
        self.firsts = _names(dice, 600, 2)
        self.lasts = _names(dice, 40_000, 3)
        self.people = [(dice.choice(self.firsts), last) for last in self.lasts]
        self.places = _names(dice, 8_000, 2)
        kinds = (
            "Holdings",
            "Foundation",
            "Movement",
            "Council",
            "Airlines",
            "Front",
            "Bank",
            "Union",
            "Institute",
        )
        self.groups = [f"{last} {dice.choice(kinds)}" for last in _names(dice, 8_000, 2)]
        self.acronyms = sorted({"".join(dice.choices("ABCDEFGHIKLMNOPRSTUW", k=4)) for _ in range(3_000)})
        dice.shuffle(self.acronyms)
        self.general = _Zipf.over(len(self.words), 1.0)
        # What is written about is drawn steeply, what is watched almost evenly: most rules wait for a rare name.
        self.named = {size: _Zipf.over(size, 0.9, 30) for size in (40_000, 8_000, len(self.acronyms))}
        self.watched = {size: _Zipf.over(size, 0.35, 30) for size in self.named}


def _words(dice: random.Random) -> list[str]:
    """Words by rank; those that rules ask for are spread over the first thousands, as topics are in the news."""
    every = [b + stem + e for b in _BEGINNINGS for e in _ENDINGS for stem in _STEMS]
    common, rare = every[: 2 * len(_STEMS)], every[2 * len(_STEMS) :]
    dice.shuffle(rare)
    first = common + rare[: 12 * len(_STEMS)]
    dice.shuffle(first)
    return list(dict.fromkeys(first + rare))


def _names(dice: random.Random, size: int, syllables: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < size:
        parts = (dice.choice(_ONSETS) + dice.choice(_NUCLEI) + dice.choice(_CODAS) for _ in range(syllables))
        found["".join(parts).capitalize()] = None
    return list(found)


def documents(world: World, count: int, seed: int = 7) -> list[Document]:
    """Reports of TITLE words of title and WORDS - TITLE words of body."""
    dice = random.Random(seed)
    ours = [" ".join(story.body[a:b].split()) for story in own_stories() for a, b in sentences(story.body)]
    return [_document(world, dice, ours, number) for number in range(count)]


def _document(world: World, dice: random.Random, ours: Sequence[str], number: int) -> Document:
    cast = [_name(world, dice) for _ in range(7)]
    paragraphs: list[str] = []
    left = WORDS - TITLE
    while left > 0:
        paragraph: list[str] = []
        for _ in range(dice.randint(1, 4)):
            made = dice.choice(ours).split() if dice.random() < 0.25 else _sentence(world, dice, cast)
            paragraph += made[:left]
            left -= len(made[:left])
        if paragraph:
            paragraphs.append(" ".join(paragraph))
    title = " ".join(word.capitalize() for word in _sentence(world, dice, cast)[:TITLE])
    if number % 20 == 0:
        paragraphs.append(f"See https://example.org/{number}")
    return Document(
        id=str(number),
        title=title,
        body="\n\n".join(paragraphs),
        publisher=dice.choice(PUBLISHERS),
        language=dice.choice(LANGUAGES),
        feed=f"feed {number % 300}",
        tags=(dice.choice(TAGS),),
    )


def _name(world: World, dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.45:
        return " ".join(world.people[world.named[40_000].draw(dice)])
    if kind < 0.7:
        return world.places[world.named[8_000].draw(dice)]
    if kind < 0.9:
        return world.groups[world.named[8_000].draw(dice)]
    return world.acronyms[world.named[len(world.acronyms)].draw(dice)]


def _sentence(world: World, dice: random.Random, cast: Sequence[str]) -> list[str]:
    made: list[str] = []
    for _ in range(dice.randint(8, 26)):
        kind = dice.random()
        if kind < 0.38:
            made.append(dice.choice(_FUNCTION))
        elif kind < 0.43:
            name = dice.choice(cast)
            # named in full at first, by the last word later
            made += (name if dice.random() < 0.5 else name.split()[-1]).split()
        elif kind < 0.45:
            made.append(
                f"{dice.randint(2, 9)},{dice.randint(0, 999):03}" if kind < 0.44 else str(dice.randint(2, 99))
            )
        elif kind < 0.455:
            made.append(f"{dice.choice(_STEMS)}-{dice.choice(_STEMS)}")
        elif kind < 0.46:
            made.append(f"{dice.choice(_STEMS)}’s")
        else:
            made.append(world.words[world.general.draw(dice)])
    made[0] = made[0].capitalize()
    if dice.random() < 0.15:
        made[-1] += ","
        made += ["“" + dice.choice(_FUNCTION), dice.choice(_STEMS) + "”"]
    made[-1] += "."
    return made


def rule_files(world: World, count: int, seed: int = 11, per_file: int = 2_000) -> Iterator[str]:
    """Rule files of `count` rules in all; the first holds the terms and the entities, one for every ten rules."""
    dice = random.Random(seed)
    known = max(5, count // 10)
    yield _names_file(world, dice, known)
    queries = [_query(world, dice, known) for _ in range(count)]
    for first in range(0, count, per_file):
        made = enumerate(queries[first : first + per_file], first)
        yield "".join(f"[[rules]]\nid = 'rule-{number}'\nquery = '''{query}'''\n" for number, query in made)


def _names_file(world: World, dice: random.Random, known: int) -> str:
    lines = []
    for number in range(known):
        kind = number % 3
        if kind == 0:
            first, last = world.people[_watched(world, dice, 40_000)]
            lines.append(
                f"[entities.e{number}]\nname = '{first} {last}'\ntype = 'person'\naliases = ['{last} {first}']"
            )
        elif kind == 1:
            name = world.groups[_watched(world, dice, 8_000)]
            acronym = dice.choice(world.acronyms)
            lines.append(f"[entities.e{number}]\nname = '{name}'\ntype = 'org'\nacronyms = ['{acronym}']")
        else:
            name = world.places[_watched(world, dice, 8_000)]
            lines.append(f"[entities.e{number}]\nname = '{name}'\ntype = 'place'\naliases = ['{name}abad']")
    for number in range(30):
        words = " OR ".join(dice.sample(_STEMS, 4))
        lines.append(f"[terms.t{number}]\nquery = '{words} OR {dice.choice(_STEMS)}*'")
    return "\n".join(lines)


def _watched(world: World, dice: random.Random, size: int) -> int:
    return world.watched[size].draw(dice)


def _query(world: World, dice: random.Random, known: int) -> str:
    """One query; the shapes and their shares are those of a desk that watches names."""
    first, last = world.people[_watched(world, dice, 40_000)]
    place = world.places[_watched(world, dice, 8_000)]
    group = world.groups[_watched(world, dice, 8_000)]
    acronym = world.acronyms[_watched(world, dice, len(world.acronyms))]
    entity = f"@e{dice.randrange(known)}"
    term = f"$t{dice.randrange(30)}"
    a, b, c, d = (dice.choice(_STEMS) for _ in range(4))
    rare = world.words[dice.randrange(600, len(world.words))]
    shapes = (
        (12, f'"{place}" AND (~{a} OR {b} OR {c}* OR {d})'),
        (12, f'"{first} {last}"'),
        (8, f"{entity} AND title:({a} OR {b}*)"),
        (8, f"{entity} NEAR/15 ({a}* OR ~{b} OR {c}*)"),
        (6, f'{entity} AND NOT ({a} OR "{b} {c}")'),
        (8, f'({place} OR {last}) NEAR/5 ({group.split()[0]} OR "{group}")'),
        (6, f"={acronym} OR (\"{group}\" ONEAR/2 {a})"),
        (5, f'title:"{place} {a}" OR ({last} AND language:en AND {b})'),
        (6, f'("{a} {b}" OR "{a} {c}") OR (~{d} NEAR/10 ("{b} {place}" OR {rare}))'),
        (3, f"{dice.randint(2, 9)},{dice.randint(0, 999):03} NEAR/5 {a}*"),
        (8, f"SENTENCE({entity} AND {term})"),
        (4, f"({a} OR {b}) NOT NEAR/3 ({c} OR {d}*) AND {place}"),
        (4, f"{rare} AND {last}"),
        (4, f"{last} AND {term} AND NOT {b}"),
        (2, f"~{a} AND ~{b} AND {rare}*"),
        (2, f"{place} ONEAR/8 {last}"),
        (2, f"{a} AND {b} AND {c} AND {d}"),
    )  # fmt: skip
    return dice.choices([query for _, query in shapes], [weight for weight, _ in shapes])[0]
