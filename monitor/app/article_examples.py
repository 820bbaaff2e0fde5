"""A stored article as an example of a rule: the words that the rule read, and what else it asks of an article."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.app.explaining import stored_subject
from monitor.app.open_house import OpenHouse
from monitor.core.rules import load_query
from monitor.core.rules.asks import asking
from monitor.core.rules.editing import value_toml
from monitor.core.rules.fields import METADATA

LONGEST = 10_000
"""Characters of a body that an example takes over: a news story whole, of a book its beginning."""

_LISTS = {"author": "authors", "tag": "tags"}


def article_example(open_house: OpenHouse, url: str, query: str) -> str:
    """The article of that address on one line of TOML: `{title = "…", body = "…"}`. Raises NotExplainable."""
    return value_toml(example_of_article(open_house, url, query))


def example_of_article(open_house: OpenHouse, url: str, query: str) -> dict[str, object]:
    """The same as the table of an example. Raises NotExplainable."""
    document = stored_subject(open_house.house.store, url).document
    said: dict[str, object] = {"title": document.title, "body": document.body[:LONGEST]}
    if document.summary not in document.body:
        said["summary"] = document.summary
    for field in _asked(open_house, query):
        found = getattr(document, _LISTS.get(field, field))
        said[_LISTS.get(field, field)] = list(found) if isinstance(found, tuple) else found
    return _without_nothing(said)


def _asked(open_house: OpenHouse, query: str) -> list[str]:
    """What is known of an article and the query asks for: else the example would say more than it means."""
    ruleset = open_house.ready().ruleset
    alone = load_query(query, ruleset).ruleset
    return sorted({field.name for one in asking(alone, METADATA) for field in one.fields})


def _without_nothing(said: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in said.items() if value}
