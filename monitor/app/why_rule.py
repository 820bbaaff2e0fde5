"""`monitor why --rule ID --since 7d`: one rule over a span, from the entries seen to the inboxes reached."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.app.kept_out import InForce
from monitor.app.since import Since
from monitor.app.waiting import Waiting
from monitor.app.why import id_now, no_such_rule
from monitor.app.why_answers import kept_ruleset
from monitor.core.rules import Memory, RuleSet
from monitor.model.ledger import RuleRecord
from monitor.model.rule import Rule
from monitor.model.silence import KeptOut, Silence
from monitor.ports import Store

NEWEST = 5
"""Matches shown one by one."""


@dataclass(frozen=True, slots=True)
class RuleWhy:
    """The answer. `current` is the rule as it is now, None when it is gone, or when the rule files do not hold.

    `read` counts the articles that a rule set with the rule has read, `without` those read by a set that did
    not have it, `unknown` those whose set was not kept. `digests` are the names in the config.
    """

    rule: str
    since: Since
    current: Rule | None
    record: RuleRecord
    read: int
    without: int
    unknown: int
    digests: frozenset[str]
    rules_hold: bool = True
    kept_out: tuple[tuple[str, KeptOut, int], ...] = ()  # by digest and silence, of all that waits: matches
    silences: Mapping[int, Silence] = field(default_factory=dict)  # those that discarded some, by id
    waiting: Waiting | None = None
    now: datetime | None = None
    was: tuple[str, ...] = ()  # the ids that it had before


def why_rule(
    store: Store,
    rule: str,
    since: Since,
    current: RuleSet | None,
    digests: Collection[str],
    known: Memory | None = None,
    silences: InForce | None = None,
    waiting: Waiting | None = None,
) -> RuleWhy:
    """Asks the store what became of the entries first seen since then, and, given the silences in force, what they
    keep out of it, given `waiting` for what the rest of it waits; `known` as in `why`. Raises NoSuchRule."""
    at = None if waiting is None else waiting.now
    rule = id_now(rule, current) or rule
    ids = (rule, *(() if current is None else (was for was, is_now in current.renames.items() if is_now == rule)))
    record = store.ledger.rule_record(rule, since.moment, NEWEST, at)
    now = None if current is None else next((one for one in current.rules if one.id == rule), None)
    read = without = unknown = 0
    for version, articles in record.read_by.items():
        in_force = current is not None and current.version == version
        ruleset = current if in_force else kept_ruleset(store, version, known or Memory())
        if ruleset is None:
            unknown += articles
        elif any(map(ruleset.has, ids)):
            read += articles
        else:
            without += articles
    heard_of = now or read or record.matches or record.last_match or record.failures
    if not heard_of and current is not None:
        raise no_such_rule(rule, current)
    return RuleWhy(
        rule,
        since,
        now,
        record,
        read,
        without,
        unknown,
        frozenset(digests),
        rules_hold=current is not None,
        kept_out=_kept_out(store, rule, digests, silences or InForce()),
        silences=_discarding(store, record),
        waiting=waiting,
        now=at,
        was=ids[1:],
    )


def _discarding(store: Store, record: RuleRecord) -> dict[int, Silence]:
    named = {one.silence for one in record.routed if one.silence is not None}
    return {id_: known for id_ in sorted(named) if (known := store.silences.called(id_)) is not None}


def _kept_out(
    store: Store, rule: str, digests: Collection[str], silences: InForce
) -> tuple[tuple[str, KeptOut, int], ...]:
    found: list[tuple[str, KeptOut]] = []
    for digest in sorted(digests) if silences.silences else ():
        of_rule = (match for match in store.digests.waiting(digest) if match.rule == rule)
        found += [(digest, out) for match in of_rule if (out := silences.of_waiting(match, digest)) is not None]
    return tuple((digest, out, found.count((digest, out))) for digest, out in dict.fromkeys(found))
