"""The reference pages name every command, option, key and form of a query that is real, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import click
import pytest
from documents import code, document, rows
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from monitor.cli.main import cli
from monitor.config.faults import keys_of
from monitor.config.shape import TABLES
from monitor.config.values import duration_text
from monitor.core.rules import RuleFile, RuleSet, load_rules
from monitor.core.rules.entries import ENTITY_KEYS, RULE_KEYS
from monitor.core.rules.family_tables import FAMILY_KEYS
from monitor.core.rules.fields import FIELDS
from monitor.model.article import Document
from monitor.model.digest import Cron
from monitor.model.problem import Gravity, Problem
from monitor.model.rule import Match
from monitor.model.secret import Secret

# ---- commands.md


def commands(command: click.Command, path: str = "monitor") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, and the root, by what one types."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    if path == "monitor":
        yield path, command
    for name, child in command.commands.items():
        yield from commands(child, f"{path} {name}")


def usage(path: str, command: click.Command) -> str:
    """The command with its arguments: `monitor init [DIRECTORY]`."""
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    return " ".join([path, *(one.make_metavar(click.Context(command)) for one in arguments)])


def option_names(command: click.Command) -> dict[str, click.Option]:
    """The options as a help text writes them, without --help, which all have."""
    found = {}
    for one in command.params:
        if isinstance(one, click.Option) and one.name != "help":
            record = one.get_help_record(click.Context(command))
            assert record is not None
            found[record[0].strip()] = one
    return found


COMMANDS = dict(commands(cli))


def test_every_command_has_its_section_and_no_section_is_invented():
    headings = {code(title) for title in document("docs/reference/commands.md").sections if title.startswith("`")}
    assert headings == {usage(path, command) for path, command in COMMANDS.items()}


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_is_described_and_none_is_invented(path: str):
    command = COMMANDS[path]
    section = document("docs/reference/commands.md").sections[f"`{usage(path, command)}`"]
    described = {code(cells[0]): cells[1] for cells in rows(section)}
    real = option_names(command)
    assert set(described) == set(real)
    for name, option in real.items():
        if option.show_default:
            assert f"default `{option.default}`" in described[name]


# ---- config.md

_HEADINGS = {
    ("store",): "`[store]`",
    ("poll",): "`[poll]`",
    ("feeds", "*"): "`[[feeds]]`",
    ("feeds", "*", "auth"): "`auth`",
    ("rules",): "`[rules]`",
    ("nlp",): "`[nlp]`",
    ("smtp",): "`[smtp]`",
    ("receivers", "*"): "`[receivers.NAME]`",
    ("receivers", "*", "slack"): "`slack`",
    ("receivers", "*", "webhook"): "`webhook`",
    ("receivers", "*", "file"): "`file`",
    ("receivers", "*", "stdout"): "`stdout`",
    ("receivers", "*", "apprise"): "`apprise`",
    ("health",): "`[health]`",
    ("jobs",): "`[jobs]`",
    ("digests", "*"): "`[[digests]]`",
    ("web",): "`[web]`",
    ("web", "tokens", "*"): "`[[web.tokens]]`",
    ("stories",): "`[stories]`",
    ("publishers", "*"): "`[publishers.NAME]`",
}


def test_the_config_page_has_a_section_for_every_table():
    headings = {title for title in document("docs/reference/config.md").sections if title.startswith("`")}
    assert set(_HEADINGS) == set(TABLES) - {()}
    assert headings == set(_HEADINGS.values())


@pytest.mark.parametrize("place", _HEADINGS, ids=".".join)
def test_every_key_is_described_with_its_default_and_none_is_invented(place: tuple[str, ...]):
    section = document("docs/reference/config.md").sections[_HEADINGS[place]]
    described = {code(cells[0]): cells for cells in rows(section)}
    assert set(described) == set(keys_of(TABLES[place]))
    for name, field in TABLES[place].model_fields.items():
        _, kind, said, meaning = described[field.alias or name]
        assert kind
        assert meaning
        default = written(field)
        if default is None:
            assert said not in ("", "required")
        else:
            assert said == default, field.alias or name


def written(field: FieldInfo) -> str | None:
    """The default of a key as the page writes it; None where it depends on other keys."""
    value: Any = field.default
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, Secret):
        value = value.reveal()
    if isinstance(value, Cron):
        value = value.text
    if isinstance(value, timedelta):
        value = duration_text(value)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int):
        return f"`{value}`" if value < 1_000_000 else f'`"{value // 1_000_000}MB"`'
    if isinstance(value, list):
        return f"`[{', '.join(f'{chr(34)}{item}{chr(34)}' for item in value)}]`"
    return None if value is None else f'`"{value}"`'


# ---- rules.md


def rule_rows(heading: str) -> list[list[str]]:
    """The rows of a table of rules.md whose first cell is a query."""
    return [[code(cells[0]), *cells[1:]] for cells in rows(document("docs/reference/rules.md").sections[heading])]


def loaded(query: str) -> tuple[RuleSet, tuple[Problem, ...]]:
    """A rule set of one rule with this query."""
    found = load_rules([RuleFile("page.toml", f"[[rules]]\nid = 'page'\nquery = '''{query}'''\n")])
    return found.ruleset, found.problems


def patterns() -> list[list[str]]:
    """The queries that the how-to offers."""
    page = document("docs/how-to/write-a-rule.md")
    return [[code(cells[0]), *cells[1:]] for cells in rows(page.sections["Patterns to take"])]


@pytest.mark.parametrize("row", [*rule_rows("Queries"), *patterns()], ids=lambda row: row[0])
def test_a_query_finds_what_the_page_says(row: list[str]):
    query, found, not_found = row
    ruleset, problems = loaded(query)
    assert not [one for one in problems if one.gravity is Gravity.ERROR]
    for body, holds in ((found, True), (not_found, False)):
        answers = ruleset.match(Document(id="1", title="", body=body.replace("<br>", "\n")))
        assert [isinstance(one, Match) for one in answers] == [True] * holds, body


def test_every_field_is_described_and_none_is_invented():
    assert tuple(row[0] for row in rule_rows("Fields")) == FIELDS


@pytest.mark.parametrize("row", rule_rows("What is refused"), ids=lambda row: row[0])
def test_a_query_is_refused_as_the_page_says(row: list[str]):
    _, problems = loaded(row[0])
    assert [one.gravity for one in problems] == [Gravity.ERROR]
    assert row[1] in problems[0].message


@pytest.mark.parametrize("row", rule_rows("What is warned of"), ids=lambda row: row[0])
def test_a_query_is_warned_of_as_the_page_says(row: list[str]):
    ruleset, problems = loaded(row[0])
    assert ruleset.rules
    assert {one.gravity for one in problems} == {Gravity.WARNING}
    assert any(row[1] in one.message for one in problems)


def test_every_key_of_a_rule_file_is_described_and_none_is_invented():
    sections = document("docs/reference/rules.md").sections
    entity = {code(cells[0]) for cells in rows(sections["`[entities.ID]`"])}
    rule = {code(cells[0]) for cells in rows(sections["`[[rules]]`"])}
    assert entity | {"need", "not"} == set(ENTITY_KEYS)
    assert {"need", "not"} <= set(re.findall(r"`(\w+)`", sections["`[entities.ID]`"]))
    assert rule == set(RULE_KEYS)
    assert {code(cells[0]) for cells in rows(sections["`[families.NAME]`"])} == set(FAMILY_KEYS)
