"""Required terms: what every document that a query can match holds. A document with all of it is a candidate.

A tree over searchable forms (`core.text.terms`). It asks for less than the query does, never for more.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A form that must be there."""

    term: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a form that must be there."""

    start: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Everything below; never empty."""

    parts: tuple[Required, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of what is below; with nothing below no document will do (an entity without spellings)."""

    parts: tuple[Required, ...]


Required = Word | Prefix | AllOf | AnyOf
