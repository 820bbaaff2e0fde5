"""What the names in a query stand for: `@entity` and `$term`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from monitor.core.names import VariantIndex
from monitor.core.rules.nodes import Exact, Node, Words
from monitor.core.rules.vocabulary import Vocabulary
from monitor.core.text.families import Families, shipped_families
from monitor.model.rule import Entity


@dataclass(frozen=True, slots=True)
class Term:
    """A reusable part of queries."""

    name: str
    query: str
    node: Node


@dataclass(frozen=True, slots=True)
class Alias:
    """One spelling of an entity; acronyms count in exact case only."""

    entity: str
    node: Words | Exact

    @property
    def first_terms(self) -> tuple[str, ...]:
        """A text without any of these words does not hold the alias."""
        piece = self.node.pieces[0] if isinstance(self.node, Words) else self.node.piece
        return (piece.parts[0],) if piece.joined is None else (piece.parts[0], piece.joined)

    @property
    def second_term(self) -> str:
        """The word that stands right behind the first one wherever the alias is found; "" where several may."""
        pieces = self.node.pieces if isinstance(self.node, Words) else (self.node.piece,)
        if any(piece.joined is not None or piece.prefix or piece.family for piece in pieces[:2]):
            return ""
        parts = [part for piece in pieces[:2] for part in piece.parts]
        return parts[1] if len(parts) > 1 else ""


@dataclass(frozen=True, slots=True)
class Context:
    """What must hold, and what must not, in an article that names an entity."""

    need: Node | None = None
    banned: Node | None = None


@dataclass(frozen=True)
class Lexicon:
    """All entities and terms of a rule set; `by_first_term` finds the aliases worth looking for."""

    entities: Mapping[str, Entity]
    terms: Mapping[str, Term]
    by_first_term: Mapping[str, tuple[Alias, ...]] = field(default_factory=dict)
    contexts: Mapping[str, Context] = field(default_factory=dict)
    own_families: Families | None = None
    known_vocabulary: Vocabulary | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        entities: Mapping[str, Entity],
        terms: Mapping[str, Term],
        aliases: Iterable[Alias],
        contexts: Mapping[str, Context] | None = None,
        families: Families | None = None,
        after: Lexicon | None = None,
    ) -> Lexicon:
        """A lexicon with its aliases sorted by first word.

        With the very families of the one `after` which it comes it goes on with what was worked out of them.
        """
        table: dict[str, list[Alias]] = {}
        for alias in aliases:
            for term in alias.first_terms:
                table.setdefault(term, []).append(alias)
        by_first_term = {term: tuple(found) for term, found in table.items()}
        known = after.vocabulary if after is not None and families is after.own_families else None
        return cls(entities, terms, by_first_term, contexts or {}, families, known)

    @property
    def families(self) -> Families:
        """What `~word` reaches. The families that ship are read when the first one is asked for."""
        return self.own_families or shipped_families()

    @cached_property
    def variants(self) -> VariantIndex:
        """Finds the name and the aliases of each entity with `variants` in other spellings too."""
        return VariantIndex.of(
            (name, spelling.source)
            for name, entity in self.entities.items()
            if entity.variants
            for spelling in self.spellings.get(name, ())
            if isinstance(spelling, Words)
        )

    @cached_property
    def by_first_pair(self) -> Mapping[str, Mapping[str, tuple[Alias, ...]]]:
        """Spellings that begin with two certain words, by these."""
        found: dict[str, dict[str, tuple[Alias, ...]]] = {}
        for first, aliases in self.by_first_term.items():
            for alias in aliases:
                if alias.second_term:
                    seconds = found.setdefault(first, {})
                    seconds[alias.second_term] = (*seconds.get(alias.second_term, ()), alias)
        return found

    @cached_property
    def by_first_word(self) -> Mapping[str, tuple[Alias, ...]]:
        """The other spellings by their first word."""
        every = (
            (first, tuple(alias for alias in aliases if not alias.second_term))
            for first, aliases in self.by_first_term.items()
        )
        return {first: aliases for first, aliases in every if aliases}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of texts by their families."""
        return self.known_vocabulary or Vocabulary(self.families)

    @cached_property
    def spellings(self) -> Mapping[str, tuple[Words | Exact, ...]]:
        """What finds each entity, by its id."""
        found: dict[str, dict[Words | Exact, None]] = {}
        for aliases in self.by_first_term.values():
            for alias in aliases:
                found.setdefault(alias.entity, {})[alias.node] = None
        return {entity: tuple(nodes) for entity, nodes in found.items()}
