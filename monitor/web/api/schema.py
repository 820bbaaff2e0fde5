"""JSON Schema (2020-12, as OpenAPI 3.1 has it) in few words."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
REAL: Schema = {"type": "number"}
YES_NO: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}
TEXTS: Schema = {"type": "array", "items": TEXT}
COUNTS: Schema = {"type": "object", "additionalProperties": NUMBER}


def holding(fields: Schema, may: Schema | None = None) -> Schema:
    """An object with these fields, all of them, and none but those that it `may` have besides."""
    return {
        "type": "object",
        "properties": fields | (may or {}),
        "required": list(fields),
        "additionalProperties": False,
    }


def each(one: Schema, *names: str) -> dict[str, Schema]:
    """Fields of these names, each such a one."""
    return dict.fromkeys(names, one)


def many(one: Schema) -> Schema:
    """A list of such."""
    return {"type": "array", "items": one}


def maybe(one: Schema) -> Schema:
    """Such a one, or null."""
    if isinstance(one.get("type"), str) and "enum" not in one:
        return one | {"type": [one["type"], "null"]}
    return {"anyOf": [one, {"type": "null"}]}


def named(values: type[Enum] | Iterable[str]) -> Schema:
    """One of these names."""
    names = [one.value for one in values] if isinstance(values, type) else list(values)
    return {"type": "string", "enum": names}


def ref(name: str) -> Schema:
    """The shape of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def page(one: Schema) -> Schema:
    """A page of a list; `next` is the cursor of the one that follows, null on the last."""
    return holding({"items": many(one), "next": maybe(TEXT)})
