"""Makes a rule set of rule files. Whatever users write becomes a problem, never an exception, and one bad rule
does not keep the others from loading. The file format is that of the interface contract, "Rule files".
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from hashlib import blake2b
from typing import Any

from monitor.core.names import NAMES_VERSION
from monitor.core.rules.entries import RawEntity, RawRule, read_entity, read_rule
from monitor.core.rules.errors import QueryInvalid, caret
from monitor.core.rules.lexicon import Alias, Context, Lexicon, Term
from monitor.core.rules.nodes import EntityRef, Node, TermRef, walk
from monitor.core.rules.parser import parse_with_lints
from monitor.core.rules.ruleset import CompiledRule, RuleSet
from monitor.core.rules.sharing import Sharing
from monitor.core.rules.soundness import Unsound, check, references
from monitor.core.rules.table import Path, RuleSource, Table
from monitor.model.problem import Gravity, Problem
from monitor.model.rule import Entity, Rule

MAX_FILE = 5_000_000
"""Characters of one rule file."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}\Z")
_RULE_HEADER = re.compile(r"\s*\[\[\s*rules\s*\]\]")
_TOML_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The text of one rule file and the name to show for it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class LoadedRules:
    """What loaded, and everything that is wrong or doubtful, in file order."""

    ruleset: RuleSet
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Query:
    """A query somewhere in a file; `subject` opens its error messages."""

    subject: str
    text: str
    source: RuleSource
    path: Path

    def report(self, error: QueryInvalid, gravity: Gravity = Gravity.ERROR) -> None:
        self.source.report(self.path, f"{self.subject}: {error.message}", gravity, error.context)


@dataclass(slots=True)
class _Draft:
    """Everything read from the files, before names are looked up."""

    entities: dict[str, RawEntity] = field(default_factory=dict)
    terms: dict[str, _Query] = field(default_factory=dict)
    rules: dict[str, RawRule] = field(default_factory=dict)
    # Names that are written down but did not load: who refers to them is not told that they are unknown.
    broken: set[str] = field(default_factory=set)
    sharing: Sharing = field(default_factory=Sharing)
    homes: dict[str, tuple[RuleSource, Path]] = field(default_factory=dict)  # "rule x" → its first place

    def is_free(self, kind: str, name: str, source: RuleSource, path: Path, shown: str) -> bool:
        """Whether the name is new; reports it otherwise."""
        home, first = self.homes.setdefault(f"{kind} {name}", (source, path))
        if (home, first) == (source, path):
            return True
        source.report(path, f"{shown} is already defined in {home.name}:{home.line(first)}")
        return False


def load_rules(files: Sequence[RuleFile]) -> LoadedRules:
    """All rules, entities and terms of all files as one set. Never raises for what stands in the files."""
    draft = _Draft()
    sources = [RuleSource(file.name, file.text) for file in files]
    for source in sources:
        _read_file(source, draft)
    terms = _terms(draft)
    entities = {name: raw.entity for name, raw in draft.entities.items()}
    aliases = (Alias(raw.entity.id, node) for raw in draft.entities.values() for node in raw.spellings)
    nodes = {name: term.node for name, term in terms.items()}
    lexicon = Lexicon.of(entities, terms, aliases, _contexts(draft, nodes))
    compiled = [one for raw in draft.rules.values() if (one := _compile(raw, draft, lexicon, nodes))]
    ruleset = RuleSet(compiled, lexicon, {source.name: source.text for source in sources})
    return LoadedRules(
        ruleset, tuple(p for source in sources for p in sorted(source.problems, key=lambda p: p.line))
    )


def load_query(query: str, beside: RuleSet, name: str = "query") -> LoadedRules:
    """A rule set of one rule with this query and the id "query"; it may use the names that stand `beside`.

    What is wrong with the query comes as problems of a file called `name`; then the rule set is empty.
    """
    lexicon = beside.lexicon
    source = RuleSource(name, "")
    draft = _Draft(
        entities={id_: RawEntity(entity, (), source, ()) for id_, entity in lexicon.entities.items()},
        terms={term: _Query(f"term ${term}", found.query, source, ()) for term, found in lexicon.terms.items()},
    )
    raw = RawRule(Rule("query", "query", query, version="", file=name), source, ())
    compiled = _compile(raw, draft, lexicon, {term: found.node for term, found in lexicon.terms.items()})
    return LoadedRules(RuleSet([compiled] if compiled else [], lexicon), tuple(source.problems))


def _read_file(source: RuleSource, draft: _Draft) -> None:
    values = _toml(source)
    top = Table(source, (), values)
    top.known(("entities", "terms", "rules"))
    for name, table in _tables(top, "entities"):
        if _is_name(table, name) and draft.is_free("entity", name, source, table.path, f"entity @{name}"):
            raw = read_entity(table, name)
            if raw is None:
                draft.broken.add(f"@{name}")
            else:
                draft.entities[name] = raw
    for name, table in _tables(top, "terms"):
        if _is_name(table, name) and draft.is_free("term", name, source, table.path, f"term ${name}"):
            table.known(("query",))
            query = table.text("query")
            draft.terms[name] = _Query(f"term ${name}", query, source, (*table.path, "query"))
            if not table.sound:
                draft.broken.add(f"${name}")
    headers = _rule_lines(source.text)
    for index, value in enumerate(top.items("rules")):
        path: Path = ("rules", index)
        if not isinstance(value, dict):
            source.report(path, f"rules[{index}]: must be a table: [[rules]]")
            continue
        raw_rule = read_rule(Table(source, path, value), headers[index] if index < len(headers) else 0)
        if raw_rule and draft.is_free("rule", raw_rule.rule.id, source, path, f'rule "{raw_rule.rule.id}"'):
            draft.rules[raw_rule.rule.id] = raw_rule


def _toml(source: RuleSource) -> dict[str, Any]:
    if len(source.text) > MAX_FILE:
        source.problems.append(Problem(source.name, 0, f"larger than {MAX_FILE:,} characters"))
        return {}
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_LINE.search(str(error))
        # "(at end of document)" names no line: the trouble is on the last one
        line = int(found.group(1)) if found else source.text.rstrip().count("\n") + 1
        message = _TOML_LINE.sub("", str(error)).removesuffix(" (at end of document)")
        source.problems.append(Problem(source.name, line, f"not valid TOML: {message}"))
    except RecursionError:
        source.problems.append(Problem(source.name, 0, "not readable: lists or tables nested too deep"))
    return {}


def _rule_lines(text: str) -> list[int]:
    """The lines of the `[[rules]]` headers: told without the parser that only errors need.

    A header inside a multi-line string would shift them; that costs a wrong line in a listing and no more.
    """
    return [number for number, line in enumerate(text.split("\n"), 1) if _RULE_HEADER.match(line)]


def _tables(top: Table, key: str) -> Iterator[tuple[str, Table]]:
    group = top.values.get(key, {})
    if not isinstance(group, dict):
        top.wrong(key, f"must be tables: [{key}.NAME]")
        return
    for name, value in group.items():
        if isinstance(value, dict):
            yield name, Table(top.source, (key, name), value)
        else:
            top.source.report((key, name), f"{key}.{name}: must be a table: [{key}.{name}]")


def _is_name(table: Table, name: str) -> bool:
    if _NAME.match(name):
        return True
    table.source.report(table.path, f'"{name}" is no name: letters, digits, _ and - of ASCII')
    return False


def _terms(draft: _Draft) -> dict[str, Term]:
    """The sound terms, each after those it refers to."""
    nodes: dict[str, Node] = {}
    for name, query in draft.terms.items():
        if f"${name}" not in draft.broken:
            node = _parsed(query, draft)
            if node is not None:
                nodes[name] = node
    draft.broken.update(f"${name}" for name in draft.terms.keys() - nodes.keys())
    sound: dict[str, Node] = {}
    for name in _in_order(nodes, draft):
        query = draft.terms[name]
        if _is_sound(query, nodes[name], sound, draft, is_term=True):
            sound[name] = nodes[name]
        else:
            draft.broken.add(f"${name}")
    return {name: Term(name, draft.terms[name].text, node) for name, node in sound.items()}


def _in_order(nodes: Mapping[str, Node], draft: _Draft) -> list[str]:
    """Names of terms with those referred to first; a term of a circle is reported and left out."""
    graph = {name: references(node)[1] & nodes.keys() for name, node in nodes.items()}
    while True:
        try:
            return [name for name in TopologicalSorter(graph).static_order() if name in graph]
        except CycleError as error:
            circle: list[str] = error.args[1]
            path = " → ".join(f"${name}" for name in reversed(circle))
            for name in set(circle):
                query = draft.terms[name]
                query.source.report(query.path, f"{query.subject}: refers to itself: {path}")
                draft.broken.add(f"${name}")
                graph.pop(name, None)
            graph = {name: wanted & graph.keys() for name, wanted in graph.items()}


def _contexts(draft: _Draft, terms: Mapping[str, Node]) -> dict[str, Context]:
    """The `need` and `not` of entities. An entity whose context does not hold water is found without it."""
    found: dict[str, Context] = {}
    for name, raw in draft.entities.items():
        if raw.entity.need or raw.entity.banned:
            need, banned = (
                _context(draft, raw, key, text, terms)
                for key, text in (("need", raw.entity.need), ("not", raw.entity.banned))
            )
            found[name] = Context(need, banned)
    return found


def _context(draft: _Draft, raw: RawEntity, key: str, text: str, terms: Mapping[str, Node]) -> Node | None:
    if not text:
        return None
    query = _Query(f'entity @{raw.entity.id}: "{key}"', text, raw.source, (*raw.path, key))
    node = _parsed(query, draft)
    if node is None or not _is_sound(query, node, terms, draft, is_term=True):
        return None
    if _names_entities(node, terms):
        # It would have to be known who is named before it is known who is named.
        advice = "speaks of words only: it cannot use an @entity, not through a $term either"
        query.source.report(query.path, f"{query.subject} {advice}")
        return None
    return node


def _names_entities(node: Node, terms: Mapping[str, Node]) -> bool:
    entities, names = references(node)
    return bool(entities) or any(_names_entities(terms[name], terms) for name in names)


def _parsed(query: _Query, draft: _Draft) -> Node | None:
    try:
        node, lints = parse_with_lints(query.text)
    except QueryInvalid as error:
        query.report(error)
        return None
    for lint in lints:
        query.report(lint, Gravity.WARNING)
    unknown = [found for ref in walk(node) if (found := _unknown(ref, query.text, draft))]
    for one in unknown:
        query.report(one)
    return None if unknown else node


def _unknown(node: Node, query: str, draft: _Draft) -> QueryInvalid | None:
    known: Collection[str]
    match node:
        case EntityRef():
            what, sign, name, known = "entity", "@", node.id, draft.entities
        case TermRef():
            what, sign, name, known = "term", "$", node.name, draft.terms
        case _:
            return None
    if name in known or f"{sign}{name}" in draft.broken:
        return None
    hint = _hint(name, sign, known)
    return QueryInvalid(f"unknown {what} {sign}{name}{hint}", query, node.at, node.at + len(node.source))


def _hint(name: str, sign: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {sign}{near[0]}?" if near else ""


def _is_sound(query: _Query, node: Node, terms: Mapping[str, Node], draft: _Draft, is_term: bool = False) -> bool:
    entities, names = references(node)
    broken = sorted(({f"@{name}" for name in entities} | {f"${name}" for name in names}) & draft.broken)
    if broken:
        query.source.report(query.path, f"{query.subject}: refers to {', '.join(broken)}, which did not load")
        return False
    try:
        check(node, terms, is_term)
    except Unsound as error:
        blamed = error.node
        context = caret(query.text, blamed.at, blamed.at + len(blamed.source))
        query.source.report(query.path, f"{query.subject}: {error.message}", context=context)
        return False
    return True


def _compile(raw: RawRule, draft: _Draft, lexicon: Lexicon, terms: Mapping[str, Node]) -> CompiledRule | None:
    subject = f'rule "{raw.rule.id}"' if raw.path else "query"  # a query by itself is in no file
    query = _Query(subject, raw.rule.query, raw.source, (*raw.path, "query"))
    node = _parsed(query, draft)
    if node is None or not _is_sound(query, node, terms, draft):
        return None
    return CompiledRule(_with_version(raw.rule, node, lexicon), draft.sharing.node(node), raw.path)


def _with_version(rule: Rule, node: Node, lexicon: Lexicon) -> Rule:
    entities, terms = _all_references(node, lexicon)
    said = {
        "query": rule.query,
        "entities": {name: _said_of(lexicon.entities[name]) for name in sorted(entities)},
        "terms": {name: lexicon.terms[name].query for name in sorted(terms)},
    }
    digest = blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=4)
    return Rule(
        rule.id, rule.title, rule.query, digest.hexdigest(), rule.tags, rule.severity,
        rule.must_match, rule.must_not_match, rule.file, rule.line,
    )  # fmt: skip


def _said_of(entity: Entity) -> list[object]:
    said: list[object] = [entity.name, list(entity.aliases), list(entity.acronyms)]
    if entity.variants or entity.type == "person":
        said.append([entity.variants, entity.type == "person", NAMES_VERSION])
    return [*said, [entity.need, entity.banned]] if entity.need or entity.banned else said


def _all_references(node: Node, lexicon: Lexicon) -> tuple[set[str], set[str]]:
    """Entities and terms a query rests on, through terms too."""
    entities: set[str] = set()
    terms: set[str] = set()
    waiting = [node]
    while waiting:
        ids, names = references(waiting.pop())
        entities |= ids
        waiting += [lexicon.terms[name].node for name in names - terms]
        terms |= names
    return entities, terms
