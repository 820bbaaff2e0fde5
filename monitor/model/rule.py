"""Rules, entities and what they found."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """Order in the digest, badge, `quiet_override`."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low … 2 for high."""
        return ("low", "normal", "high").index(self.value)


@dataclass(frozen=True, slots=True)
class Example:
    """A text a rule must or must not match; `file` is a reference that is read when the examples run.

    `about` is what else is known of the article, by fields of `Document`:
    (("section", "Sport"), ("tags", ("cricket",))).
    A `shared` one belongs to several rules that one table with `each` made: one of them must match it. `place` is
    its position in the list of the rule file.
    """

    title: str = ""
    body: str = ""
    file: str | None = None
    shared: bool = False
    place: int = field(default=0, compare=False)
    about: tuple[tuple[str, str | tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A named query with routing. `version` is a short hash of the query and all it refers to."""

    id: str
    title: str
    query: str
    version: str
    tags: tuple[str, ...] = ()
    severity: Severity = Severity.NORMAL
    must_match: tuple[Example, ...] = ()
    must_not_match: tuple[Example, ...] = ()
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Entity:
    """A person, organisation or place with all its spellings.

    `need` and `banned` are queries: where the first does not hold, or the second does, it is not named.
    """

    id: str
    name: str
    type: str
    aliases: tuple[str, ...] = ()
    acronyms: tuple[str, ...] = ()
    variants: bool = False
    need: str = ""
    banned: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A matched piece: offsets are Unicode code points of the original field, `text` what they cut out."""

    field: str  # title | summary | body
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One operand of a query, whether it holds, and why: a tree."""

    node: str  # the operand as the user wrote it
    holds: bool
    spans: tuple[Span, ...] = ()
    children: tuple[Explanation, ...] = ()
    note: str = ""  # 'absent: "Imran Khan"', 'by its spelling "Asif"', …


@dataclass(frozen=True, slots=True)
class Match:
    """A rule holds on a document."""

    document: str
    rule: str
    rule_version: str
    spans: tuple[Span, ...]
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that could not be evaluated on a document: a value, never a stop.

    `unfinished`: nothing is wrong with it, but the time for the document was over.
    """

    document: str
    rule: str
    why: str
    unfinished: bool = False
