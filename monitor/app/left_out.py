"""What rules would say of the parts of a page that were left out: a wrong cut is never silent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from monitor.core.rules import RuleSet
from monitor.model.article import Article
from monitor.model.rule import Match
from monitor.pipeline.match import document_of


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Parts left out for one reason, and the rules that hold with them and do not hold without."""

    reason: str
    words: int
    rules: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """The reason for people: "cue cut"."""
        return self.reason.replace("_", " ")


def left_out(article: Article, ruleset: RuleSet | None, matched: Collection[str]) -> tuple[LeftOut, ...]:
    """What was left out of an article, by reason; `matched` are rules that hold on what was read of it.

    Each part is read together with the main text, so that a rule counts half of whose words stand in either.
    Without a rule set no rule is named.
    """
    parts: dict[str, list[str]] = {}
    for one in article.dropped:
        parts.setdefault(str(one.reason), []).append(one.text)
    if not parts:
        return ()
    held = {*matched, *_matching(ruleset, article, "")}
    found = []
    for reason, texts in parts.items():
        text = "\n\n".join(texts)
        rules = _matching(ruleset, article, text) - held
        found.append(LeftOut(reason, len(text.split()), tuple(sorted(rules))))
    return tuple(found)


def _matching(ruleset: RuleSet | None, article: Article, part: str) -> set[str]:
    if ruleset is None:
        return set()
    document = document_of(article)
    answers = ruleset.match(replace(document, body="\n\n".join(filter(None, (document.body, part)))))
    return {one.rule for one in answers if isinstance(one, Match)}
