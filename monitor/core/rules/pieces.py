"""Words of a query and spellings of entities as pieces: cut by the analyser that reads texts."""

from __future__ import annotations

from functools import lru_cache

from monitor.core.rules.errors import QueryInvalid
from monitor.core.rules.fields import address_words
from monitor.core.rules.lexer import Kind, Mark
from monitor.core.rules.nodes import Exact, Piece, Words
from monitor.core.text.normalize import american, exact_key
from monitor.core.text.tokens import Analysed, analyse, is_spaceless

SHORTEST_PREFIX = 3

MOST_WORDS = 100
"""Words of one phrase, so that a text which repeats them by thousands is still read in bounded time."""

_OPERATORS_ELSEWHERE = {"&": "AND", "&&": "AND", "+": "AND", "|": "OR", "||": "OR", "!": "NOT"}


class Pieces:
    """Reads the words of one query; with `address` as parts of a URL, which no text keeps as words."""

    def __init__(self, query: str, address: bool = False) -> None:
        self._query = query
        self._address = address

    def words(self, mark: Mark) -> Words:
        """A word or a phrase. Raises QueryInvalid."""
        return Words(
            source=self._query[mark.start : mark.end],
            at=mark.start,
            pieces=tuple(self.of(mark)),
            quoted=mark.kind is Kind.PHRASE,
        )

    def family(self, mark: Mark) -> Words:
        """`~word`. Raises QueryInvalid."""
        if not mark.text:
            raise self._wrong("expected a word after ~", mark)
        piece = self._family(mark.text, mark)
        return Words(source=self._query[mark.start : mark.end], at=mark.start, pieces=(piece,))

    def exact(self, mark: Mark) -> Exact:
        """`=Word`. Raises QueryInvalid."""
        if "*" in mark.text:
            raise self._wrong("=Word and * do not go together", mark)
        pieces = self.of(mark)
        if len(pieces) != 1 or pieces[0].family:
            raise self._wrong("=Word takes one word", mark)
        source = self._query[mark.start : mark.end]
        return Exact(source=source, at=mark.start, piece=pieces[0], key=exact_key(mark.text))

    def of(self, mark: Mark) -> list[Piece]:
        """The pieces of a mark, one at least. Raises QueryInvalid."""
        text = address_words(mark.text) if self._address else mark.text
        found = [piece for word in text.split() if (piece := self._piece(word, mark))]
        if not found:
            message = "the quotes hold no word" if mark.kind is Kind.PHRASE else f"{mark.said} holds no word"
            operator = _OPERATORS_ELSEWHERE.get(mark.text)
            raise self._wrong(f"{message}; the operator is {operator}" if operator else message, mark)
        if (words := sum(len(piece.parts) for piece in found)) > MOST_WORDS:
            raise self._wrong(f"a phrase has at most {MOST_WORDS} words, this one has {words:,}", mark)
        return found

    def _wrong(self, message: str, mark: Mark) -> QueryInvalid:
        return QueryInvalid(message, self._query, mark.start, max(mark.end, mark.start + 1))

    def _piece(self, word: str, mark: Mark) -> Piece | None:
        if word[0] == "~" and len(word) > 1:
            return self._family(word[1:], mark)
        stem = word.removesuffix("*")
        prefix = stem != word
        if stem.startswith("*"):
            raise self._wrong('"*" can only end a word: there is no leading wildcard', mark)
        if "*" in stem:
            raise self._wrong('"*" can only end a word', mark)
        if not stem:
            raise self._wrong('a lone "*" is no word; NEAR/n leaves room between two words', mark)
        terms, joined, spaceless = _cut(stem)
        if not terms:
            if prefix:
                raise self._wrong(f'"{word}" holds no word', mark)
            return None
        prefix = prefix and not spaceless
        if prefix and len(terms[-1]) < SHORTEST_PREFIX:
            raise self._wrong(f'"{word}" is too short: a prefix needs at least {SHORTEST_PREFIX} letters', mark)
        parts = [american(term) for term in terms[:-1]] + [terms[-1] if prefix else american(terms[-1])]
        return Piece(tuple(parts), joined, prefix)

    def _family(self, word: str, mark: Mark) -> Piece:
        if "*" in word or word[0] in "~=":
            raise self._wrong(f"~word and {'*' if '*' in word else word[0]} do not go together", mark)
        if word.isdigit():
            raise self._wrong(f"~ takes a word, not a number; words near each other are a NEAR/{word} b", mark)
        term = one_term(word)
        if term is None:
            raise self._wrong(f'~ takes one word: "{word}" is none', mark)
        return Piece((term,), family=True)


def one_term(written: str) -> str | None:
    """What a text keeps of one word (`Re-open` → `reopen`, `defence` → `defense`); None for none or several."""
    analysed = analyse(written)
    term = analysed.tokens[0].term if len(analysed.tokens) == 1 else _joined(analysed)
    return None if term is None else american(term)


@lru_cache(maxsize=20_000)  # the queries of many rules speak of the same things
def _cut(word: str) -> tuple[tuple[str, ...], str | None, bool]:
    """The terms of a word, its joined form, and whether it ends in a script without spaces."""
    analysed = analyse(word)
    if not analysed.tokens:
        return (), None, False
    last = analysed.tokens[-1]
    terms = tuple(token.term for token in analysed.tokens)
    return terms, _joined(analysed), is_spaceless(word[last.start : last.end])


def _joined(analysed: Analysed) -> str | None:
    """The joined form of a word that is nothing but one compound (`cease-fire`)."""
    whole = analysed.compounds[0] if analysed.compounds else None
    return whole.term if whole and whole.size == len(analysed.tokens) else None


def spelling_node(spelling: str) -> Words:
    """The node that finds an entity's spelling as a phrase. Raises QueryInvalid when it holds no word."""
    plain = spelling.replace("*", " ").replace("~", " ")
    mark = Mark(Kind.PHRASE, plain, 0, len(spelling))
    try:
        pieces = Pieces(spelling).of(mark)
    except QueryInvalid as error:
        message = error.message if analyse(plain).tokens else f'"{spelling}" holds no word'
        raise QueryInvalid(message, spelling, 0, len(spelling)) from None
    return Words(source=spelling, at=0, pieces=tuple(pieces), quoted=True)


def acronym_node(acronym: str) -> Exact:
    """The node that finds an acronym in exact case. Raises QueryInvalid unless it is one word."""
    words = spelling_node(acronym)
    if len(words.pieces) != 1:
        raise QueryInvalid(f'"{acronym}" is no acronym: it holds a space', acronym, 0, len(acronym))
    return Exact(source=acronym, at=0, piece=words.pieces[0], key=exact_key(acronym))
