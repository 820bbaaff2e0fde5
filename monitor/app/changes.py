"""What a reload changes, by name; and what it cannot change. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from monitor.config import Settings
from monitor.core.rules import RuleSet
from monitor.core.text.shown_url import without_query
from monitor.model.feed import PollSettings

_MOST_NAMES = 5
# What was taken up at the start for good, by its place in the config.
_FIXED: Mapping[tuple[str, ...], Callable[[Settings], object]] = {
    ("store", "url"): lambda settings: settings.store_url,
    ("jobs", "engine"): lambda settings: settings.engine,
    ("web", "listen"): lambda settings: settings.web_listen,
    ("web", "public_url"): lambda settings: settings.public_url,
    ("web", "allowed_hosts"): lambda settings: settings.allowed_hosts,
    ("web", "trusted_proxies"): lambda settings: settings.trusted_proxies,
}


@dataclass(frozen=True, slots=True)
class Named:
    """What came, went and changed, by name, each in the order of its file."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def __str__(self) -> str:
        parts = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        return "; ".join(f"{len(names):,} {what}: {_some(names)}" for what, names in parts if names)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different between two configs with their rules. `poll` and `store` hold keys of these tables."""

    feeds: Named = Named()
    rules: Named = Named()
    entities: Named = Named()
    digests: Named = Named()
    receivers: Named = Named()
    poll: tuple[str, ...] = ()
    store: tuple[str, ...] = ()
    smtp: bool = False
    nlp: bool = False

    def words(self) -> dict[str, str]:
        """What changed, by kind, for people; empty when nothing did."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            kind: ", ".join(what) if isinstance(what, tuple) else "changed" if what is True else str(what)
            for kind, what in said.items()
            if what
        }


def changes(before: tuple[Settings, RuleSet], after: tuple[Settings, RuleSet]) -> Changes:
    """What is different. Where a rule stands in its file is no difference, nor is a comment."""
    (old, old_rules), (new, new_rules) = before, after
    feeds = _compare(
        {feed.url: (feed, old.access.get(feed.url)) for feed in old.feeds},
        {feed.url: (feed, new.access.get(feed.url)) for feed in new.feeds},
        {feed.url: feed.name or without_query(feed.url) for feed in (*old.feeds, *new.feeds)},
    )
    return Changes(
        feeds=feeds,
        rules=_compare(_rules(old_rules), _rules(new_rules)),
        entities=_compare(
            {entity.id: entity for entity in old_rules.entities},
            {entity.id: entity for entity in new_rules.entities},
        ),
        digests=_compare(
            {digest.name: digest for digest in old.digests}, {digest.name: digest for digest in new.digests}
        ),
        receivers=_compare({one.name: one for one in old.receivers}, {one.name: one for one in new.receivers}),
        poll=_changed_keys(old.poll, new.poll),
        store=tuple(key for key in ("retention", "store_full_text") if getattr(old, key) != getattr(new, key)),
        smtp=old.smtp != new.smtp,
        nlp=old.nlp_model != new.nlp_model,
    )


def needs_restart(before: Settings, after: Settings) -> tuple[tuple[str, ...], ...]:
    """The keys of the config that differ and cannot change while the daemon runs."""
    return tuple(path for path, value in _FIXED.items() if value(before) != value(after))


def _changed_keys(before: PollSettings, after: PollSettings) -> tuple[str, ...]:
    return tuple(one.name for one in fields(before) if getattr(before, one.name) != getattr(after, one.name))


def _rules(ruleset: RuleSet) -> dict[str, tuple[object, ...]]:
    return {
        rule.id: (rule.version, rule.title, rule.tags, rule.severity, rule.must_match, rule.must_not_match)
        for rule in ruleset.rules
    }


def _compare(before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str] | None = None) -> Named:
    shown = names or {}
    return Named(
        added=tuple(shown.get(key, key) for key in after if key not in before),
        removed=tuple(shown.get(key, key) for key in before if key not in after),
        changed=tuple(shown.get(key, key) for key in after if key in before and before[key] != after[key]),
    )


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")
