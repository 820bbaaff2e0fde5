"""Makes a rule set of rule files. Whatever users write becomes a problem, never an exception, and one bad rule
does not keep the others from loading. The file format is that of the interface contract, "Rule files".

A load remembers: a file whose text is the same is not read again, a rule that means the same keeps its tree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.core.rules.compiled import CompiledRule
from monitor.core.rules.entries import RawEntity, RawRule, read_rules
from monitor.core.rules.judge import Fault, Names
from monitor.core.rules.lexicon import Alias, Context, Lexicon, Term
from monitor.core.rules.nodes import Node
from monitor.core.rules.old_ids import read_old_ids
from monitor.core.rules.rulefile import ReadFile, RuleFile, RuleTable, read_file
from monitor.core.rules.ruleset import RuleSet
from monitor.core.rules.sharing import Sharing
from monitor.core.rules.table import Path, RuleSource, Table
from monitor.core.rules.versions import Meanings
from monitor.core.text.families import Families, FamilyChange, shipped_families
from monitor.model.problem import Gravity, Problem
from monitor.model.rule import Rule

_MOST_TOLD = 3  # problems of the rules that one table with `each` makes


@dataclass(frozen=True, slots=True)
class Loaded:
    """A sound rule: its meaning, what is doubtful about its query, and the line where that stands."""

    meaning: str
    doubts: tuple[Fault, ...]
    line: int
    compiled: CompiledRule


@dataclass(frozen=True, slots=True)
class Memory:
    """What one load leaves for the next: every file with its text, by name, the sound rules by id, and what came
    of it where that is still there.

    `names` is what all names together meant. Whoever tried the examples of all these rules says with `held` that
    they held.
    """

    files: Mapping[str, tuple[str, ReadFile]] = field(default_factory=dict)
    rules: Mapping[str, Loaded] = field(default_factory=dict)
    names: str = ""
    held: bool = False
    ruleset: RuleSet | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def compiled(self) -> Iterator[CompiledRule]:
        """The rules themselves."""
        return (loaded.compiled for loaded in self.rules.values())


@dataclass(frozen=True, slots=True)
class LoadedRules:
    """What loaded, and everything that is wrong or doubtful, in file order."""

    ruleset: RuleSet
    problems: tuple[Problem, ...]
    memory: Memory = field(default_factory=Memory, repr=False)


def load_rules(files: Sequence[RuleFile], before: Memory | None = None) -> LoadedRules:
    """All rules, entities and terms of all files as one set. Never raises for what stands in the files.

    What `before` knows is taken from there: the result is the same.
    """
    if before is None or before.ruleset is None:
        return _Load(files, before or Memory()).run()
    if list(before.ruleset.sources.items()) != [(file.name, file.text) for file in files]:
        return _Load(files, before).run()
    return LoadedRules(before.ruleset, before.problems, before)


def load_query(query: str, beside: RuleSet, name: str = "query") -> LoadedRules:
    """A rule set of one rule with this query and the id "query"; it may use the names that stand `beside`.

    What is wrong with the query comes as problems of a file called `name`; then the rule set is empty.
    """
    lexicon = beside.lexicon
    terms = {term: found.query for term, found in lexicon.terms.items()}
    nodes = {term: found.node for term, found in lexicon.terms.items()}
    names = Names(lexicon.entities, terms, lexicon.families, nodes)
    node, faults = names.judge(query)
    problems = [Problem(name, 0, f"query: {fault.message}", fault.gravity, fault.context) for fault in faults]
    if node is None:
        return LoadedRules(RuleSet([], lexicon), tuple(problems))
    entities = {id_: RawEntity(one, lexicon.spellings.get(id_, ())) for id_, one in lexicon.entities.items()}
    version = Meanings(entities, terms, lexicon.families).of(query)[:8]
    rule = Rule("query", "query", query, version, file=name)
    return LoadedRules(RuleSet([CompiledRule(rule, node)], lexicon), tuple(problems))


def load_draft(values: Mapping[str, Any], beside: RuleSet, file: str, id: str | None = None) -> LoadedRules:  # noqa: A002  # the word of the rule files
    """A rule set of one rule as its table has it, examples and all; it may use the names that stand `beside` it.

    Of the rules that its `each` makes it is the one with that id, else the first. What is wrong with it comes as
    problems of the file; then the rule set is empty. Examples that it shares with other rules of its table are
    left out: alone it need not match them.
    """
    source = RuleSource(file, "")
    raws = read_rules(Table(source, (), values), 0)
    if not raws:
        return LoadedRules(RuleSet([], beside.lexicon), tuple(source.problems))
    raw = next((one.rule for one in raws if one.rule.id == id), raws[0].rule)
    loaded = load_query(raw.query, beside, file)
    problems = (*source.problems, *loaded.problems)
    if not loaded.ruleset.rules:
        return LoadedRules(loaded.ruleset, problems)
    alone = tuple(one for one in raw.must_match if not one.shared)
    rule = replace(raw, version=loaded.ruleset.rules[0].version, must_match=alone)
    compiled = CompiledRule(rule, loaded.ruleset.node("query"))
    return LoadedRules(RuleSet([compiled], beside.lexicon, beside.sources), problems)


class _Load:
    """One load, step by step."""

    def __init__(self, files: Sequence[RuleFile], before: Memory) -> None:
        self.before = before
        self.sources = {file.name: RuleSource(file.name, file.text) for file in files}
        self.files = {name: self._read(source) for name, source in self.sources.items()}
        self.homes: dict[str, tuple[RuleSource, Path]] = {}  # "rule x" → its first place
        self.sharing = Sharing()
        self.changed: set[str] = set()  # files with a rule that is another than before
        self.told: Counter[tuple[str, Path, Gravity]] = Counter()

    def run(self) -> LoadedRules:
        broken: set[str] = set()
        entities = self._entities(broken)
        terms = self._terms(broken)
        families = self._families()
        names = Names(
            entities.keys(), {name: query for name, (query, _) in terms.items()}, families, broken=broken
        )
        for name, faults in names.read_terms():
            self._tell(terms[name][1], ("terms", name, "query"), f"term ${name}", faults)
        lexicon = Lexicon.of(
            {name: raw.entity for name, (raw, _) in entities.items()},
            {name: Term(name, terms[name][0], node) for name, node in names.nodes.items()},
            (Alias(name, node) for name, (raw, _) in entities.items() for node in raw.spellings),
            self._contexts(entities, names),
            families,
            after=None if self.before.ruleset is None else self.before.ruleset.lexicon,
        )
        raws = {name: raw for name, (raw, _) in entities.items()}
        meanings = Meanings(raws, {name: term.query for name, term in lexicon.terms.items()}, families)
        rules = {one.compiled.rule.id: one for one in self._rules(names, meanings)}
        ruleset = RuleSet(
            [one.compiled for one in rules.values()],
            lexicon,
            {name: source.text for name, source in self.sources.items()},
            after=self.before.ruleset,
            meaning=meanings.of_all,
            renames=read_old_ids(self._each(), self.homes),
        )
        files = {name: (source.text, self._remembered(name, rules)) for name, source in self.sources.items()}
        problems = tuple(self._problems())
        return LoadedRules(
            ruleset, problems, Memory(files, rules, meanings.of_all, ruleset=ruleset, problems=problems)
        )

    def _read(self, source: RuleSource) -> ReadFile:
        known = self.before.files.get(source.name)
        if known is None or known[0] != source.text:
            return read_file(source)
        source.problems, source.rules = list(known[1].problems), known[1].tables
        return known[1]

    def _remembered(self, name: str, rules: Mapping[str, Loaded]) -> ReadFile:
        """What was read of a file, with the very rules that are in force: twice 100,000 take many megabytes."""
        file, known = self.files[name], self.before.files.get(name)
        if known is not None and known[1] is file and name not in self.changed:
            return file
        tables = (RuleTable(one.index, tuple(_shared(raw, rules) for raw in one.rules)) for one in file.rules)
        return replace(file, rules=tuple(tables))

    def _entities(self, broken: set[str]) -> dict[str, tuple[RawEntity, RuleSource]]:
        found: dict[str, tuple[RawEntity, RuleSource]] = {}
        for source, file in self._each():
            for name, raw in file.entities:
                if self._is_free("entity", name, source, ("entities", name), f"entity @{name}"):
                    if raw is None:
                        broken.add(f"@{name}")
                    else:
                        found[name] = (raw, source)
        return found

    def _terms(self, broken: set[str]) -> dict[str, tuple[str, RuleSource]]:
        found: dict[str, tuple[str, RuleSource]] = {}
        for source, file in self._each():
            for name, query in file.terms:
                if self._is_free("term", name, source, ("terms", name), f"term ${name}"):
                    if query is None:
                        broken.add(f"${name}")
                    else:
                        found[name] = (query, source)
        return found

    def _families(self) -> Families:
        changes: dict[str, FamilyChange] = {}
        for source, file in self._each():
            for name, head, change in file.families:
                if self._is_free("family", head, source, ("families", name), f"family {head}"):
                    changes[head] = change
        families = shipped_families().extended(changes)
        known = self.before.ruleset.lexicon.families if self.before.ruleset else families
        # The very ones of before: what was worked out of them for the words of texts stays.
        return known if list(known) == list(families) else families

    def _contexts(self, entities: Mapping[str, tuple[RawEntity, RuleSource]], names: Names) -> dict[str, Context]:
        """The `need` and `not` of entities. An entity whose context does not hold water is found without it."""
        found: dict[str, Context] = {}
        for name, (raw, source) in entities.items():
            nodes: list[Node | None] = []
            for key, query in (("need", raw.entity.need), ("not", raw.entity.banned)):
                node, faults = names.judge_context(query) if query else (None, ())
                nodes.append(node)
                if faults:
                    self._tell(source, ("entities", name, key), f'entity @{name}: "{key}"', faults)
            if any(nodes):
                found[name] = Context(*nodes)
        return found

    def _rules(self, names: Names, meanings: Meanings) -> Iterator[Loaded]:
        same_names = self.before.names == meanings.of_all
        for source, file in self._each():
            known = self.before.files.get(source.name)
            read_again = known is None or known[1] is not file
            unchanged = same_names and not read_again
            for table in file.rules:
                for raw in table.rules:
                    id_ = raw.rule.id
                    if not self._is_free("rule", id_, source, table.path, f'rule "{id_}"'):
                        continue
                    old = self.before.rules.get(id_)
                    if unchanged and old is not None and old.compiled.rule is raw.rule:
                        meaning = old.meaning
                    else:
                        meaning = meanings.of(raw.rule.query)
                    if old is None or old.meaning != meaning:
                        loaded = self._compiled(raw, table, source, names, meaning)
                    else:
                        elsewhere = old.compiled.rule is not raw.rule  # another file's rule of this id
                        loaded = self._kept(old, raw, table, source, read_again or elsewhere)
                    if loaded is not old:
                        self.changed.add(source.name)
                    if loaded is not None:
                        yield loaded

    def _compiled(
        self, raw: RawRule, table: RuleTable, source: RuleSource, names: Names, meaning: str
    ) -> Loaded | None:
        node, faults = names.judge(raw.rule.query)
        line = self._tell_rule(source, table, raw, faults)
        if node is None:
            return None
        compiled = CompiledRule(_versioned(raw.rule, meaning), self.sharing.node(node), table.index)
        return Loaded(meaning, faults, line, compiled)

    def _kept(self, old: Loaded, raw: RawRule, table: RuleTable, source: RuleSource, read_again: bool) -> Loaded:
        line = self._tell_rule(source, table, raw, old.doubts, None if read_again else old.line)
        compiled = old.compiled
        if _alike(raw.rule, compiled.rule) and line == old.line and table.path == compiled.path:
            return old
        compiled = compiled.moved(_versioned(raw.rule, old.meaning), table.index)
        return Loaded(old.meaning, old.doubts, line, compiled)

    def _tell_rule(
        self,
        source: RuleSource,
        table: RuleTable,
        raw: RawRule,
        faults: tuple[Fault, ...],
        line: int | None = None,
    ) -> int:
        if not faults:
            return 0
        by = f" ({raw.stamp})" if raw.stamp.values else ""
        if by:
            faults = tuple(fault for fault in faults if self._is_told(source, table, fault))
        return self._tell(source, (*table.path, "query"), f'rule "{raw.rule.id}"{by}', faults, line)

    def _is_told(self, source: RuleSource, table: RuleTable, fault: Fault) -> bool:
        """Whether a fault of one of many rules of a table is told, or only counted."""
        key = source.name, table.path, fault.gravity
        self.told[key] += 1
        return self.told[key] <= _MOST_TOLD

    @staticmethod
    def _tell(
        source: RuleSource, path: Path, subject: str, faults: Iterable[Fault], known: int | None = None
    ) -> int:
        at = source.line(path) if known is None else known
        for fault in faults:
            message = f"{subject}: {fault.message}"
            line = source.line_shown(at, fault.context[0]) if fault.context else at
            source.problems.append(Problem(source.name, line, message, fault.gravity, fault.context))
        return at

    def _problems(self) -> Iterator[Problem]:
        for (name, path, gravity), count in self.told.items():
            if count > _MOST_TOLD:
                more = f"{count - _MOST_TOLD:,} more like these, of the rules that each makes here"
                self.sources[name].report((*path, "query"), more, gravity)
        for source in self.sources.values():
            yield from sorted(source.problems, key=lambda problem: problem.line)

    def _each(self) -> Iterator[tuple[RuleSource, ReadFile]]:
        return ((self.sources[name], file) for name, file in self.files.items())

    def _is_free(self, kind: str, name: str, source: RuleSource, path: Path, shown: str) -> bool:
        """Whether the name is new; reports it otherwise."""
        mine = (source, path)
        found = self.homes.setdefault(f"{kind} {name}", mine)
        if found is mine:
            return True
        home, first = found
        source.report(path, f"{shown} is already defined in {home.name}:{home.line(first)}")
        return False


def _shared(raw: RawRule, rules: Mapping[str, Loaded]) -> RawRule:
    loaded = rules.get(raw.rule.id)
    if loaded is None or loaded.compiled.rule is raw.rule or not _alike(raw.rule, loaded.compiled.rule):
        return raw
    return RawRule(loaded.compiled.rule, raw.stamp, raw.renamed_from)


def _alike(one: Rule, other: Rule) -> bool:
    """Whether two rules differ in nothing but perhaps their version."""
    return one is other or one == other or one == _versioned(other, one.version)


def _versioned(rule: Rule, meaning: str) -> Rule:
    if rule.version == meaning[:8]:
        return rule
    # dataclasses.replace takes ten times as long
    return Rule(
        rule.id, rule.title, rule.query, meaning[:8], rule.tags, rule.severity,
        rule.must_match, rule.must_not_match, rule.file, rule.line,
    )  # fmt: skip
