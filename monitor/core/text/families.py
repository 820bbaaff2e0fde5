"""Word families: what `~word` looks for besides the word itself.

A family is a head with its words ("close": closes, closed, closure). Words that no family lists are compared by
their stem. A query and a word of a text agree when they share a key:

| key | stands for |
|---|---|
| `=close` | the family of that head |
| `~closur` | a stem |
| `-close` | a stem of look-alikes: of words that some family says are not its own ("closely") |
| `!بند` | the word itself, and no other |

A listed word answers to its families only, so that "reopened" is no form of "open" and "policy" none of "police",
whatever their stems. The families of a query are that of the head, or all that list the word; it also looks for
the stems of their words, so that forms nobody listed are reached ("reclosures").
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import blake2b
from importlib.resources import files

from monitor.core.text.normalize import american
from monitor.core.text.stems import STEMMER_VERSION, has_stemmer, stem


@dataclass(frozen=True, slots=True)
class Family:
    """A head and the words that belong to it; `unlike` are words that only look like them ("closely").

    All are normalised, and American where the spelling table knows a twin.
    """

    head: str
    words: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()

    @property
    def members(self) -> tuple[str, ...]:
        """The head, then its words."""
        return (self.head, *self.words)


@dataclass(frozen=True, slots=True)
class FamilyChange:
    """What a user adds to the family of a head, or puts in its place: `replace`."""

    words: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    replace: bool = False


class Families:
    """An immutable table of word families; terms are normalised and American (`normalize`, `american`)."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = {family.head: family for family in families}
        listed: dict[str, list[str]] = {}
        for family in self._families.values():
            for member in family.members:
                listed.setdefault(member, []).append(family.head)
        self._heads = {term: tuple(dict.fromkeys(heads)) for term, heads in listed.items()}
        self._keys = {term: tuple(f"={head}" for head in heads) for term, heads in self._heads.items()}
        self._look_alike = frozenset(self._look_alikes())

    def _look_alikes(self) -> Iterator[str]:
        """Words of `unlike` that the family's stems would reach; those that they miss keep their own stem."""
        for family in self._families.values():
            if family.unlike:
                stems = {stem(member) for member in family.members if has_stemmer(member)}
                for term in family.unlike:
                    if term not in self._heads and has_stemmer(term) and stem(term) in stems:
                        yield term

    def __iter__(self) -> Iterator[Family]:
        return iter(self._families.values())

    def __len__(self) -> int:
        return len(self._families)

    def keys_of_text(self, term: str) -> tuple[str, ...]:
        """What a word of a text answers to; never empty."""
        return self._keys.get(term) or (self._key_of_unlisted(term),)

    def _key_of_unlisted(self, term: str) -> str:
        if not has_stemmer(term):
            return f"!{term}"
        return f"{'-' if term in self._look_alike else '~'}{stem(term)}"

    def keys_of_query(self, term: str) -> frozenset[str]:
        """What `~term` looks for: families, stems, and always the very word (`!term`)."""
        found = {f"!{term}"}
        for family in self.of(term):
            found.add(f"={family.head}")
            found.update(f"~{stem(member)}" for member in family.members if has_stemmer(member))
        if term not in self._heads:
            # What ~close reaches by its stem reaches the family in turn: ~reclosures is for "closure" too.
            found.add(self._key_of_unlisted(term))
            found.update(f"={family.head}" for family in self.near(term))
        return frozenset(found)

    def of(self, term: str) -> tuple[Family, ...]:
        """The families `~term` looks for: its own if it is a head, else all that list it; none if unlisted."""
        if term in self._families:
            return (self._families[term],)
        return tuple(self._families[head] for head in self._heads.get(term, ()))

    def near(self, term: str) -> tuple[Family, ...]:
        """The families that an unlisted word reaches by its stem; none for a look-alike."""
        if term in self._heads or term in self._look_alike or not has_stemmer(term):
            return ()
        return tuple(self._families[head] for head in self._heads_by_stem.get(stem(term), ()))

    def is_exact(self, term: str) -> bool:
        """Whether `~term` finds nothing but the very word: no family lists it and its script has no stemmer."""
        return term not in self._heads and not has_stemmer(term)

    def beginning_with(self, start: str) -> Sequence[str]:
        """The listed words that begin so, sorted."""
        first = bisect_left(self._sorted, start)
        return self._sorted[first : bisect_left(self._sorted, f"{start}\U0010ffff")]

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._heads)

    @cached_property
    def _heads_by_stem(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for term, heads in self._heads.items():
            if has_stemmer(term):
                found.setdefault(stem(term), {}).update(dict.fromkeys(heads))
        return {known: tuple(heads) for known, heads in found.items()}

    @cached_property
    def version(self) -> str:
        """Changes when the table or the stemmer does: part of what decides whether a rule matches."""
        digest = blake2b(STEMMER_VERSION.encode(), digest_size=4)
        for head in sorted(self._families):
            family = self._families[head]
            line = (head, *sorted(family.words), "not", *sorted(family.unlike))
            digest.update("\n".join(line).encode() + b"\x00")
        return digest.hexdigest()

    def extended(self, listed: Mapping[str, FamilyChange]) -> Families:
        """The table with a user's families: words added to the head's family, look-alikes taken out of it.

        What the user says wins: a word listed is a look-alike nowhere, and a look-alike is no word of that family.
        """
        if not listed:
            return self
        families = dict(self._families)
        for head, change in listed.items():
            known = Family(head) if change.replace else families.get(head, Family(head))
            words = (word for word in dict.fromkeys((*known.words, *change.words)) if word != head)
            unlike = (word for word in (*known.unlike, *change.unlike) if word not in change.words)
            families[head] = Family(
                head,
                tuple(word for word in words if word not in change.unlike),
                tuple(dict.fromkeys(unlike)),
            )
        return Families(families.values())


def read_families(text: str) -> Iterator[Family]:
    """The families of a text in the format that the head of families.txt explains.

    The words stand there as `normalize` leaves them. Raises ValueError for a line that is no family.
    """
    entry = ""
    for line in (*text.splitlines(), "end"):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            entry += line
            continue
        if entry:
            yield _family(entry)
        entry = line


def _family(entry: str) -> Family:
    head, _, rest = entry.partition(":")
    head, no, unlike_head = head.partition(" not ")
    words, also_no, unlike = f" {rest} ".partition(" not ")
    if (no and also_no) or not head.strip().isalpha():
        raise ValueError(f"no family: {entry}")
    return Family(
        american(head.strip()),
        tuple(dict.fromkeys(map(american, words.split()))),
        tuple(map(american, (unlike_head or unlike).split())),
    )


@cache
def shipped_families() -> Families:
    """The families that come with the program, families.txt beside this file; read at the first call."""
    return Families(read_families(files(__package__).joinpath("families.txt").read_text("utf-8")))
