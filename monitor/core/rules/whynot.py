"""One line that says why a rule does not hold: for `monitor why` and for examples that fail."""

from __future__ import annotations

from monitor.core.rules.fields import METADATA
from monitor.model.rule import Explanation

_LONGEST = 160
_MOST_ALTERNATIVES = 4
_UNITS = {"SENTENCE": "sentence", "PARA": "paragraph"}


def why_not(explanation: Explanation) -> str:
    """The failing operands on one line of at most 160 characters; "" for an explanation that holds."""
    if explanation.holds:
        return ""
    line = _reason(explanation)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _reason(one: Explanation) -> str:
    # that nothing stands near it is no fault of what a NOT NEAR looks for
    operands = one.children[:1] if one.node.startswith("NOT NEAR/") else one.children
    failing = [child for child in operands if not child.holds]
    if one.node in _UNITS:
        # Below it stands what the whole article holds: an operand that is absent says why, one that must be
        # absent does not, since it may stand in another sentence.
        absent = [leaf for leaf in _leaves(one) if not leaf.holds]
        return (
            "; ".join(_reason(leaf) for leaf in absent)
            or one.note
            or f"no single {_UNITS[one.node]} holds all of it"
        )
    if one.node == "OR" and failing:
        alternatives = _alternatives(one)
        return _lacking_in_all(alternatives) or f"none of {_some(alternatives)}"
    if one.node[-1:] == ":" and one.note:
        wanted = f", not {_some(list(one.children))}" if one.note.startswith("it is ") else ""
        return f"{one.node} {one.note}{wanted}" if one.node[:-1] in METADATA else one.note
    if one.node.startswith(("NOT NEAR/", "ATLEAST(")) and one.note and not failing:
        return one.note
    if one.node == "NOT" or not failing:
        # all operands are there, but not as asked: the note says how (never in one sentence, too far apart)
        return one.note or f"absent: {one.node}"
    if one.node.startswith("$"):
        return f"absent: {one.node}"
    return "; ".join(_reason(child) for child in failing)


def _alternatives(one: Explanation) -> list[Explanation]:
    """The alternatives of an OR, those of an OR inside it, too."""
    return [leaf for child in one.children for leaf in _alternatives(child)] if one.node == "OR" else [one]


def _lacking_in_all(alternatives: list[Explanation]) -> str:
    """What every alternative needs and none found, said once; "" where they lack different things."""
    first, *others = [_reason(one).split("; ") for one in alternatives]
    return "; ".join(part for part in first if others and all(part in other for other in others))


def _leaves(one: Explanation) -> list[Explanation]:
    """The operands of an AND below, but for what must be absent."""
    if one.node in ("AND", *_UNITS):
        return [leaf for child in one.children for leaf in _leaves(child)]
    return [] if one.node == "NOT" else [one]


def _name(one: Explanation) -> str:
    if one.node.endswith(":"):
        return one.node + _some(list(one.children))
    # an operator says little without what it lacks
    return f"{one.node} ({_reason(one)})" if one.children and one.node[:1] != "$" else one.node


def _some(failing: list[Explanation]) -> str:
    names = list(map(_name, failing))
    more = len(names) - _MOST_ALTERNATIVES
    return ", ".join(names[:_MOST_ALTERNATIVES]) + (f" … ({more} more)" if more > 0 else "")
