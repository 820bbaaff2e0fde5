"""What the form of the workbench says of a rule, as the table of a rule file has it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from monitor.core.rules.editing import Values
from monitor.web.site.forms import Fields

LONGEST_QUERY = 20_000
MOST_TYPED = 100  # examples of a kind, or tags, in one form: each is read, by rules and by TOML
EXAMPLES = ("must_match", "must_not_match")
SEVERITIES = ("low", "normal", "high")
EDITED = ("id", "title", "query", "tags", "severity", *EXAMPLES)


class BadField(ValueError):
    """A field that cannot be read; the message says which, and why."""


def fields_of_rule(values: Values) -> Fields:
    """A rule as the form shows it. Examples are listed beside it: its fields take further ones."""
    tags = values.get("tags", [])
    return {
        "id": str(values.get("id", "")),
        "title": " ".join(str(values.get("title", "")).split()),  # its field has one line
        "query": str(values.get("query", "")).strip(),
        "tags": " ".join(map(str, tags)) if isinstance(tags, list) else "",
        "severity": str(values.get("severity", "normal")),
    }


def drafted(fields: Fields, before: Values) -> Values:
    """The rule with what was typed, and all examples: those that are to go, too, since they are still shown.

    What was not touched stays as the file has it, to the letter. Raises BadField.
    """
    shown = fields_of_rule(before)
    values = dict(before)
    for key in ("id", "title", "query", "severity"):
        typed = fields.get(key, "").strip()
        if len(typed) > LONGEST_QUERY:
            raise BadField(f"{key}: is longer than {LONGEST_QUERY:,} characters")
        if key in fields and typed != shown[key].strip():
            values[key] = f"{typed}\n" if key == "query" and "\n" in typed else typed
    if "tags" in fields and fields["tags"].split() != shown["tags"].split():
        values["tags"] = _not_too_many(fields["tags"].split(), "tags")
    for key in EXAMPLES:
        more = list(_examples(fields.get(key, ""), key))
        if more and not isinstance(before.get(key, []), list):
            raise BadField(f"{key}: is no list in its file, and to be mended there")
        if more:
            values[key] = [*listed(before, key), *more]
    return {key: value for key, value in values.items() if value not in ("", []) or key == "query"}


def without_dropped(values: Values, fields: Fields) -> Values:
    """The same without the examples that are to go."""
    kept = {
        key: [one for place, one in enumerate(listed(values, key)) if f"drop-{key}-{place}" not in fields]
        for key in EXAMPLES
        if isinstance(values.get(key, []), list)
    }
    return {key: value for key, value in {**values, **kept}.items() if value != []}


def changes(before: Values, after: Values) -> Values:
    """What of a rule was changed: the new values, None for what is gone."""
    return {key: after.get(key) for key in EDITED if after.get(key) != before.get(key)}


def listed(values: Values, key: str) -> list[object]:
    """A list of a rule's table; an empty one where it has none."""
    found = values.get(key, [])
    return found if isinstance(found, list) else []


def _examples(text: str, key: str) -> Iterator[object]:
    """One on each line: a text, or a table as in the file."""
    for written in _not_too_many([line for one in text.split("\n") if (line := one.strip())], key):
        if written.startswith("file:"):  # of whatever the monitor may read
            raise BadField(f'{key}: "file:…" is written into the rule file by hand only')
        if written.startswith("{"):
            yield _table(written, key)
        else:
            yield written


def _table(written: str, key: str) -> dict[str, object]:
    try:
        table = dict(tomllib.loads(f"example = {written}")["example"])
    except (ValueError, RecursionError) as error:
        raise BadField(f"{key}: no table of TOML on one line: {error}") from error
    if _size(table) > MOST_TYPED:
        raise BadField(f"{key}: a table of more than {MOST_TYPED} values is no example")
    return table


def _size(value: object) -> int:
    """How many values there are in a value of TOML, itself among them."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_size, inner))


def _not_too_many(typed: list[str], key: str) -> list[str]:
    if len(typed) > MOST_TYPED:
        raise BadField(f"{key}: more than {MOST_TYPED} at once are no form but a file")
    return typed
