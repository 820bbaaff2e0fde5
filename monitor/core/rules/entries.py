"""Reads one entity or one rule of a rule file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from monitor.core.rules.errors import QueryInvalid
from monitor.core.rules.nodes import Exact, Words
from monitor.core.rules.pieces import acronym_node, spelling_node
from monitor.core.rules.table import Path, RuleSource, Table, written
from monitor.model.rule import Entity, Example, Rule, Severity

ENTITY_TYPES = ("person", "org", "place", "other")
ENTITY_KEYS = ("name", "type", "aliases", "acronyms", "variants", "need", "not")
RULE_KEYS = ("id", "title", "query", "tags", "severity", "must_match", "must_not_match")

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_TAG = re.compile(r"[^\s!:*]+\Z")


@dataclass(frozen=True, slots=True)
class RawEntity:
    """An entity and the nodes that find its spellings."""

    entity: Entity
    spellings: tuple[Words | Exact, ...]
    source: RuleSource
    path: Path


@dataclass(frozen=True, slots=True)
class RawRule:
    """A rule whose query is not read yet; its version is still empty."""

    rule: Rule
    source: RuleSource
    path: Path


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
    return RawEntity(entity, spellings, table.source, table.path) if table.sound else None


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


def read_rule(table: Table, line: int) -> RawRule | None:
    """The rule of the table `[[rules]]` at `line`, None when something besides its query is wrong."""
    table.known(RULE_KEYS, later=("each",))
    id_ = table.text("id")
    if id_ and not _ID.match(id_):
        table.wrong("id", f'"{id_}" is no rule id: lower-case letters, digits, "-", "_" and "."')
    tags = table.texts("tags")
    for tag in tags:
        if not _TAG.match(tag):
            table.wrong("tags", f'"{tag}" is no tag: it holds a space or one of ! : *')
    rule = Rule(
        id=id_,
        title=table.text("title", id_) or id_,
        query=table.text("query"),
        version="",
        tags=tags,
        severity=Severity(table.one_of("severity", tuple(Severity), Severity.NORMAL)),
        must_match=_examples(table, "must_match"),
        must_not_match=_examples(table, "must_not_match"),
        file=table.source.name,
        line=line,
    )
    return RawRule(rule, table.source, table.path) if table.sound else None


def _examples(table: Table, key: str) -> tuple[Example, ...]:
    found = [_example(table, key, index, value) for index, value in enumerate(table.items(key))]
    return tuple(one for one in found if one is not None)


def _example(table: Table, key: str, index: int, value: Any) -> Example | None:
    match value:
        case str() if value.startswith("file:") and value != "file:":
            return Example(file=value.removeprefix("file:"))
        case str() if value.strip():
            return Example(body=value)
        case {"title": str(title), "body": str(body), **rest} if not rest:
            return Example(title, body)
        case {"title": str(title), **rest} if not rest:
            return Example(title)
        case {"body": str(body), **rest} if not rest:
            return Example(body=body)
        case _:
            table.wrong(key, f'example {index + 1} must be a text, "file:…" or {{ title = "…", body = "…" }}')
            return None
