"""Who is named where in one document: the entities of the rule files, and the names a recogniser labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from enum import Enum, auto
from functools import cached_property
from typing import Literal, NamedTuple

from monitor.core.names import FullName, part_names
from monitor.core.rules.errors import QueryInvalid
from monitor.core.rules.finds import Finds
from monitor.core.rules.lexicon import Alias, Lexicon
from monitor.core.rules.neighbours import shown
from monitor.core.rules.nodes import Node
from monitor.core.rules.pieces import spelling_node
from monitor.core.rules.reading import Hit, Reading, Scope


class _Named(NamedTuple):
    """A name in the text and whose it is."""

    hit: Hit
    owner: str


class Way(Enum):
    """How a name that no alias lists letter by letter was found."""

    VARIANT = auto()
    PART = auto()


class Naming:
    """Names in one reading; `holds` answers the `need` and `not` of entities on the whole article."""

    def __init__(self, reading: Reading, finds: Finds, lexicon: Lexicon, holds: Callable[[Node], bool]) -> None:
        self._reading = reading
        self._finds = finds
        self._lexicon = lexicon
        self._holds = holds
        self._out_of_context: dict[str, Literal["", "need", "not"]] = {}
        self._ways: dict[_Named, tuple[Way, str]] = {}

    @property
    def named(self) -> Set[str]:
        """The entities whose spellings stand in the text, whether their contexts hold or not."""
        return self._entities.keys()

    def entity(self, id: str) -> list[Hit]:  # noqa: A002  # the word of the rule files
        """Where an entity is named, in order. Inside a longer name of another entity it is not."""
        found = self._entities.get(id, [])
        return found if found and self.in_context(id) else []

    def written(self, id: str) -> list[Hit]:  # noqa: A002
        """Where an entity's spellings stand, whether its context holds or not."""
        return self._entities.get(id, [])

    def way(self, id: str, hit: Hit) -> tuple[Way, str] | None:  # noqa: A002
        """How a hit of an entity was found, with the name that it is a variant or a part of; None for an alias."""
        return self._ways.get(_Named(hit, id)) if self._entities else None

    def in_context(self, id: str) -> bool:  # noqa: A002
        """Whether the article is one that may name the entity: its `need` holds, its `not` does not."""
        return not self.out_of_context(id)

    def out_of_context(self, id: str) -> Literal["", "need", "not"]:  # noqa: A002
        """The key of the entity that keeps the article from naming it; "" where none does."""
        if id not in self._out_of_context:
            context = self._lexicon.contexts.get(id)
            key: Literal["", "need", "not"] = ""
            if context is not None and context.need is not None and not self._holds(context.need):
                key = "need"
            elif context is not None and context.banned is not None and self._holds(context.banned):
                key = "not"
            self._out_of_context[id] = key
        return self._out_of_context[id]

    def labelled(self, kind: str) -> list[Scope]:
        """Stretches that name a person, an org or a place, in order."""
        return self._labelled.get(kind, [])

    @cached_property
    def _entities(self) -> dict[str, list[Hit]]:
        named: set[_Named] = set()
        reading, lexicon = self._reading, self._lexicon
        for first in lexicon.by_first_word.keys() & reading.forms:
            named.update(self._hits(lexicon.by_first_word[first]))
        # One look tells most articles from those in which one of few names can be.
        named_at_all = not lexicon.by_first_pair.keys().isdisjoint(reading.forms)
        # A text may repeat a pair by thousands: its aliases are looked for once.
        beginning = {
            id(aliases): aliases
            for field in (reading.fields.values() if named_at_all else ())
            for aliases in shown(field.analysed, reading.unusual(field.analysed), lexicon.by_first_pair)
        }
        for aliases in beginning.values():
            named.update(self._hits(aliases))
        named.update(self._variants(named))
        full = longest(named)
        found: dict[str, list[Hit]] = {}
        for hit, entity in [*full, *self._parts(full)]:
            found.setdefault(entity, []).append(hit)
        return {entity: sorted(hits) for entity, hits in found.items()}

    def _variants(self, listed: set[_Named]) -> Iterator[_Named]:
        """Names in spellings that no alias lists, of entities with `variants`."""
        if self._lexicon.variants.is_empty:
            return
        for find in self._lexicon.variants.find(self._reading.names):
            one = _Named(Hit(find.start, find.end), find.entity)
            if one not in listed:
                self._ways[one] = (Way.VARIANT, find.name)
                yield one

    def _parts(self, full: list[_Named]) -> Iterator[_Named]:
        """Parts of the names of persons, where they stand for the whole."""
        entities = self._lexicon.entities
        if not any(entities[one.owner].type == "person" for one in full):
            return
        names = [
            FullName(owner, hit.start, hit.end, self._full_name(owner, hit), entities[owner].type == "person")
            for hit, owner in full
        ]
        for find in part_names(names, self._reading.names, self._reading.field("body").start):
            one = _Named(Hit(find.start, find.end), find.entity)
            self._ways[one] = (Way.PART, find.name)
            yield one

    def _full_name(self, owner: str, hit: Hit) -> str:
        way = self._ways.get(_Named(hit, owner))
        return way[1] if way else self._reading.span(hit.start, hit.end).text

    def _hits(self, aliases: Iterable[Alias]) -> Iterator[_Named]:
        for alias in aliases:
            for hit in self._finds.of(alias.node):
                yield _Named(hit, alias.entity)

    @cached_property
    def _labelled(self) -> dict[str, list[Scope]]:
        # A recogniser says which names it saw and not where: each is looked for in the text, and inside a longer
        # name of another kind it is not that name (place "Jordan" inside person "Michael Jordan").
        named = {
            _Named(hit, entity.type)
            for entity in map(self._lexicon.entities.__getitem__, self._entities)
            if self.in_context(entity.id)
            for hit in self._entities[entity.id]
        }
        for mention in self._reading.document.names:
            named.update(_Named(hit, mention.type) for hit in self._phrase(mention.name))
        found: dict[str, list[Scope]] = {}
        for hit, kind in longest(named):
            found.setdefault(kind, []).append(Scope(hit.start, hit.end))
        return found

    def _phrase(self, name: str) -> list[Hit]:
        try:
            return self._finds.of(spelling_node(name))
        except QueryInvalid:  # a name without a word
            return []


def longest(named: Iterable[_Named]) -> list[_Named]:
    """Without the names that lie inside a longer name of another owner, in order."""
    kept: list[_Named] = []
    reach: list[tuple[int, int, str]] = []  # (end, length, owner) of names that may still cover others
    for one in sorted(named, key=lambda one: (one.hit.start, -one.hit.end, one.owner)):
        hit, owner = one
        reach = [other for other in reach if other[0] > hit.start]
        covered = any(
            end >= hit.end and length > hit.end - hit.start and other != owner for end, length, other in reach
        )
        if not covered:
            kept.append(one)
            reach.append((hit.end, hit.end - hit.start, owner))
    return kept
