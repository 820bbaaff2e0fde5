"""Lines of TOML values, for every way TOML has of writing them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.text.toml_lines import line_of

TEXT = '''\
# a comment
top = 1

[store]
url = "x"
"a key" = 2
pool.size = 3

[receivers.ops]
slack = { webhook_url = "env:X", deep = { er = [1, 2] } }

[receivers."night desk"]
email = [
  "a@example.org",   # first
  # between
  "b@example.org",
]

[[digests]]
name = "one"
text = """
two
lines"""
timezone = "Asia/Kabul"

[digests.style]
colour = "red"

[[digests]]
name = "two"
[[digests.parts]]
n = 1
[[digests.parts]]
n = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("store",), 4),
        (("store", "url"), 5),
        (("store", "a key"), 6),
        (("store", "pool", "size"), 7),
        (("receivers", "ops"), 9),
        (("receivers", "ops", "slack", "webhook_url"), 10),
        (("receivers", "ops", "slack", "deep", "er", 1), 10),
        (("receivers", "night desk", "email"), 13),
        (("receivers", "night desk", "email", 0), 14),
        (("receivers", "night desk", "email", 1), 16),
        (("digests",), 19),
        (("digests", 0), 19),
        (("digests", 0, "text"), 21),
        (("digests", 0, "timezone"), 24),
        (("digests", 0, "style"), 26),
        (("digests", 0, "style", "colour"), 27),
        (("digests", 1), 29),
        (("digests", 1, "name"), 30),
        (("digests", 1, "parts", 0, "n"), 32),
        (("digests", 1, "parts", 1), 33),
        (("digests", 1, "parts", 1, "n"), 34),
    ],
)
def test_every_way_of_writing_a_value_has_its_line(path: tuple[str | int, ...], line: int):
    tomllib.loads(TEXT)
    assert line_of(TEXT, path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("nowhere",), 0),
        (("store", "nowhere"), 4),
        (("store", "nowhere", "deeper", 3), 4),
        (("digests", 0, "rules"), 19),
        (("digests", 1, "rules"), 29),
        (("digests", 7), 19),
        (("receivers", "night desk", "email", 9), 13),
        (("top", "is no table"), 2),
        ((), 0),
    ],
)
def test_what_is_not_there_has_the_line_of_what_encloses_it(path: tuple[str | int, ...], line: int):
    assert line_of(TEXT, path) == line


def test_a_key_and_its_value_may_stand_on_different_lines():
    text = "[a]\nlist = [\n  1,\n  {\n    name = 2 } ]\n"
    assert line_of(text, ("a", "list", 1, "name")) == 5
    assert line_of(text, ("a", "list", 1)) == 4
    assert line_of(text, ("a", "list"), key=True) == 2
    assert line_of(TEXT, ("digests", 0, "text"), key=True) == 21


def test_a_table_first_mentioned_by_its_child_gets_its_own_header_or_the_childs():
    assert line_of("\n[a.b]\nc = 1\n", ("a",)) == 2
    assert line_of("[a]\n[a.b]\n[a.c]\n", ("a",)) == 1
    assert line_of("[a.b]\nc = 1\n\n[a]\nd = 1\n", ("a",)) == 4
    assert line_of("[a.b]\nc = 1\n\n[a]\nd = 1\n", ("a", "d")) == 5


@pytest.mark.parametrize("key", ['"\\u0041 b"', "'A b'", '"A b"'])
def test_quoted_keys_are_decoded(key: str):
    assert line_of(f"\n[t.{key}]\n{key}.x = 1\n", ("t", "A b", "A b", "x")) == 3


def test_a_line_after_text_in_other_scripts_is_counted_right():
    assert line_of('a = "خواجہ آصف"\r\nb = "ä"\r\nc = 1\r\n', ("c",)) == 3


@pytest.mark.parametrize(
    "text",
    [
        *("", "[", "[[", "a =", "= 1", "[a\nb = 1", 'a = "', "[a]]\nb=1", "a = [1,\n\n[b]\nc = 2"),
        *("[" * 5000, "a." * 5000, "a = " + "[" * 3000, "a = " + "{b=" * 3000, "\x00"),
        *("\ud800 = 1", "[a]\na.a = 1\n[a.a]\nb = 1", "[[a]]\n[a]\n[[a.b]]\n[a.b]", "a = 1\n[[a]]\n[a.b]"),
    ],
)
def test_broken_toml_never_raises(text: str):
    assert line_of(text, ("a", "b")) >= 0


def test_what_stands_behind_a_broken_line_is_still_found():
    assert line_of("[a]\nb = = 1\n[c]\nd = 2\n", ("c", "d")) == 4


_KEYS = st.text(alphabet="abc .\"'\\é", min_size=1, max_size=4)
_VALUES = st.recursive(
    st.integers(0, 9) | st.text(alphabet="xy]}#\n", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


def _quote(text: str) -> str:
    return '"' + "".join(f"\\u{ord(letter):04x}" if letter in "\"'\\\n" else letter for letter in text) + '"'


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_quote(k)} = {_inline(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ",".join(f"\n {_inline(v)}" for v in value) + "\n]"
    return _quote(value) if isinstance(value, str) else str(value)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=5))
def test_the_value_of_any_key_stands_on_the_line_where_it_was_written(table: dict[str, Any]):
    lines: list[str] = []
    expected: dict[str, int] = {}
    for name, value in table.items():
        expected[name] = len(lines) + 1
        lines.extend(f"{_quote(name)} = {_inline(value)}".split("\n"))
    text = "\n".join(lines)
    assert tomllib.loads(text) == table
    for name, line in expected.items():
        assert line_of(text, (name,)) == line
