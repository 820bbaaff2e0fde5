"""`monitor silence …`: silences are written down, looked at and ended, beside a daemon that may be at work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.app.kept_out import Kept, in_force, kept_by_silence, together
from monitor.app.questions import House
from monitor.app.stories import story_called
from monitor.config.values import did_you_mean, quoted
from monitor.core.digests.passages import one_line
from monitor.core.digests.silences import covers_rule
from monitor.model.errors import MonitorError
from monitor.model.rule import Rule
from monitor.model.silence import DiscardCount, Ended, NewSilence, Silence

LONGEST = timedelta(days=366)
"""For longer nobody remembers a silence; a rule that nobody wants is taken out of its digest."""
_LONGEST_TEXT = 300  # characters of a reason or a name


class CannotSilence(MonitorError):
    """A silence that would say nothing, or that does not hold together."""


class NoSuchSilence(MonitorError):
    """An id that no silence has."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A silence that may be written down. `rules` of the config it can keep out, of `all_rules`.

    `warnings` say what it names and nothing in the config has.
    """

    new: NewSilence
    rules: int
    all_rules: int
    warnings: tuple[str, ...] = ()

    @property
    def of_everything(self) -> bool:
        """Whether it silences every rule, and there are several."""
        return self.new.story is None and 1 < self.all_rules == self.rules


@dataclass(frozen=True, slots=True)
class Added:
    """A silence that was written down, and what waits that it keeps out at once."""

    silence: Silence
    kept: Kept
    checked: Checked


@dataclass(frozen=True, slots=True)
class ListedSilence:
    """One silence with what it holds now, what waits that it will discard, and what it has discarded."""

    silence: Silence
    held: Kept = field(default_factory=Kept)
    doomed: Kept = field(default_factory=Kept)
    discarded: DiscardCount = field(default_factory=DiscardCount)


@dataclass(frozen=True, slots=True)
class Freed:
    """A silence that was ended: what is kept out no more, what another one keeps out yet, what stays discarded."""

    ended: Ended
    kept: Kept
    discarded: DiscardCount
    still: Kept = field(default_factory=Kept)


# ---- add


def check_silence(house: House, new: NewSilence, now: datetime) -> Checked:
    """The silence as it will be written: its story by today's id, its texts on one line.

    Raises CannotSilence, NoSuchStory, NoSuchDigest.
    """
    if not (new.rules or new.tags or new.story):
        raise CannotSilence(
            "name what is silenced: --rule GLOB, --tag TAG or --story ID; a digest as a whole rests with "
            "`pause` or `quiet_hours` in the config"
        )
    reason, author = one_line(new.reason).strip(), one_line(new.author).strip()
    if not reason:
        raise CannotSilence("a silence needs a reason: those who miss an alert will read it")
    for what, text in (("the reason", reason), ("the author", author)):
        if len(text) > _LONGEST_TEXT:
            raise CannotSilence(f"{what} is longer than {_LONGEST_TEXT} characters")
    _check_times(new, now)
    for digest in new.digests:
        house.expect(digest=digest)
    story = None if new.story is None else story_called(house.store.stories, new.story).story
    whole = replace(new, reason=reason, author=author, story=story)
    if house.ruleset is None:
        return Checked(whole, 0, 0, ("the rule files do not hold: nobody can say which rules it reaches",))
    rules = house.ruleset.rules
    reached = sum(_reaches(whole, rule) for rule in rules)
    return Checked(whole, reached, len(rules), tuple(_warnings(whole, rules, reached)))


def _check_times(new: NewSilence, now: datetime) -> None:
    if new.ends_at <= new.starts_at:
        raise CannotSilence("it ends before it starts")
    if new.ends_at <= now:
        raise CannotSilence("its end is over already")
    if new.ends_at - max(new.starts_at, now) > LONGEST:
        raise CannotSilence("it is longer than a year; take the rule out of the digest instead")


def _reaches(new: NewSilence, rule: Rule) -> bool:
    return covers_rule(new.rules, rule.id) and (not new.tags or bool(set(new.tags) & set(rule.tags)))


def _warnings(new: NewSilence, rules: Sequence[Rule], reached: int) -> list[str]:
    ids = [rule.id for rule in rules]
    tags = sorted({tag for rule in rules for tag in rule.tags})
    said = [
        f"no rule fits {quoted(glob)}{did_you_mean(glob, ids)}"
        for glob in new.rules
        if not any(covers_rule((glob,), id_) for id_ in ids)
    ]
    said += [f"no rule has the tag {quoted(tag)}{did_you_mean(tag, tags)}" for tag in new.tags if tag not in tags]
    if not said and not reached:
        said = ["no rule has both: what is given together must all hold"]
    return said


def add_silence(house: House, checked: Checked, now: datetime) -> Added:
    """Writes it down; the running monitor goes by it from its next tick on."""
    made = house.store.silences.add(checked.new, now)
    kept = kept_by_silence(house.store, _digests(house), (made,), now)
    return Added(made, together(kept.values()), checked)


# ---- list


def list_silences(
    house: House, now: datetime, *, every: bool = False, before: int | None = None, limit: int | None = None
) -> list[ListedSilence]:
    """The silences in force and those to come, the newest first; with `every` also those that are over.

    With `limit` at most so many, of those with a lower id than `before`.
    """
    store = house.store
    found = store.silences.all(ending_after=None if every else now, before=before, limit=limit)
    kept = kept_by_silence(store, _digests(house), in_force(store, now), now)
    # Of a page it is asked by their ids: there may be more of all than one statement may name.
    discarded = store.silences.discarded(None if limit is None else [one.id for one in found])
    nothing = Kept()
    return [
        ListedSilence(
            one,
            kept.get((one.id, True), nothing),
            kept.get((one.id, False), nothing),
            discarded.get(one.id, DiscardCount()),
        )
        for one in found
    ]


# ---- end


def end_silence(house: House, silence: int, now: datetime, *, tell: bool) -> Freed:
    """Ends a silence, also one that is over; with `tell` what it discarded waits again. Raises NoSuchSilence."""
    store = house.store
    by_silence = kept_by_silence(store, _digests(house), in_force(store, now), now)
    before = together(by_silence.values())
    own = together(kept for (id_, _), kept in by_silence.items() if id_ == silence)
    ended = store.silences.end(silence, now, tell=tell)
    if ended is None:
        raise NoSuchSilence(f"no silence has the id {silence}; monitor silence list --all shows every one")
    after = together(kept_by_silence(store, _digests(house), in_force(store, now), now).values())
    freed = Kept(before.matches - after.matches, before.stories - after.stories)
    still = Kept(own.matches & after.matches, own.stories & after.stories)
    return Freed(ended, freed, store.silences.discarded([silence]).get(silence, DiscardCount()), still)


def _digests(house: House) -> list[str]:
    return [one.name for one in house.settings.digests]
