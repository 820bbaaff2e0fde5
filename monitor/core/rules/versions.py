"""What a query means, as a hash: rules of equal meaning match alike, whatever else changed around them.

A query means its text and all it refers to: the queries of its `$terms` and theirs; for an `@entity` its
spellings, its `need` and `not`, and the spellings of its rivals, the other entities whose longer names may hide
its own. An entity that has nothing to do with it changes nothing. A query with `person:`, `org:` or `place:` asks
for whoever is of that kind, so it means all entities; one with `~` means all word families, for what one lists no
other reaches by its stem.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from hashlib import blake2b

from monitor.core.names import NAMES_VERSION
from monitor.core.names.sounds import heard, skeletons
from monitor.core.rules.entries import RawEntity
from monitor.core.rules.nodes import Words
from monitor.core.text.families import Families
from monitor.model.rule import Entity

# What looks like a reference and is none (it stands in quotes, say) makes a meaning that changes too often.
_REFERENCE = re.compile(r"[@$][A-Za-z0-9_-]+")
_KIND = re.compile(r"(?:person|org|place):")
_EVERYTHING = "*"
_FAMILIES = "~"

_LATIN = re.compile(r"[a-z']+")


class Meanings:
    """The meanings of queries among these entities and terms."""

    def __init__(self, entities: Mapping[str, RawEntity], terms: Mapping[str, str], families: Families) -> None:
        self._said = {f"${name}": query for name, query in terms.items()}
        self._refers = {sign: _references(query) for sign, query in self._said.items()}
        self._said[_FAMILIES], self._refers[_FAMILIES] = families.version, frozenset()
        rivals = Rivals(entities)
        # As hashes: of thousands of persons each has hundreds of rivals, whose spellings would take gigabytes.
        spelled = {name: _digest_of(_spelled(raw.entity)) for name, raw in entities.items()}
        for name, raw in entities.items():
            one = raw.entity
            others = [spelled[rival] for rival in sorted(rivals.of(name))]
            self._said[f"@{name}"] = _digest_of([spelled[name], one.type, one.need, one.banned, others])
            self._refers[f"@{name}"] = _references(f"{one.need} {one.banned}")
        self._known: dict[frozenset[str], str] = {}

    def of(self, query: str) -> str:
        """The meaning of a query: 32 hexadecimal digits."""
        return _digest(f"{query}\0{self._names(_references(query))}")

    @cached_property
    def of_all(self) -> str:
        """What all names together mean."""
        return self._names(frozenset((_EVERYTHING,)))

    def _names(self, names: frozenset[str]) -> str:
        if not names:
            return ""
        if names not in self._known:
            reached = sorted(self._reached(names))
            self._known[names] = _digest("\0".join(f"{name}\0{self._said[name]}" for name in reached))
        return self._known[names]

    def _reached(self, names: frozenset[str]) -> set[str]:
        """All that the names refer to, themselves included; one that is unknown means nothing."""
        reached: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name == _EVERYTHING:
                return set(self._said)
            if name in self._said and name not in reached:
                reached.add(name)
                waiting += self._refers[name]
        return reached


class Rivals:
    """Which entities' names may hide those of another: one of their spellings holds all words of one of its own.

    Found by words, not by places: there may be too many, never too few. Where a spelling counts in its variants,
    one word that may sound alike is enough; of a person's name a part may be hidden, so the first or last word is.
    """

    def __init__(self, entities: Mapping[str, RawEntity]) -> None:
        self._entities = entities
        self._holding: dict[str, set[str]] = {}  # word → the entities with a spelling that holds it
        self._sounding: dict[str, set[str]] = {}
        self._varied: dict[str, set[str]] = {}  # the same of those whose names count in variants
        for name, raw in entities.items():
            for word in _words(raw):
                self._holding.setdefault(word, set()).add(name)
                for sound in _sounds(word):
                    self._sounding.setdefault(sound, set()).add(name)
                    if raw.entity.variants:
                        self._varied.setdefault(sound, set()).add(name)

    def of(self, name: str) -> set[str]:
        """The rivals of an entity."""
        raw = self._entities[name]
        found: set[str] = set()
        for pieces in _spellings(raw):
            holding = [self._any(self._holding, words) for words in pieces]
            found |= set.intersection(*holding)
            if raw.entity.type == "person":
                found |= holding[0] | holding[-1]
        sounds = {sound for word in _words(raw) for sound in _sounds(word)}
        found |= self._any(self._sounding if raw.entity.variants else self._varied, sounds)
        return found - {name}

    @staticmethod
    def _any(table: Mapping[str, set[str]], words: set[str]) -> set[str]:
        return set().union(*(table.get(word, ()) for word in words))


def _spellings(raw: RawEntity) -> Iterator[list[set[str]]]:
    """Each spelling as its pieces, each as the words one of which stands wherever it is found."""
    for node in raw.spellings:
        pieces = node.pieces if isinstance(node, Words) else (node.piece,)
        yield [{*piece.parts, *([piece.joined] if piece.joined else [])} for piece in pieces]


def _words(raw: RawEntity) -> set[str]:
    return {word for pieces in _spellings(raw) for words in pieces for word in words}


def _sounds(word: str) -> set[str]:
    """What the names method may take a Latin word for; another word is itself."""
    return skeletons(heard(word)[0]) if _LATIN.fullmatch(word) else {word}


def _references(query: str) -> frozenset[str]:
    names = frozenset(_REFERENCE.findall(query)) if "@" in query or "$" in query else frozenset[str]()
    names |= {_FAMILIES} if _FAMILIES in query else frozenset()
    return names | {_EVERYTHING} if ":" in query and _KIND.search(query) else names


def _spelled(entity: Entity) -> list[object]:
    said = [entity.name, entity.aliases, entity.acronyms, entity.variants]
    return [*said, NAMES_VERSION] if entity.variants or entity.type == "person" else said


def _digest_of(said: list[object]) -> str:
    return _digest(json.dumps(said, ensure_ascii=False))


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
