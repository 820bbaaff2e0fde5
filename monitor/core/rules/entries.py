"""Reads one entity or one rule of a rule file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from sys import intern

from monitor.core.rules.errors import QueryInvalid
from monitor.core.rules.nodes import Exact, Words
from monitor.core.rules.pieces import acronym_node, spelling_node
from monitor.core.rules.stamps import PLAIN, Stamp, check_placeholders, read_stamps
from monitor.core.rules.table import Table, written
from monitor.core.rules.written_examples import EXAMPLE_KEYS, Examples, read_examples
from monitor.model.problem import Gravity
from monitor.model.rule import Entity, Rule, Severity

ENTITY_TYPES = ("person", "org", "place", "other")
ENTITY_KEYS = ("name", "type", "aliases", "acronyms", "variants", "need", "not")
RULE_KEYS = ("id", "title", "query", "each", "tags", "severity", "renamed_from", *EXAMPLE_KEYS)
SEVERITIES = tuple(Severity)

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_TAG = re.compile(r"[^\s!:*]+\Z")


@dataclass(frozen=True, slots=True)
class RawEntity:
    """An entity and the nodes that find its spellings."""

    entity: Entity
    spellings: tuple[Words | Exact, ...]


@dataclass(frozen=True, slots=True)
class RawRule:
    """A rule whose query is not read yet; its version is still empty. `stamp` is what `each` put in;
    `renamed_from` are ids that it had before."""

    rule: Rule
    stamp: Stamp = PLAIN
    renamed_from: tuple[str, ...] = ()


def read_entity(table: Table, id: str) -> RawEntity | None:  # noqa: A002  # the word of the rule files
    """The entity of a table `[entities.ID]`, None when it is not sound."""
    table.known(ENTITY_KEYS)
    entity = Entity(
        id,
        table.text("name", id),
        table.one_of("type", ENTITY_TYPES, "other"),
        table.texts("aliases"),
        table.texts("acronyms"),
        table.flag("variants"),
        table.text("need", "").strip(),
        table.text("not", "").strip(),
    )
    if "name" not in table.values and not entity.aliases and not entity.acronyms:
        table.sound = False
        table.source.report(table.path, f"{written(table.path)}: needs a name, aliases or acronyms to be found by")
    spellings = _spellings(table, entity)
    return RawEntity(entity, spellings) if table.sound else None


def _spellings(table: Table, entity: Entity) -> tuple[Words | Exact, ...]:
    nodes: list[Words | Exact] = []
    # A name that is listed as an acronym counts in exact case only; an id is no spelling.
    names = [entity.name] if "name" in table.values and entity.name not in entity.acronyms else []
    for key, words in (("name", names), ("aliases", entity.aliases), ("acronyms", entity.acronyms)):
        for word in words:
            try:
                nodes.append(acronym_node(word) if key == "acronyms" else spelling_node(word))
            except QueryInvalid as error:
                table.wrong(key, error.message)
    return tuple(dict.fromkeys(nodes))


def read_rules(table: Table, line: int) -> tuple[RawRule, ...]:
    """The rule of the table `[[rules]]` at `line`, one for each stamp of its `each`; none when something besides
    its query is wrong."""
    table.known(RULE_KEYS)
    stamps = read_stamps(table)
    id_, query = table.text("id"), table.text("query")
    draft = Rule(
        id=id_,
        title=table.text("title", id_) or id_,
        query=query,
        version="",
        tags=tuple(map(intern, table.texts("tags"))),
        severity=Severity(table.one_of("severity", SEVERITIES, Severity.NORMAL)),
        file=table.source.name,
        line=line,
    )
    must, must_not = (read_examples(table, key, stamps) for key in EXAMPLE_KEYS)
    old = table.text_or_texts("renamed_from")
    for key, text in (("id", id_), ("query", query), *(("renamed_from", one) for one in old)):
        check_placeholders(table, key, text, stamps)
    if not table.sound:
        return ()
    rules = tuple(_stamped(draft, must, must_not, stamp, old) for stamp in stamps)
    _check(table, rules)
    return rules if table.sound else ()


def _stamped(draft: Rule, must: Examples, must_not: Examples, stamp: Stamp, old: tuple[str, ...]) -> RawRule:
    fill = stamp.fill
    rule = Rule(
        fill(draft.id),
        fill(draft.title),
        fill(draft.query),
        "",
        tuple(map(fill, draft.tags)) if stamp.values else draft.tags,
        draft.severity,
        must.of(stamp),
        must_not.of(stamp),
        draft.file,
        draft.line,
    )
    return RawRule(rule, stamp, tuple(map(fill, old)))


def _check(table: Table, rules: tuple[RawRule, ...]) -> None:
    """Reports ids and tags that are none, and ids that two stamps share."""
    stamps: dict[str, Stamp] = {}
    for raw in rules:
        id_, by = raw.rule.id, f" (with {raw.stamp})" if raw.stamp.values else ""
        if not _ID.match(id_):
            table.wrong("id", f'"{id_}" is no rule id: lower-case letters, digits, "-", "_" and "."{by}')
            return
        for old in raw.renamed_from:
            if not _ID.match(old):
                table.wrong("renamed_from", f'"{old}" is no rule id, and never was one{by}')
                return
        for tag in raw.rule.tags:
            if not _TAG.match(tag):
                table.wrong("tags", f'"{tag}" is no tag: it holds a space or one of ! : *{by}')
                return
        if stamps.setdefault(id_, raw.stamp) is not raw.stamp:
            table.wrong("id", f'"{id_}" is made twice, with {stamps[id_]} and with {raw.stamp}: {_advice(raw)}')
            return
    if len(rules) > 1 and len({raw.rule.query for raw in rules}) == 1:
        message = f"{written(table.path)}.query: is the same in all {len(rules):,} rules that each makes"
        table.source.report((*table.path, "query"), message, Gravity.WARNING)


def _advice(raw: RawRule) -> str:
    first, *more = raw.stamp.values
    return "name every key in it" if more else f"name {{{first}}} in it"
