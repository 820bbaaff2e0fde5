"""An explanation in words: the answer, the tree of operands, the passages with what was found; or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.app.explaining import Explained
from monitor.core.digests.passages import merge, one_line, passages_in
from monitor.core.rules import because, explanation_to_json
from monitor.core.rules.whynot import why_not
from monitor.core.text.columns import COLUMNS, cut_to, display_width, padded, wrap
from monitor.model.digest import Passage
from monitor.model.rule import Explanation, Span

_VERDICT_AT = 42  # the column in which yes and no stand
_FOUND_AT = 53  # the column in which the words found begin
_MOST_LINES = 60  # of a tree
_MOST_ALTERNATIVES = 6  # shown of those that hold
_MOST_FOLDED = 3  # lines of alternatives that found nothing


@dataclass(slots=True)
class _Operand:
    """One line of the tree: operands that are nothing but a wrapping of one other are joined with it."""

    labels: tuple[str, ...]  # one, or those of all alternatives that found nothing
    holds: bool
    spans: tuple[Span, ...] = ()
    note: str = ""
    below: list[_Operand] = field(default_factory=list)
    hidden: int = 0  # further operands that are not listed


def explained_lines(answer: Explained) -> list[str]:
    """The answer at 80 columns."""
    tree, document = answer.explanation, answer.subject.document
    verdict = "MATCH" if tree.holds else "NO MATCH"
    about = one_line(answer.subject.about)
    lines = wrap(f"{answer.rule.id} {answer.rule.version} · {verdict} · {about}", then="  ")
    reason = because(tree) or why_not(tree)
    lines += wrap(reason, "  ") if reason else []
    lines += [line for note in answer.subject.notes for line in wrap(f"({note})", "  ")]
    lines += ["", *_drawn(_operand(tree))]
    for name, text in (("title", document.title), ("summary", document.summary), ("body", document.body)):
        spans = [span for span in _evidence(tree) if span.field == name]
        shown = passages_in(text, spans, answer.rule.id)
        if shown:
            lines.append("")
        for passage in shown:
            lines += wrap(f"{'' if name == 'body' else name + ': '}{_marked(passage)}", then="  ")
    return lines


def explained_json(answer: Explained) -> dict[str, Any]:
    """The answer as a match line (interface contract), also for a rule that does not hold."""
    tree = explanation_to_json(answer.explanation)
    return {
        "document": answer.subject.document.id,
        "rule": answer.rule.id,
        "rule_version": answer.rule.version,
        "spans": tree["spans"],
        "explanation": tree,
    }


# ---- what is shown of a tree


def _operand(one: Explanation) -> _Operand:
    label, spans, notes, last = one.node, one.spans, [one.note], one
    while len(last.children) == 1:
        outer, last = last, last.children[0]
        spans = spans or last.spans
        notes.append(last.note)
        label += _joint(outer.node, last)
    shown = _Operand((label,), one.holds, spans, next(filter(None, map(_note, notes)), ""))
    if one.node == "NOT" and one.holds:
        return shown  # nothing of it was found: there is nothing to tell apart
    if last.node == "OR":
        _add_alternatives(shown, last.children)
    else:
        shown.below = [_operand(child) for child in last.children]
    return shown


def _joint(outer: str, inner: Explanation) -> str:
    """What the label of an operand adds to that of the one operand around it."""
    if outer == "SENTENCE" and inner.node == "AND":
        return ""  # SENTENCE(a AND b) is drawn as SENTENCE over a and b
    if outer.endswith(":") and not inner.children:
        return inner.node
    return f" = {inner.node}" if outer.startswith("$") else f" {inner.node}"


def _note(note: str) -> str:
    """What a note says beyond yes and no."""
    return "" if note.startswith(("absent: ", "present: ", "by its spelling ")) else note


def _add_alternatives(shown: _Operand, alternatives: Sequence[Explanation]) -> None:
    """Those that hold one by one; leaves that found nothing on one line together, the rest as a number."""
    holding = [_operand(one) for one in alternatives if one.holds]
    absent = [one for one in alternatives if not one.holds]
    shown.below = holding[:_MOST_ALTERNATIVES]
    shown.hidden = len(holding[_MOST_ALTERNATIVES:])
    leaves = tuple(one.node for one in absent if not one.children)
    trees = [one for one in absent if one.children]
    if leaves:
        shown.below.append(_Operand(leaves, False))
    if holding:
        shown.hidden += len(trees)
    else:
        shown.below += [_operand(one) for one in trees[:_MOST_ALTERNATIVES]]
        shown.hidden += len(trees[_MOST_ALTERNATIVES:])


# ---- lines


def _drawn(root: _Operand) -> list[str]:
    lines = _row(root, "", "") if not root.below else _head(root)
    lines += _branches(root, "")
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"… {len(lines) - _MOST_LINES + 1} more lines: --json has all of it"]
    return lines


def _head(root: _Operand) -> list[str]:
    """The root, and the passage it holds in: whether it holds, and why not, stands above."""
    passage = root.note.removeprefix("in ") if root.note.startswith("in ") else ""
    return [cut_to(f"{root.labels[0]}  {passage}".rstrip(), COLUMNS)]


def _branches(operand: _Operand, indent: str) -> list[str]:
    lines: list[str] = []
    for place, child in enumerate(operand.below):
        is_last = place == len(operand.below) - 1 and not operand.hidden
        down = indent + ("   " if is_last else "│  ")
        lines += _row(child, indent + ("└─ " if is_last else "├─ "), down)
        lines += _branches(child, down)
    if operand.hidden:
        lines.append(f"{indent}└─ … {operand.hidden} more")
    return lines


def _row(one: _Operand, first: str, then: str) -> list[str]:
    """One operand: its label, yes or no, how often it was found and in which words."""
    labels = _folded(one.labels, _VERDICT_AT - 2 - display_width(first))
    found = f"{len(one.spans)}×" if one.spans else ""
    said = _said(one)
    verdict = f"{'yes' if one.holds else ' no'}  {found:>4}  "
    lead = padded(f"{first}{labels[0]}", _VERDICT_AT) + verdict
    rows = [cut_to(f"{lead}{said}".rstrip(), COLUMNS)]
    rows += [f"{then}{label}".rstrip() for label in labels[1:]]
    if one.note and not one.note.startswith("in ") and one.note != said:
        rows += wrap(one.note, f"{then}  ")
    return rows


def _said(one: _Operand) -> str:
    room = COLUMNS - _FOUND_AT
    if one.below and one.note.startswith("in "):
        return cut_to(one.note.removeprefix("in "), room)
    words = dict.fromkeys(one_line(span.text) for span in one.spans)
    quoted = " ".join(f'"{word}"' for word in words)
    if not one.below and quoted:
        return cut_to(quoted, room)
    return one.note if not one.note.startswith("in ") and display_width(one.note) <= room else ""


def _folded(labels: Sequence[str], room: int) -> list[str]:
    """Labels side by side on at most three lines of so many columns; how many do not fit is said."""
    lines = [""]
    for place, label in enumerate(cut_to(label, room) for label in labels):
        longer = f"{lines[-1]} {label}".strip()
        if display_width(longer) <= room:
            lines[-1] = longer
        elif len(lines) < _MOST_FOLDED:
            lines.append(label)
        else:
            return [*lines, f"… {len(labels) - place} more"]
    return lines


# ---- passages


def _evidence(tree: Explanation) -> tuple[Span, ...]:
    """What a yes rests on; of a no, what was found all the same, and what should have been absent."""
    if tree.spans or (tree.node == "NOT" and tree.holds):
        return tree.spans
    return tuple(dict.fromkeys(span for child in tree.children for span in _evidence(child)))


def _marked(passage: Passage) -> str:
    """The passage with brackets round what was found."""
    out, place = "", 0
    for start, end in merge(passage.spans):
        out += f"{passage.text[place:start]}[{passage.text[start:end]}]"
        place = end
    return one_line(out + passage.text[place:])
