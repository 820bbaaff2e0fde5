"""What a load remembers, as text to keep and back: rules found sound then need not be read and judged again.

The text is JSON, one line a rule file. Whoever keeps it answers for its having been written by this very code: it
is taken as true.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from sys import intern
from typing import Any

from monitor.core.rules.compiled import CompiledRule, Keys
from monitor.core.rules.entries import RawEntity, RawRule
from monitor.core.rules.judge import Fault
from monitor.core.rules.keys import Key, Kind
from monitor.core.rules.load import Loaded, Memory
from monitor.core.rules.nodes import Exact
from monitor.core.rules.pieces import acronym_node, spelling_node
from monitor.core.rules.rulefile import ReadFile, RuleFile, RuleTable
from monitor.core.rules.stamps import PLAIN, Stamp
from monitor.core.text.families import FamilyChange
from monitor.model.problem import Gravity, Problem
from monitor.model.rule import Entity, Example, Rule, Severity

_KINDS = {kind.value: kind for kind in Kind}
_GRAVITIES = {gravity.value: gravity for gravity in Gravity}
_SEVERITIES = {severity.value: severity for severity in Severity}


def written(memory: Memory) -> Iterator[str]:
    """The lines to keep."""
    for name, (text, file) in memory.files.items():
        yield json.dumps(
            {
                "name": name,
                "text": _hash(text),
                "tables": file.tables,
                "problems": [[p.line, p.message, p.gravity.value, p.context] for p in file.problems],
                "entities": [[id_, None if raw is None else _entity(raw)] for id_, raw in file.entities],
                "terms": file.terms,
                "families": [
                    [name, head, one.words, one.unlike, one.replace] for name, head, one in file.families
                ],
                "rules": [
                    [table.index, [_rule(raw, memory.rules.get(raw.rule.id)) for raw in table.rules]]
                    for table in file.rules
                ],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


def remembered(lines: Iterable[str], files: Iterable[RuleFile]) -> Memory:
    """What the lines say of these files. Of a file that is another by now only what its rules mean is known.

    Raises ValueError, LookupError or TypeError for lines that were not written by `written`.
    """
    texts = {file.name: file.text for file in files}
    known: dict[str, tuple[str, ReadFile]] = {}
    rules: dict[str, Loaded] = {}
    for line in lines:
        found = json.loads(line)
        name = found["name"]
        tables = tuple(
            RuleTable(index, tuple(_raw(name, index, one, rules) for one in raws))
            for index, raws in found["rules"]
        )
        if name in texts and _hash(texts[name]) == found["text"]:
            known[name] = texts[name], _file(name, found, tables)
    return Memory(known, rules)


def _file(name: str, found: Mapping[str, Any], tables: tuple[RuleTable, ...]) -> ReadFile:
    return ReadFile(
        tuple((id_, None if said is None else _raw_entity(id_, said)) for id_, said in found["entities"]),
        tuple((term, query) for term, query in found["terms"]),
        tables,
        tuple(
            Problem(name, line, message, _GRAVITIES[gravity], tuple(context))
            for line, message, gravity, context in found["problems"]
        ),
        found["tables"],
        tuple(
            (family, head, FamilyChange(tuple(words), tuple(unlike), replace))
            for family, head, words, unlike, replace in found["families"]
        ),
    )


def _entity(raw: RawEntity) -> list[object]:
    one = raw.entity
    spellings = [[node.source, isinstance(node, Exact)] for node in raw.spellings]
    return [one.name, one.type, one.aliases, one.acronyms, one.variants, one.need, one.banned, spellings]


def _raw_entity(id_: str, said: list[Any]) -> RawEntity:
    name, type_, aliases, acronyms, variants, need, banned, spellings = said
    entity = Entity(id_, name, type_, tuple(aliases), tuple(acronyms), variants, need, banned)
    nodes = (acronym_node(word) if exact else spelling_node(word) for word, exact in spellings)
    return RawEntity(entity, tuple(nodes))


def _rule(raw: RawRule, loaded: Loaded | None) -> list[object]:
    rule = raw.rule
    said: list[object] = [
        rule.id,
        rule.title,
        rule.query,
        rule.tags,
        rule.severity.value,
        rule.line,
        raw.stamp.values,
        _examples(rule.must_match),
        _examples(rule.must_not_match),
        raw.renamed_from,
    ]
    if loaded is None or loaded.compiled.rule is not rule:  # not sound, or another rule of this id
        return [*said, None]
    doubts = [[fault.message, fault.gravity.value, fault.context] for fault in loaded.doubts]
    found = loaded.compiled.keys
    keys = None if found is None else [part for key in found for part in (key.kind.value, *key[1:])]
    return [*said, loaded.meaning, doubts, loaded.line, keys]


def _raw(name: str, index: int, said: list[Any], rules: dict[str, Loaded]) -> RawRule:
    id_, title, query, tags, severity, line, stamp, must, must_not, old, meaning, *more = said
    rule = Rule(
        id_,
        id_ if title == id_ else title,
        query,
        meaning[:8] if meaning else "",
        _tags(*tags),
        _SEVERITIES[severity],
        _read_examples(must),
        _read_examples(must_not),
        name,
        line,
    )
    if meaning is not None:
        faults, at, keys = more
        doubts = tuple(Fault(message, _GRAVITIES[one], tuple(context)) for message, one, context in faults)
        rules[id_] = Loaded(meaning, doubts, at, CompiledRule(rule, None, index, _keys(keys)))
    return RawRule(rule, Stamp(stamp) if stamp else PLAIN, tuple(old))


def _keys(said: list[Any] | None) -> Keys | None:
    if said is None:
        return None
    kinds, zones = map(_KINDS.__getitem__, said[::4]), map(intern, said[1::4])
    return tuple(map(Key, kinds, zones, said[2::4], said[3::4]))


@lru_cache(maxsize=10_000)
def _tags(*tags: str) -> tuple[str, ...]:
    """The same tuple for the same tags: many rules have them."""
    return tags


def _examples(examples: tuple[Example, ...]) -> list[object]:
    return [[one.title, one.body, one.file, one.shared, one.place, *one.about] for one in examples]


def _read_examples(said: list[list[Any]]) -> tuple[Example, ...]:
    return tuple(
        Example(title, body, file, shared, place, _read_about(about))
        for title, body, file, shared, place, *about in said
    )


def _read_about(said: list[list[Any]]) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    return tuple((name, tuple(one) if isinstance(one, list) else one) for name, one in said)


def _hash(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
