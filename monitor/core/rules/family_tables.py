"""`[families.close]` in a rule file: words for a shipped word family, words out of it, or a family of its own."""

from __future__ import annotations

from monitor.core.rules.pieces import one_term
from monitor.core.rules.table import Table
from monitor.core.text.families import FamilyChange

FAMILY_KEYS = ("words", "not", "replace")
"""The keys of one `[families.NAME]` table."""


def read_family(table: Table, name: str) -> tuple[str, FamilyChange] | None:
    """The head and the change that the table `name` says; None, and reported, when something is wrong with it."""
    table.known(FAMILY_KEYS)
    head = one_term(name)
    if head is None:
        table.sound = False
        table.source.report(table.path, f'"{name}" is not one word: a family is named by its head')
    words, unlike = _words(table, "words"), _words(table, "not")
    change = FamilyChange(words, unlike, table.flag("replace"))
    for word in unlike:
        if word == head or word in words:
            table.wrong("not", f'"{word}" belongs to the family')
    if table.sound and not (words or unlike or change.replace):
        table.wrong("words", "the family says nothing: give it words")
    return (head, change) if head is not None and table.sound else None


def _words(table: Table, key: str) -> tuple[str, ...]:
    found = []
    for written in table.texts(key):
        word = one_term(written)
        if word is None:
            table.wrong(key, f'"{written}" is not one word')
        else:
            found.append(word)
    return tuple(dict.fromkeys(found))
