"""One line that says why a rule holds: for digests and logs."""

from __future__ import annotations

import re

from monitor.model.rule import Explanation, Span

_LONGEST = 200
_POSSESSIVE = re.compile(r"['’]s\Z")
_NEAR = re.compile(r"(O?)NEAR/(\d+)\Z")
_FIELD = re.compile(r"([a-z]+):\Z")
_AT_LEAST = re.compile(r"ATLEAST\((\d+)\)\Z")
_KINDS = {"person": "a person", "org": "an organisation", "place": "a place"}


def because(explanation: Explanation) -> str:
    """The reason on one line of at most 200 characters; "" for an explanation that does not hold.

    `"Torkham" and "closed" in one sentence`, or `@torkham by its spelling "طورخم" and $closed by "تړلې"`.
    """
    if not explanation.holds:
        return ""
    line = _reason(explanation)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _reason(one: Explanation) -> str:
    near = _NEAR.match(one.node)
    if near:
        left, right = map(_reason, one.children)
        before = " before" if near.group(1) else ""
        return f"{left} within {near.group(2)} words{before or ' of'} {right}"
    if one.node.startswith("NOT NEAR/"):
        far = one.note.partition("not near: ")[2]
        return _reason(one.children[0]) + (f" with no {_short(far)} near" if far else "")
    if at_least := _AT_LEAST.match(one.node):
        return f"{_reason(one.children[0])} at least {at_least.group(1)} times"
    if field := _FIELD.match(one.node):
        return _in_field(field.group(1), one)
    match one.node:
        case "AND":
            # what was absent explains little as long as something was found
            found = [_reason(child) for child in one.children if child.node != "NOT"]
            return _listed(list(dict.fromkeys(found)))
        case "OR":
            return next((_reason(child) for child in one.children if child.holds), "")
        case "NOT":
            return f"without {_short(one.note.partition(': ')[2])}"
        case "SENTENCE":
            return f"{_reason(one.children[0])} in one sentence"
        case "PARA":
            return f"{_reason(one.children[0])} in one paragraph"
        case _:
            return _found(one)


def _in_field(name: str, one: Explanation) -> str:
    if name in ("title", "summary", "body", "lead"):
        return f"{_reason(one.children[0])} in the {name}"
    if name in _KINDS:
        return f"{_reason(one.children[0])} as {_KINDS[name]}"
    return f"{name} {_short(one.note.removeprefix('it is '))}"


def _found(one: Explanation) -> str:
    """A leaf by its first find, or a term by the words that decide it: `"traffic … halted"`."""
    spans = _deciding(one)
    if not spans:
        return _short(one.node)
    words = [" ".join(_POSSESSIVE.sub("", span.text).split()) for span in spans]
    text = _short(" … ".join(dict.fromkeys(words)))
    if one.node.startswith("@") and one.note:
        return f"{one.node} {one.note}"
    # a word of a language the reader may not know says little without its term
    if one.node.startswith("$") and not all(map(str.isascii, words)):
        return f'{one.node} by "{text}"'
    return f'"{text}"'


def _deciding(one: Explanation) -> list[Span]:
    """One find of each side of what holds, in reading order where they stand near each other."""
    holding = [child for child in one.children if child.holds]
    match one.node:
        case "OR":
            return next((found for child in holding if (found := _deciding(child))), [])
        case "AND" | "SENTENCE" | "PARA":
            return [span for child in holding if child.node != "NOT" for span in _deciding(child)]
        case node if _NEAR.match(node):
            return sorted(span for child in holding for span in _deciding(child))
        case node if holding and node.startswith("$"):
            return _deciding(holding[0])
    return list(one.spans[:1])


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
