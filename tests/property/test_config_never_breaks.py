"""Whatever stands in config.toml: settings come out, or ConfigInvalid, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.config import load_config, outline
from monitor.config.shape import TABLES
from monitor.model.errors import ConfigInvalid, SecretUnavailable
from monitor.model.problem import Problem

EXAMPLE = (Path(__file__).parents[2] / "config.example.toml").read_text(encoding="utf-8")
# Its commented settings too.
WHOLE = re.sub(r"^# (?=\[|\w+ = )", "", EXAMPLE, flags=re.MULTILINE)


def resolve(reference: str) -> str:
    raise SecretUnavailable(reference, "there are none here")


def survives(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        load_config(text, "c", directory="/etc/monitor", secrets=resolve)
    except ConfigInvalid as error:
        problems = error.problems or (Problem("c", -1, ""),)
    assert all(0 <= problem.line <= text.count("\n") + 1 and problem.message for problem in problems)
    outline(text, "/etc/monitor")


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The example with a few lines or characters cut, doubled or replaced."""
    text = draw(st.sampled_from([EXAMPLE, WHOLE]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        piece = draw(
            st.text(max_size=5) | st.sampled_from(["[", "]", '"', "[[", "\n", "=", "{", "}", ",", "'", "0"])
        )
        text = text[:start] + draw(st.sampled_from(["", piece, text[start:end] * 2])) + text[end:]
    return text


@settings(max_examples=150, deadline=None)
@given(mutated())
def test_a_mutated_example_never_breaks_the_loader(text: str):
    survives(text)


SCALARS = (
    st.sampled_from(
        ['""', '"0"', '"5m"', '"-1s"', '"env:X"', '"file:"', '"every 0"', '"* * * * *"', '"immediate"']
    )
    | st.sampled_from(["0", "-1", "1e400", "nan", "1979-05-27", "07:32:00", "true", "[]", "{}", "[[]]", "9" * 400])
    | st.sampled_from(['"https://["', '"sqlite:///x"', '"\\u0000"', '"%"', '"~"', '["a@b.c"]', "{x = {y = 1}}"])
    | st.text(max_size=20).map(lambda text: "'" + "".join(c for c in text if c.isprintable() and c != "'") + "'")
)


@st.composite
def shaped(draw: st.DrawFn) -> str:
    """A TOML text of known tables and keys with odd values."""
    lines: list[str] = []
    places = [place for place in TABLES if "*" not in place or len(place) == 2]
    for place in draw(st.lists(st.sampled_from(places), max_size=6)):
        fields: dict[str, Any] = TABLES[place].model_fields
        keys = [field.alias or name for name, field in fields.items()] + ["x y"]
        chosen = draw(st.lists(st.sampled_from(keys), max_size=5, unique=True))
        if place == ("receivers", "*"):
            lines.append(f"[receivers.'{draw(st.sampled_from(['a', 'b', ' ', '', 'é']))}{len(lines)}']")
        elif place[1:] == ("*",):
            lines.append(f"[[{place[0]}]]")
        elif place and f"[{place[0]}]" not in lines:
            lines.append(f"[{place[0]}]")
        else:
            chosen = []
        lines += [f'"{key}" = {draw(SCALARS)}' for key in chosen]
    return "\n".join(lines)


@settings(max_examples=200, deadline=None)
@given(shaped())
@example("feeds = 3\ndigests = 3\nreceivers = 3\npoll = 3\nrules = 3\nsmtp = 3")
@example("feeds = [3]\ndigests = [3]\nreceivers = {a = 3}\n[rules]\nfiles = [3]")
@example("[[digests]]\nto = [['a']]\nrules = [3]\nschedule = 3\nname = 3")
def test_odd_values_never_break_the_loader(text: str):
    survives(text)
