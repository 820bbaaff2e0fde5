"""Which rules are worth evaluating on a document. Only an optimisation: what is left out does not hold.

Each rule stands under a few keys (`core.rules.keys`), and a document shows some: its words, their beginnings,
their families, neighbours, entities, metadata. What stands under a key that is shown is a candidate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from threading import Lock
from typing import Protocol

from monitor.core.rules.compiled import CompiledRule
from monitor.core.rules.evaluate import Evaluation
from monitor.core.rules.frequencies import Frequencies
from monitor.core.rules.keys import TEXT, Chooser, Key, Kind
from monitor.core.rules.lexicon import Lexicon
from monitor.core.rules.neighbours import shown
from monitor.core.rules.reading import Reading
from monitor.core.text.families import Families
from monitor.core.text.normalize import american
from monitor.core.text.recent import Recent
from monitor.core.text.tokens import Analysed

Rules = list[CompiledRule]

_MOST_KNOWN = 10_000  # words whose keys a table remembers, twice
_LEARN_FROM = 8  # every eighth document is enough to know what is frequent


class Index(Protocol):
    """Names the candidates of a document."""

    def candidates(self, evaluation: Evaluation) -> set[CompiledRule] | None:
        """Rules among which all that hold are; None for all rules."""
        ...


class NoIndex:
    """Leaves nothing out: what every index is measured and tested against."""

    def candidates(self, evaluation: Evaluation) -> None:
        """All rules."""
        return


class RuleIndex:
    """Rules by their keys; rules are added in place. Threads may share it.

    A rule is never taken out: whoever asks knows which candidates are rules of theirs, and makes a new index when
    too many are not.
    """

    def __init__(self, lexicon: Lexicon, frequencies: Frequencies | None = None) -> None:
        self.frequencies = frequencies or Frequencies()
        self._lexicon = lexicon
        self._zones: dict[str, _Table] = {}
        self._entities: dict[str, Rules] = {}
        self._always: Rules = []
        self._lock = Lock()
        self._asked = 0
        self.size = 0
        """How many rules were added."""

    def add(self, rules: Iterable[CompiledRule], lexicon: Lexicon | None = None) -> None:
        """Puts rules under their keys. `lexicon` says what names mean in them, where it is not the first one."""
        chooser = Chooser(lexicon or self._lexicon, self.frequencies)
        with self._lock:
            for rule in rules:
                self.size += 1
                if rule.keys is None:
                    choice = chooser.choose(rule.node)
                    rule.keys = () if choice is None else choice.keys
                if not rule.keys:
                    self._always.append(rule)
                for key in rule.keys:
                    self._under(key).append(rule)

    def _under(self, key: Key) -> Rules:
        if key.kind is Kind.ENTITY:
            return self._entities.setdefault(key.term, [])
        table = self._zones.get(key.zone)
        if table is None:
            table = self._zones[key.zone] = _Table(self._lexicon.families)
        return table.under(key)

    def candidates(self, evaluation: Evaluation) -> set[CompiledRule]:
        """Rules among which all that hold are."""
        reading = evaluation.reading
        with self._lock:
            found = set(self._always)
            for zone, table in self._zones.items():
                if zone == TEXT:
                    table.collect(reading, reading.forms, _texts(reading), found)
                elif zone == "title":
                    title = reading.fields["title"].analysed
                    table.collect(reading, _forms(title), (title,), found)
                else:
                    below = evaluation.metadata(zone).reading
                    table.collect(below, below.forms, _texts(below), found)
            if self._entities:
                for entity in evaluation.naming.named & self._entities.keys():
                    found.update(self._entities[entity])
            self._asked += 1
            if self._asked % _LEARN_FROM == 0:
                self.frequencies.learn(reading.forms)
        return found


class _Table:
    """The keys of one zone."""

    def __init__(self, families: Families) -> None:
        self._families = families
        self._words: dict[str, Rules] = {}
        self._prefixes: dict[str, Rules] = {}
        self._lengths: tuple[int, ...] = ()  # of the prefixes
        self._by_family: dict[str, Rules] = {}
        self._pairs: dict[str, dict[str, Rules]] = {}
        self._both: dict[str, dict[str, Rules]] = {}
        self._exact: dict[str, dict[str, Rules]] = {}
        # The same words come in every document.
        self._answers = Recent(lambda form: tuple(self._answers_to(form)), _MOST_KNOWN)

    def under(self, key: Key) -> Rules:
        """The rules that stand under a key, to be added to."""
        match key.kind:
            case Kind.WORD:
                rules = self._words.get(key.term)
                if rules is None:
                    rules = self._words[key.term] = []
                    self._answers.forget(key.term)
                return rules
            case Kind.PREFIX:
                self._lengths = tuple(sorted({*self._lengths, len(key.term)}))
                return self._new(self._prefixes, key.term)
            case Kind.FAMILY:
                return self._new(self._by_family, key.term)
            case Kind.PAIR:
                return self._pairs.setdefault(key.term, {}).setdefault(key.second, [])
            case Kind.BOTH:
                return self._both.setdefault(key.term, {}).setdefault(key.second, [])
            case Kind.EXACT:
                return self._exact.setdefault(key.term, {}).setdefault(key.second, [])
            case _:
                raise ValueError(f"{key.kind} is in no table")

    def _new(self, table: dict[str, Rules], term: str) -> Rules:
        rules = table.get(term)
        if rules is None:
            rules = table[term] = []
            self._answers.forget_all()
        return rules

    def collect(
        self, reading: Reading, forms: Collection[str], texts: Iterable[Analysed], found: set[CompiledRule]
    ) -> None:
        """Adds the rules that stand under what the forms and the neighbours in the texts show."""
        # Most words answer to nothing: those are passed over without a step of Python for each.
        for known in filter(None, map(self._answers.__getitem__, forms)):
            for rules in known:
                found.update(rules)
        if self._pairs:
            for text in texts:
                for rules in shown(text, reading.unusual(text), self._pairs):
                    found.update(rules)
        if self._both:
            for first in self._both.keys() & forms:
                seconds = self._both[first]
                for second in seconds.keys() & forms:
                    found.update(seconds[second])
        if self._exact:
            for term in self._exact.keys() & forms:
                by_case = self._exact[term]
                for key in {reading.key(hit) for hit in reading.places(term)}:
                    found.update(by_case.get(key, ()))

    def _answers_to(self, form: str) -> Iterator[Rules]:
        if form in self._words:
            yield self._words[form]
        for length in self._lengths:
            if length <= len(form) and form[:length] in self._prefixes:
                yield self._prefixes[form[:length]]
        if self._by_family:
            for key in self._families.keys_of_text(form):
                if key in self._by_family:
                    yield self._by_family[key]


def _texts(reading: Reading) -> list[Analysed]:
    return [field.analysed for field in reading.fields.values()]


def _forms(text: Analysed) -> set[str]:
    forms = {*text.terms, *(compound.term for compound in text.compounds)}
    return forms | {american(form) for form in forms}
