"""Whatever stands in a rule file becomes a problem or a rule, never an exception."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.rules import RuleFile, load_rules
from monitor.model.article import Document

QUERIES = ["torkham", "@e AND $t", "$t", "NOT x", "a NEAR/3 b", "", "(", "~close", "title:(a OR $t)", "=US", "ta*"]
plain = (
    st.sampled_from(QUERIES)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
    | st.integers(-5, 5)
    | st.booleans()
    | st.sampled_from(["nan", "-inf", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "1e400", "0x1f"]).map(
        lambda word: _Bare(word)
    )
)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
)
KEYS = {
    "entities": ["name", "type", "aliases", "acronyms", "variants", "need", "not", "colour"],
    "terms": ["query", "note"],
    "rules": ["id", "title", "query", "tags", "severity", "must_match", "must_not_match", "each"],
}
NAMES = ["e", "t", "x y", "Ω"]


class _Bare(str):
    """A value that TOML writes without quotes."""

    __slots__ = ()


def written(value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, _Bare):
        return value
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {written(one)}" for key, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def tables(kind: str) -> st.SearchStrategy[str]:
    header = st.just("[[rules]]") if kind == "rules" else st.sampled_from(NAMES).map(lambda n: f'[{kind}."{n}"]')
    fields = st.dictionaries(st.sampled_from(KEYS[kind]), values, max_size=5)
    return st.tuples(header, fields).map(
        lambda pair: "\n".join([pair[0], *(f"{key} = {written(value)}" for key, value in pair[1].items())])
    )


odd_tops = st.sampled_from(["rules", "terms", "entities", "rule"]).flatmap(
    lambda key: values.map(lambda value: f"{key} = {written(value)}")
)
files = st.lists(tables("entities") | tables("terms") | tables("rules"), max_size=5, unique=True) | odd_tops.map(
    lambda line: [line]
)


@given(st.lists(files, min_size=1, max_size=2))
@settings(max_examples=200, deadline=None)
def test_a_rule_file_of_odd_values_loads_or_says_why_not(parts: list[list[str]]):
    loaded = load_rules([RuleFile(f"{number}.toml", "\n".join(part)) for number, part in enumerate(parts)])
    for problem in loaded.problems:
        assert problem.message
        assert problem.line >= 0
    loaded.ruleset.match(Document(id="d", title="Torkham a b x", body="US"))
