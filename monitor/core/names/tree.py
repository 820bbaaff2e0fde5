"""The tree of listed names: each edge one word, by its sounds; each name in every form that its words allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from monitor.core.names.particles import ARTICLES, PARTICLES, TITLES, is_mohammad
from monitor.core.names.sounds import ACCEPTED, MOHAMMAD, distance, heard, limit, skeleton, skeletons, sounds
from monitor.core.text.tokens import analyse

MOST_WORDS = 12
"""Words of one listed name; a longer one has no variants."""

_MORE = 20  # for all words of a name of three or more, beside what one may cost
_WHOLE_JOINED = 30  # a whole name written as one word; with more "American" were Amir Khan


class End(NamedTuple):
    """A listed name that is complete here."""

    entity: str
    name: str
    has_article: bool  # Al-Shabaab: an article stands before
    begins_with_mohammad: bool
    alone: str  # the sounds of a name of one word, else ""
    term: str  # that word
    most: int  # what all its words may cost together


@dataclass(slots=True)
class Node:
    """The words of some names up to here."""

    edges: dict[str, list[Edge]] = field(default_factory=dict)  # by skeleton
    ends: list[End] = field(default_factory=list)


@dataclass(slots=True)
class Edge:
    """One word more."""

    row: str
    limit: int
    is_joined: bool  # several words of the name
    node: Node


class _Part(NamedTuple):
    """One word of a form of a name, or several written together."""

    term: str
    is_joined: bool


def agreeing(node: Node, term: str, is_joined: bool = False) -> list[tuple[Node, int]]:
    """Where a word leads from here, and what it costs.

    Joined words agree with one word only: else Farid Khan were Farida Khan.
    """
    row, key = heard(term)
    edges = node.edges.get(key) if row else None
    if not edges:
        return []
    return [
        (edge.node, cost)
        for edge in edges
        if not (is_joined and edge.is_joined) and (cost := distance(edge.row, row, edge.limit)) <= edge.limit
    ]


def add_name(root: Node, entity: str, name: str) -> None:
    """Puts a name into the tree, unless it has words of another script or too many."""
    terms = [token.term for token in analyse(name).tokens]
    if not 0 < len(terms) <= MOST_WORDS or not all(map(sounds, terms)):
        return
    untitled = _without_titles(terms)
    has_article = len(untitled) > 1 and untitled[0] in ARTICLES
    for form in _forms(untitled[1:] if has_article else untitled):
        _add_form(root, form, entity, name, has_article)
    if has_article:
        _add_form(root, [_Part("".join(untitled), True)], entity, name, False)


def _without_titles(terms: list[str]) -> list[str]:
    """The words without titles at the front, as long as two words are left: Mullah Omar stays."""
    first = next((index for index, term in enumerate(terms) if term not in TITLES), len(terms))
    return terms[first:] if len(terms) - first > 1 else terms


def _forms(terms: list[str]) -> Iterator[list[_Part]]:
    """The words of a name that count, and the same with neighbours written together."""
    last = len(terms) - 1
    counting = [
        at for at, term in enumerate(terms) if at in (0, last) or not (term in PARTICLES or is_mohammad(term))
    ]
    parts = [_Part(terms[at], False) for at in counting]
    yield parts
    for place, (left, right) in enumerate(pairwise(counting)):
        before, after = parts[:place], parts[place + 2 :]
        yield [*before, _Part("".join(terms[left : right + 1]), True), *after]
        if right - left > 1:
            yield [*before, _Part(terms[left] + terms[right], True), *after]
            yield [*before, _Part("".join(terms[left:right]), True), parts[place + 1], *after]
    if len(counting) == 3:
        yield [_Part("".join(terms), True)]


def _add_form(root: Node, form: list[_Part], entity: str, name: str, has_article: bool) -> None:
    rows = [sounds(part.term) for part in form]
    if not all(rows):  # joined, it is too long
        return
    node = root
    for row, part in zip(rows, form, strict=True):
        most = limit(row, alone=len(rows) == 1)
        if part.is_joined and len(rows) == 1:
            most = min(most, _WHOLE_JOINED)
        node = _edge(node, row, most, part.is_joined).node
    alone = (rows[0], form[0].term) if len(rows) == 1 and not has_article else ("", "")
    end = End(entity, name, has_article, rows[0] == MOHAMMAD, *alone, ACCEPTED + (_MORE if len(rows) > 2 else 0))
    if end not in node.ends:
        node.ends.append(end)


def _edge(node: Node, row: str, most: int, is_joined: bool) -> Edge:
    for edge in node.edges.get(skeleton(row), ()):
        if (edge.row, edge.limit, edge.is_joined) == (row, most, is_joined):
            return edge
    edge = Edge(row, most, is_joined, Node())
    for key in skeletons(row):
        node.edges.setdefault(key, []).append(edge)
    return edge
