"""`monitor why URL`: the fate of an entry, from the feed it was seen in to the inboxes it reached."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from monitor.app.kept_out import InForce, discarded_words, kept_words, silences_at
from monitor.app.left_out import LeftOut, left_out
from monitor.app.rule_memory import load
from monitor.app.telling_words import merged_words, told_words, too_few_words
from monitor.app.waiting import Waiting, last_told
from monitor.config.values import did_you_mean, quoted
from monitor.core.digests.plan import looks_back
from monitor.core.rules import Memory, RuleFile, RuleSet
from monitor.core.rules.whynot import why_not
from monitor.core.text.urls import canonical_url, host_of
from monitor.model.article import Article
from monitor.model.errors import MonitorError
from monitor.model.feed import SUBSCRIBED, Feed
from monitor.model.ledger import EntryFate, Routing, RoutingState, StoredMatch
from monitor.model.retention import Gone
from monitor.model.rule import Severity
from monitor.model.telling import Merged
from monitor.pipeline.match import document_of
from monitor.ports import Store


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """What one rule said of the article: a match and where it went, or why not.

    `lost`: why not can be said no more, since the text is no longer kept. `analyser_version` is that of a match,
    None where it was not noted.
    """

    rule: str
    version: str
    matched: bool
    because: str
    then: tuple[str, ...] = ()
    lost: bool = False
    analyser_version: str | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """The answer for one URL. Without fates, `covering` are the feeds that cover its host.

    `left_out` says of the parts of a page that no rule read which rules would match in them.
    """

    url: str
    fates: tuple[tuple[EntryFate, tuple[RuleAnswer, ...]], ...]
    covering: tuple[Feed, ...] = ()
    left_out: Mapping[int, tuple[LeftOut, ...]] = field(default_factory=dict)  # by row of the entry


FOUND_BACK = ", found by a backtest"


class NoSuchRule(MonitorError):
    """A rule id that neither the rule files nor the stored answers know."""


def no_such_rule(rule: str, current: RuleSet | None) -> NoSuchRule:
    """The error, with a near id where there is one."""
    known = [] if current is None else [one.id for one in current.rules]
    return NoSuchRule(f"no rule is called {quoted(rule)}{did_you_mean(rule, known)}")


def why(
    store: Store,
    url: str,
    current: RuleSet | None,
    *,
    rule: str | None = None,
    digests: Collection[str] | None = None,
    known: Memory | None = None,
    waiting: Waiting | None = None,
) -> Why:
    """Looks an URL up in the ledger; a "no" is recomputed from the stored article and the rules of that time.

    `current` is the rule set in force, or None when its files do not hold; `rule` limits the answer to one;
    `digests` are the names in the config, where known. `known` is what loading the rule files left in memory: the
    rules of that time are mostly the same. `waiting` tells for what a match waits. Raises NoSuchRule.
    """
    key = canonical_url(url)
    rulesets = _Rulesets(store, {} if current is None else {current.version: current}, known or Memory())
    fates = store.ledger.fates(url, key)
    silences = InForce() if waiting is None else silences_at(store, waiting.now)
    asked = _Asked(store, rule, digests, waiting, silences)
    answers = tuple((fate, _answers(fate, rulesets, asked)) for fate in fates)
    in_force = current is None or rule in {one.id for one in current.rules}
    if rule is not None and not in_force and not any(said for _, said in answers):
        raise no_such_rule(rule, current)
    covering = () if fates else tuple(feed for feed in store.feeds.all() if _covers(feed, url))
    return Why(url, answers, covering, {fate.row: _left_out(fate, rulesets, current, rule) for fate in fates})


def _left_out(
    fate: EntryFate, rulesets: _Rulesets, current: RuleSet | None, only: str | None
) -> tuple[LeftOut, ...]:
    article = fate.article
    if article is None:
        return ()
    then = rulesets.of(article.ruleset) if article.ruleset is not None else None
    found = left_out(article, then or current, {one.match.new.rule.id for one in fate.matches})
    if only is None:
        return found
    return tuple(replace(one, rules=tuple(rule for rule in one.rules if rule == only)) for one in found)


def _covers(feed: Feed, url: str) -> bool:
    return feed.status in SUBSCRIBED and host_of(canonical_url(feed.url)) == host_of(canonical_url(url))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question: of which rule, and what the config says of digests, where that is known."""

    store: Store
    rule: str | None
    digests: Collection[str] | None
    waiting: Waiting | None
    silences: InForce

    def until(self, digest: str, fate: EntryFate, severity: Severity) -> str:
        """What a pending match waits for."""
        if self.digests is not None and digest not in self.digests:
            return ", which the config no longer has"
        if self.waiting is None or fate.article is None:
            return ""
        story = fate.article.story_id
        told_at = partial(last_told, self.store.stories, story, digest)
        return self.waiting.words(digest, fate.story, told_at, severity)


@dataclass(frozen=True, slots=True)
class _Rulesets:
    """Rule sets by version, each loaded once."""

    store: Store
    loaded: dict[str, RuleSet | None]
    known: Memory

    def of(self, version: str) -> RuleSet | None:
        if version not in self.loaded:
            self.loaded[version] = kept_ruleset(self.store, version, self.known)
        return self.loaded[version]


def _answers(
    fate: EntryFate,
    rulesets: _Rulesets,
    asked: _Asked,
) -> tuple[RuleAnswer, ...]:
    answers = [
        RuleAnswer(
            one.match.new.rule.id,
            one.match.new.rule.version,
            True,
            one.match.new.because,
            tuple(_then(routing, one.match, fate, asked) for routing in one.routings)
            or ("no digest takes this rule",),
            analyser_version=one.match.new.analyser_version,
        )
        for one in fate.matches
    ]
    answers += [RuleAnswer(rule, "", False, f"the rule failed: {said}") for rule, said in fate.failures]
    if fate.article is not None and fate.article.ruleset is not None:
        version = fate.article.ruleset
        ruleset = rulesets.of(version)
        answered = {answer.rule for answer in answers}
        if ruleset is not None:
            nos = _nos(ruleset, fate.article, answered)
            answers += nos if ruleset.version == version else [_by_another(answer) for answer in nos]
    return tuple(answer for answer in answers if asked.rule in (None, answer.rule))


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


def gone_words(gone: Gone) -> str:
    """Why a text is no longer there, for people."""
    return f"the text is no longer kept ({gone.reason.value})"


def kept_ruleset(store: Store, version: str, known: Memory) -> RuleSet | None:
    """The rule set of that version as it was kept; None when it was not. What is `known` is not read again."""
    files = store.articles.ruleset_files(version)
    return None if files is None else load([RuleFile(name, text) for name, text in files], known).ruleset


def _then(routing: Routing, match: StoredMatch, fate: EntryFate, asked: _Asked) -> str:
    match routing.state:
        case RoutingState.PLANNED:
            if looks_back(routing.batch or ""):
                return f"→ {routing.digest}{FOUND_BACK}"
            return f"→ {routing.digest}" + (f": {said}" if (said := told_words(routing.why)) else "")
        case RoutingState.MERGED:
            edit = None if match.new.news else Merged.EARLIER_WORDING
            return merged_words(routing.why or edit, routing.digest)
        case RoutingState.PENDING:
            kept = asked.silences.of_stored(match, routing.digest)
            if kept is not None and (asked.digests is None or routing.digest in asked.digests):
                return kept_words(kept, routing.digest)
            until = asked.until(routing.digest, fate, match.new.rule.severity)
            drafted = "; a dry run has drafted it" if routing.batch else ""
            return f"waits for digest {routing.digest}{until}{drafted}"
        case RoutingState.TOO_FEW:
            return too_few_words(routing.digest)
        case RoutingState.FORGOTTEN:
            return f"never told in {routing.digest}: the text was removed by hand before"
        case RoutingState.SILENCED:
            silence = None if routing.silence is None else asked.store.silences.called(routing.silence)
            return discarded_words(routing.silence, silence, routing.digest)
