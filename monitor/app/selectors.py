"""Do the selector lines of the digests reach rules, and does every rule reach a digest?"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.config.values import did_you_mean, quoted
from monitor.core.digests.plan import takes
from monitor.core.text.toml_lines import line_of
from monitor.model.problem import Gravity, Problem
from monitor.model.rule import Rule, Severity

# Longer lists are no help on a screen.
_LISTED = 10
# Looking for a near word in more rules than this takes longer than a person waits.
_SEARCHED = 5000


def check_selectors(
    selectors: Sequence[tuple[int, tuple[str, ...]]], rules: Sequence[Rule], source: str, name: str
) -> list[Problem]:
    """Problems of the digests' selector lines, given by each digest's position in the config text `source`.

    Errors: a line, or all lines of a digest together, that reach no rule. Warnings: a line of exclusions that
    excludes nothing, and rules that no digest takes.
    """
    problems: list[Problem] = []
    for index, lines in selectors:
        found: list[Problem] = []
        if not _only_excludes(lines):
            answers = (_line_problem(index, at, line, rules, source, name) for at, line in enumerate(lines))
            found = [problem for problem in answers if problem]
        problems += found
        lost = any(problem.gravity is Gravity.ERROR for problem in found)
        if lines and not lost and not any(takes(lines, rule) for rule in rules):
            where = line_of(source, ("digests", index, "rules"))
            problems.append(Problem(name, where, f"digests[{index}].rules: {_why_together(lines)}"))
    if selectors and not any(problem.gravity is Gravity.ERROR for problem in problems):
        problems += _left_over(selectors, rules)
    return problems


def _line_problem(
    index: int, position: int, line: str, rules: Sequence[Rule], source: str, name: str
) -> Problem | None:
    terms = line.split()
    if not terms:
        return None  # its shape was reported
    where = line_of(source, ("digests", index, "rules", position))
    subject = f"digests[{index}].rules: {quoted(line)}"
    if _only_excludes([line]):
        if any(takes([term[1:]], rule) for term in terms for rule in rules):
            return None
        return Problem(name, where, f"{subject} excludes no rule", Gravity.WARNING)
    if any(takes([line], rule) for rule in rules):
        return None
    return Problem(name, where, f"{subject} reaches no rule; {_why(terms, rules)}")


def _only_excludes(lines: Sequence[str]) -> bool:
    return all(term.startswith("!") for line in lines for term in line.split())


def _why(terms: list[str], rules: Sequence[Rule]) -> str:
    if not rules:
        return "there are no rules"
    lost = [t for t in terms if not t.startswith("!") and not any(takes([t], rule) for rule in rules)]
    if not lost:
        return "each of its words does, but not all of them the same one"
    word = f"{quoted(lost[0])}: " if len(terms) > 1 else ""
    near = _near(lost[0], rules)
    if near:
        return word + near
    ids = sorted(rule.id for rule in rules)
    more = f" and {len(ids) - _LISTED:,} more" if len(ids) > _LISTED else ""
    return f"{word}there are: {', '.join(ids[:_LISTED])}{more}"


def _near(term: str, rules: Sequence[Rule]) -> str:
    if len(rules) > _SEARCHED:
        return ""
    known = {f"severity:{severity.value}" for severity in Severity}
    for rule in rules:
        known.add(rule.id)
        known.update(f"tag:{tag}" for tag in rule.tags)
        # "torkham-*" for "torkham-closed-again": what a glob may have meant
        words = rule.id.split("-")
        known.update("-".join(words[:count]) + "-*" for count in range(1, len(words)) if "*" in term)
    return did_you_mean(term, sorted(known)).removeprefix("; ")


def _why_together(lines: Sequence[str]) -> str:
    if _only_excludes(lines):
        return 'reaches no rule: lines of exclusions only take away; add a line that takes, such as "*"'
    return "its lines together reach no rule: what one takes, another excludes"


def _left_over(selectors: Sequence[tuple[int, tuple[str, ...]]], rules: Sequence[Rule]) -> list[Problem]:
    lost = [rule for rule in rules if not any(takes(lines, rule) for _, lines in selectors)]
    problems = [
        Problem(rule.file, rule.line, f'rule "{rule.id}": no digest takes it', Gravity.WARNING)
        for rule in lost[:_LISTED]
    ]
    if len(lost) > _LISTED:
        last = lost[_LISTED]
        message = f"no digest takes {len(lost) - _LISTED:,} further rules, this one among them"
        problems.append(Problem(last.file, last.line, message, Gravity.WARNING))
    return problems
