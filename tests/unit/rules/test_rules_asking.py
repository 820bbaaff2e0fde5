"""Which rules ask for a field: in their queries, in the terms they use, in what entities need; none is missed."""

from __future__ import annotations

import pytest

from monitor.core.rules import RuleFile, load_rules
from monitor.core.rules.asks import asking, asks_for

FILE = """
[terms.abroad]
query = 'place:Jordan OR place:Kabul'
[terms.there]
query = 'trucks AND $abroad'
[terms.words]
query = 'places OR persons'
[entities.khan]
name = "Sadiq Khan"
need = "language:en"
[entities.asif]
name = "Asif"
not = "section:sport"
[entities.dar]
name = "Ishaq Dar"
"""


def asked(query: str, *names: str) -> list[str]:
    loaded = load_rules([RuleFile("r.toml", f"{FILE}\n[[rules]]\nid = 'r'\nquery = '''{query}'''\n")])
    ruleset = loaded.ruleset
    assert len(ruleset.rules) == 1, loaded.problems
    found = [field.source for one in asking(ruleset, names) for field in one.fields]
    assert [asks_for(ruleset, name) for name in names] == [
        any(field.startswith(f"{name}:") for field in found) for name in names
    ]
    return found


@pytest.mark.parametrize(
    ("query", "names", "fields"),
    [
        ("trucks AND place:Jordan", ("place",), ["place:Jordan"]),
        ("trucks AND NOT (queue OR place:Jordan)", ("place",), ["place:Jordan"]),
        ("SENTENCE(trucks AND place:Jordan)", ("place", "person"), ["place:Jordan"]),
        ("ATLEAST(2, place:Jordan)", ("place",), ["place:Jordan"]),
        ("trucks AND $there", ("place",), ["place:Jordan", "place:Kabul"]),
        ("@khan", ("language", "section"), ["language:en"]),
        ("trucks OR @asif", ("language", "section"), ["section:sport"]),
        ("@khan AND language:en", ("language",), ["language:en"]),
        ("@dar", ("language", "section", "place"), []),
        ("$words AND places", ("place", "person"), []),
        ("trucks AND feed:place", ("place",), []),
    ],
)
def test_every_field_that_is_asked_for_is_found_once(
    query: str, names: tuple[str, ...], fields: list[str]
) -> None:
    assert asked(query, *names) == fields
