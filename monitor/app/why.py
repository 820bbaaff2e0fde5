"""`monitor why URL`: the fate of an entry, from the feed it was seen in to the inboxes it reached."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from monitor.app.kept_out import InForce, silences_at
from monitor.app.left_out import LeftOut, left_out
from monitor.app.standing import Standing
from monitor.app.waiting import Waiting
from monitor.app.why_answers import Asked, RuleAnswer, Rulesets, answers_of
from monitor.app.why_fetched import PageAsked
from monitor.config.values import did_you_mean, quoted
from monitor.core.rules import Memory, RuleSet
from monitor.core.text.domains import registrable_domain
from monitor.core.text.urls import canonical_url, host_of
from monitor.model.entry import NEVER_READ
from monitor.model.errors import MonitorError
from monitor.model.feed import Feed, FeedStatus
from monitor.model.ledger import EntryFate
from monitor.model.rule import Match
from monitor.pipeline.match import document_of_words
from monitor.ports import Store


@dataclass(frozen=True, slots=True)
class Why:
    """The answer for one URL. Without fates, `covering` are the feeds that cover its host.

    `left_out` says of the parts of a page that no rule read which rules would match in them; `in_its_words` which
    would match the feed's words of an entry that was never read. `lost_rules` are entries that were read by rules
    which were not kept. `page` is what the page says now, where it was asked for.
    """

    url: str
    fates: tuple[tuple[EntryFate, tuple[RuleAnswer, ...]], ...]
    covering: tuple[Feed, ...] = ()
    left_out: Mapping[int, tuple[LeftOut, ...]] = field(default_factory=dict)  # by row of the entry
    in_its_words: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # likewise
    lost_rules: frozenset[int] = frozenset()  # likewise
    standing: Standing = field(default_factory=Standing)
    page: PageAsked | None = None


class NoSuchRule(MonitorError):
    """A rule id that neither the rule files nor the stored answers know."""


def no_such_rule(rule: str, current: RuleSet | None) -> NoSuchRule:
    """The error, with a near id where there is one."""
    known = [] if current is None else [one.id for one in current.rules]
    return NoSuchRule(f"no rule is called {quoted(rule)}{did_you_mean(rule, known)}")


def id_now(rule: str | None, current: RuleSet | None) -> str | None:
    """The id of a rule that is asked for by one that it had before."""
    return rule if rule is None or current is None else current.renames.get(rule, rule)


def why(
    store: Store,
    url: str,
    current: RuleSet | None,
    *,
    rule: str | None = None,
    digests: Collection[str] | None = None,
    known: Memory | None = None,
    waiting: Waiting | None = None,
    standing: Standing | None = None,
) -> Why:
    """Looks an URL up in the ledger; a "no" is recomputed from the stored article and the rules of that time.

    `current` is the rule set in force, or None when its files do not hold; `rule` limits the answer to one;
    `digests` are the names in the config, where known. `known` is what loading the rule files left in memory: the
    rules of that time are mostly the same. `waiting` tells for what a match waits,
    `standing` how receivers and the daemon are. Raises NoSuchRule.
    """
    key = canonical_url(url)
    rule = id_now(rule, current)
    rulesets = Rulesets(store, {} if current is None else {current.version: current}, known or Memory())
    fates = store.ledger.fates(url, key)
    silences = InForce() if waiting is None else silences_at(store, waiting.now)
    beside = standing or Standing()
    asked = Asked(store, rule, digests, waiting, silences, beside)
    answers = tuple((fate, answers_of(fate, rulesets, current, asked)) for fate in fates)
    in_force = current is None or rule in {one.id for one in current.rules}
    if rule is not None and not in_force and not any(said for _, said in answers):
        raise no_such_rule(rule, current)
    return Why(
        url,
        answers,
        () if fates else _covering(store, url),
        {fate.row: _left_out(fate, rulesets, current, rule) for fate in fates},
        {fate.row: _in_its_words(fate, current, rule) for fate in fates},
        frozenset(fate.row for fate in fates if _lost(fate, rulesets)),
        beside,
    )


def _lost(fate: EntryFate, rulesets: Rulesets) -> bool:
    """Whether the rules that read it were not kept."""
    version = None if fate.article is None else fate.article.ruleset
    return version is not None and rulesets.of(version) is None


def _in_its_words(fate: EntryFate, current: RuleSet | None, only: str | None) -> tuple[str, ...]:
    """The rules that would match the feed's words of an entry that no rule has read, and none will."""
    if current is None or fate.entry.fate not in NEVER_READ or fate.text_gone is not None:
        return ()
    document = document_of_words(fate.entry.parsed, fate.feed.name, fate.feed.settings.tags)
    holding = sorted(one.rule for one in current.match(document) if isinstance(one, Match))
    return tuple(rule for rule in holding if only in (None, rule))


def _left_out(
    fate: EntryFate, rulesets: Rulesets, current: RuleSet | None, only: str | None
) -> tuple[LeftOut, ...]:
    article = fate.article
    if article is None:
        return ()
    then = rulesets.of(article.ruleset) if article.ruleset is not None else None
    found = left_out(article, then or current, {one.match.new.rule.id for one in fate.matches})
    by_now = [replace(one, rules=tuple(id_now(rule, current) or rule for rule in one.rules)) for one in found]
    return tuple(replace(one, rules=tuple(rule for rule in one.rules if only in (None, rule))) for one in by_now)


def _covering(store: Store, url: str) -> tuple[Feed, ...]:
    """The feeds on the host of an URL, removed ones too; where there is none, those of the same site."""
    host = host_of(canonical_url(url))
    if not host:
        return ()
    site = registrable_domain(host)
    # A name in other letters stands in addresses in two spellings.
    feeds = store.feeds.all() if "xn--" in host else store.feeds.at(site or host)
    there = [(feed, host_of(canonical_url(feed.url))) for feed in feeds if feed.status is not FeedStatus.PASSIVE]
    same = tuple(feed for feed, its_host in there if its_host == host)
    return same or tuple(feed for feed, its_host in there if site and registrable_domain(its_host) == site)
