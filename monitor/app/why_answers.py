"""What each rule said of an article, what it would say now, and where its match went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from monitor.app.kept_out import InForce, discarded_words, kept_words
from monitor.app.rule_memory import load
from monitor.app.standing import Standing
from monitor.app.telling_words import merged_words, told_words, too_few_words
from monitor.app.times import brief_time
from monitor.app.waiting import Wait, Waiting, WaitsFor, last_told
from monitor.app.why_sent import batch_words, told_to
from monitor.core.rules import Memory, RuleFile, RuleSet
from monitor.core.rules.whynot import why_not
from monitor.model.article import Article, Document
from monitor.model.ledger import EntryFate, MatchFate, Routing, RoutingState, StoredMatch
from monitor.model.retention import Gone
from monitor.model.rule import Match
from monitor.model.telling import Merged
from monitor.pipeline.match import document_of
from monitor.ports import Store


@dataclass(frozen=True, slots=True)
class Went:
    """Where a match went in one digest, in words; `wait` is what it waits for, where it is pending."""

    routing: Routing
    words: str
    wait: Wait | None = None


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """What one rule said of the article: a match and where it went, or why not.

    `lost`: why not can be said no more, since the text is no longer kept. `there`: whether the rule was among
    those that read the article. `now` is what became of the rule since, and what it says as it is now, where that
    is something else. `analyser_version` is that of a match, None where it was not noted; `match` is its id.
    `called` is its id of that time, where it has another now.
    """

    rule: str
    version: str
    matched: bool
    because: str
    then: tuple[str, ...] = ()
    lost: bool = False
    analyser_version: str | None = None
    went: tuple[Went, ...] = ()
    there: bool = True
    now: str = ""
    match: int | None = None
    called: str = ""


@dataclass(frozen=True, slots=True)
class Rulesets:
    """Rule sets by version, each loaded once."""

    store: Store
    loaded: dict[str, RuleSet | None]
    known: Memory

    def of(self, version: str) -> RuleSet | None:
        if version not in self.loaded:
            self.loaded[version] = kept_ruleset(self.store, version, self.known)
        return self.loaded[version]


@dataclass(frozen=True, slots=True)
class Asked:
    """The question: of which rule, and what is known of digests, where it is."""

    store: Store
    rule: str | None
    digests: Collection[str] | None
    waiting: Waiting | None
    silences: InForce
    standing: Standing = field(default_factory=Standing)

    def wait(self, digest: str, fate: EntryFate, match: StoredMatch) -> Wait | None:
        """What a pending match waits for."""
        if self.digests is not None and digest not in self.digests:
            return Wait(WaitsFor.CONFIG, ", which the config no longer has: told if it comes back")
        if self.waiting is None or fate.article is None:
            return None
        told_at = partial(last_told, self.store.stories, fate.article.story_id, digest)
        state = self.store.digests.state_of(digest)
        return self.waiting.of(
            digest,
            fate.story,
            told_at,
            match.new.rule.severity,
            matched_at=match.matched_at,
            last_end=None if state is None else state.last_end,
        )


def kept_ruleset(store: Store, version: str, known: Memory) -> RuleSet | None:
    """The rule set of that version as it was kept; None when it was not. What is `known` is not read again."""
    files = store.articles.ruleset_files(version)
    return None if files is None else load([RuleFile(name, text) for name, text in files], known).ruleset


def gone_words(gone: Gone) -> str:
    """Why a text is no longer there, for people."""
    return f"the text is no longer kept ({gone.reason.value})"


def answers_of(
    fate: EntryFate, rulesets: Rulesets, current: RuleSet | None, asked: Asked
) -> tuple[RuleAnswer, ...]:
    """The answer of every rule that read the article, and of those that came since and hold on it, each by the id
    that it has now."""
    renames = {} if current is None else current.renames
    answers = [_called_now(_matched(one, fate, asked), renames) for one in fate.matches]
    answers += [RuleAnswer(rule, "", False, f"the rule failed: {said}") for rule, said in fate.failures]
    article = fate.article
    if article is not None and article.ruleset is not None:
        version, answered = article.ruleset, {answer.rule for answer in answers}
        ruleset = rulesets.of(version)
        if ruleset is not None:
            of_then = {old for old, now in renames.items() if now in answered}
            nos = [_called_now(one, renames) for one in _nos(ruleset, article, answered | of_then)]
            answers += nos if ruleset.version == version else [_by_another(answer) for answer in nos]
        if current is not None and current.version != version:
            answers = _as_of_now(answers, current, article, asked.rule, known=ruleset is not None)
    return tuple(answer for answer in answers if asked.rule in (None, answer.rule))


def _matched(one: MatchFate, fate: EntryFate, asked: Asked) -> RuleAnswer:
    went = tuple(_went(routing, one.match, fate, asked) for routing in one.routings)
    new = one.match.new
    return RuleAnswer(
        new.rule.id,
        new.rule.version,
        True,
        new.because,
        tuple(where.words for where in went) or ("no digest takes this rule",),
        analyser_version=new.analyser_version,
        went=went,
        match=one.match.id,
        called=new.called,
    )


def _called_now(answer: RuleAnswer, renames: Mapping[str, str]) -> RuleAnswer:
    now = renames.get(answer.rule)
    return answer if now is None else replace(answer, rule=now, called=answer.called or answer.rule)


def _nos(ruleset: RuleSet, article: Article, answered: set[str]) -> list[RuleAnswer]:
    if article.text_gone is not None:
        because = f"why cannot be said any more: {gone_words(article.text_gone)}"
        return [
            RuleAnswer(rule.id, rule.version, False, because, lost=True)
            for rule in ruleset.rules
            if rule.id not in answered
        ]
    document = document_of(article)
    found = []
    for rule in ruleset.rules:
        if rule.id not in answered:
            because = why_not(ruleset.explain(rule.id, document))
            found.append(RuleAnswer(rule.id, rule.version, False, because or "matches now, did not then"))
    return found


def _by_another(answer: RuleAnswer) -> RuleAnswer:
    """The same files have another version now: words are cut, or rules read, otherwise than at that time."""
    if answer.lost:
        return answer
    return replace(answer, because=f"{answer.because} (as this version of the monitor reads text and rule)")


def _as_of_now(
    answers: Sequence[RuleAnswer], current: RuleSet, article: Article, asked: str | None, *, known: bool
) -> list[RuleAnswer]:
    """The answers with what the rules in force say, where they are others; `known`: whether those of then are."""
    rules = {rule.id: rule for rule in current.rules}
    document = None if article.text_gone is not None else document_of(article)
    holding = _holding(current, document)
    found = []
    for one in answers:
        rule = rules.get(one.rule)
        if rule is None:
            found.append(replace(one, now="no longer among the rules"))
        elif one.version and rule.version != one.version:
            says = "" if document is None else _says(one.rule in holding, one.matched)
            found.append(replace(one, now=f"changed since, now {rule.version}{says}"))
        else:
            found.append(one)
    because = "not among the rules when they read it" if known else "the rules that read it were not kept"
    for new in rules.keys() - {one.rule for one in answers}:
        if new in holding or new == asked:
            says = f"{_now(current, new, holding, document)}"
            found.append(RuleAnswer(new, rules[new].version, False, because, there=False, now=says))
    return found


def _holding(current: RuleSet, document: Document | None) -> set[str]:
    if document is None:
        return set()
    return {one.rule for one in current.match(document) if isinstance(one, Match)}


def _says(holds: bool, matched: bool) -> str:
    if holds == matched:
        return ": says the same"
    return ": matches as it is now" if holds else ": does not match as it is now"


def _now(current: RuleSet, rule: str, holding: set[str], document: Document | None) -> str:
    if document is None:
        return "what it says of it cannot be said: the text is no longer kept"
    if rule in holding:
        return f"matches as it is now: monitor rules backtest --rule {rule}"
    return f"does not match as it is now: {why_not(current.explain(rule, document))}"


# ---- where a match went


def _went(routing: Routing, match: StoredMatch, fate: EntryFate, asked: Asked) -> Went:
    if routing.state is not RoutingState.PENDING:
        return Went(routing, _ended(routing, match, asked))
    kept = asked.silences.of_stored(match, routing.digest)
    if kept is not None and (asked.digests is None or routing.digest in asked.digests):
        until = kept.silence.ends_at if kept.held else None
        return Went(routing, kept_words(kept, routing.digest), Wait(WaitsFor.SILENCE, "", until))
    wait = asked.wait(routing.digest, fate, match)
    drafted = "; a dry run has drafted it" if routing.batch else ""
    alone = "" if asked.standing.running else "; no monitor is running: monitor run"
    said = "" if wait is None else wait.words
    return Went(routing, f"waits for digest {routing.digest}{said}{drafted}{alone}", wait)


def _ended(routing: Routing, match: StoredMatch, asked: Asked) -> str:
    """Where a match went that waits no more."""
    digest, now = routing.digest, asked.standing.now
    match routing.state:
        case RoutingState.MERGED:
            edit = None if match.new.news else Merged.EARLIER_WORDING
            return merged_words(routing.why or edit, digest) + _told_then(routing, now)
        case RoutingState.TOO_FEW:
            return too_few_words(digest)
        case RoutingState.FORGOTTEN:
            return f"never told in {digest}: the text was removed by hand before"
        case RoutingState.SILENCED:
            silence = None if routing.silence is None else asked.store.silences.called(routing.silence)
            return discarded_words(routing.silence, silence, digest)
        case _:
            head = ", ".join(filter(None, (f"digest {digest}", batch_words(routing, now))))
            why = f" ({said})" if (said := told_words(routing.why)) else ""
            return f"{head}{why} {told_to(routing, now)}"


def _told_then(routing: Routing, now: datetime | None) -> str:
    """When the digest told what the match was merged with; "" where it told nothing."""
    if routing.facts is None:
        return ""
    return f"; told {brief_time(routing.facts.planned_at, now)} {told_to(routing, now)}"
