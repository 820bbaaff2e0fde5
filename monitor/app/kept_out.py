"""What silences keep out of digests, for every command that says it: in numbers and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.app.counting import counted
from monitor.core.digests.silences import STILL_DISCARDS, kept_out
from monitor.model.digest import Window
from monitor.model.ledger import ListedMatch, StoredMatch
from monitor.model.silence import Keeping, KeptOut, Silence, WaitingMatch
from monitor.ports import Clock, Store


@dataclass(frozen=True, slots=True)
class Kept:
    """What silences keep waiting: matches, counted once whatever their digests, and their stories."""

    matches: frozenset[int] = frozenset()
    stories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SilenceCounts:
    """The line of `monitor status`: silences in force, stories that they hold, stories that are discarded."""

    active: int = 0
    held: int = 0
    discarded: int = 0


@dataclass(frozen=True, slots=True)
class StorySilence:
    """A silence that speaks of a story, or kept something of it out: matches that wait, and that it discarded."""

    silence: Silence
    active: bool
    held: int = 0
    discarded: int = 0


@dataclass(frozen=True, slots=True)
class InForce:
    """The silences in force at a moment, to be asked of one match after the other."""

    silences: Sequence[Silence] = ()
    now: datetime | None = None

    def of_listed(self, match: ListedMatch, digest: str) -> KeptOut | None:
        """What keeps a match that is pending out of a digest."""
        if not self.silences or match.story is None:
            return None
        tags, story = match.rule_tags, match.story
        return self.of_waiting(WaitingMatch(match.id, match.rule, tags, story, match.matched_at), digest)

    def of_stored(self, match: StoredMatch, digest: str) -> KeptOut | None:
        """The same of a match with its article."""
        rule, story = match.new.rule, match.article.story_id
        if not self.silences or story is None:
            return None
        return self.of_waiting(WaitingMatch(match.id, rule.id, rule.tags, story, match.matched_at), digest)

    def of_waiting(self, match: WaitingMatch, digest: str) -> KeptOut | None:
        """The same of a match as silences look at it."""
        return None if self.now is None else kept_out(match, digest, self.silences, self.now)


def silences_at(store: Store, now: datetime) -> InForce:
    """Those that the daemon goes by at that moment."""
    return InForce(in_force(store, now), now)


def held_now(store: Store, digests: Sequence[str], now: datetime) -> Mapping[int, Kept]:
    """What waits for these digests because of a silence, by the silence that is named for it."""
    return _held(store, digests, in_force(store, now), now)


def _held(store: Store, digests: Sequence[str], silences: Sequence[Silence], now: datetime) -> Mapping[int, Kept]:
    return {id_: kept for (id_, held), kept in kept_by_silence(store, digests, silences, now).items() if held}


def in_force(store: Store, now: datetime) -> Sequence[Silence]:
    """The silences that the daemon goes by now."""
    return store.silences.in_force(now, now - STILL_DISCARDS)


def silence_counts(store: Store, digests: Sequence[str], now: datetime) -> SilenceCounts:
    """The numbers of `monitor status`."""
    silences = in_force(store, now)
    active = sum(one.active(now) for one in silences)
    held = together(_held(store, digests, silences, now).values())
    discarded = sum(one.stories for one in store.silences.discarded().values())
    return SilenceCounts(active, len(held.stories), discarded)


def kept_by_silence(
    store: Store, digests: Sequence[str], silences: Sequence[Silence], now: datetime
) -> dict[tuple[int, bool], Kept]:
    """What of all that waits is kept out, by silence and whether it is held."""
    found: dict[tuple[int, bool], list[WaitingMatch]] = {}
    for digest in digests if silences else ():
        for match in store.digests.waiting(digest):
            out = kept_out(match, digest, silences, now)
            if out is not None:
                found.setdefault((out.silence.id, out.held), []).append(match)
    return {key: Kept(frozenset(m.id for m in those), _stories(those)) for key, those in found.items()}


def _stories(matches: Sequence[WaitingMatch]) -> frozenset[str]:
    return frozenset(match.story for match in matches)


def together(parts: Iterable[Kept]) -> Kept:
    found = list(parts)
    matches = frozenset(match for one in found for match in one.matches)
    return Kept(matches, frozenset(story for one in found for story in one.stories))


def of_story(store: Store, story: str, digests: Sequence[str], now: datetime) -> tuple[StorySilence, ...]:
    """The silences that are in force for one story or keep, or kept, something of it out; oldest first."""
    found: dict[int, Silence] = {}
    held: dict[int, set[int]] = {}
    silences = in_force(store, now)
    found.update((one.id, one) for one in silences if story in (one.story, one.gone_into) and one.active(now))
    for digest in digests if silences else ():
        for match in store.digests.waiting(digest, story=story):
            out = kept_out(match, digest, silences, now)
            if out is not None:
                found[out.silence.id] = out.silence
                held.setdefault(out.silence.id, set()).add(match.id)
    discarded = store.silences.discarded_of(story)
    for id_ in discarded.keys() - found.keys():
        known = store.silences.called(id_)
        if known is not None:
            found[id_] = known
    return tuple(
        StorySilence(one, one.active(now), len(held.get(id_, ())), discarded.get(id_, 0))
        for id_, one in sorted(found.items())
    )


# ---- in words


def moment_text(moment: datetime) -> str:
    """A moment in the machine's zone, to the minute: "Mon 30 Nov 2026 08:00"."""
    return f"{moment.astimezone():%a %d %b %Y %H:%M}"


def why_text(silence: Silence) -> str:
    """ "planned works (Sara)" """
    return f"{silence.reason} ({silence.author})" if silence.author else silence.reason


def kept_words(out: KeptOut, digest: str) -> str:
    """Why a match that waits is kept out of a digest."""
    one = out.silence
    until = f"until {moment_text(one.ends_at)}: {why_text(one)}"
    match out.why:
        case Keeping.HELD:
            return f"held in digest {digest} by silence {one.id} {until}"
        case Keeping.HELD_AFTER_MERGE:
            went = f"its story {one.story} went into {one.gone_into}, so it discards no more"
            return f"held in digest {digest} by silence {one.id} {until} ({went})"
        case Keeping.DISCARDED | Keeping.DISCARDED_LATER:
            return f"silence {one.id} will discard it when digest {digest} is due: {why_text(one)}"


def discarded_words(silence: int | None, known: Silence | None, digest: str) -> str:
    """Why a match was discarded, and how it is brought back."""
    why = f" ({why_text(known)})" if known is not None else ""
    return (
        f"never told in {digest}: discarded by silence {silence}{why}; "
        f"monitor silence end {silence} --tell brings it back"
    )


def counts_line(counts: SilenceCounts) -> str:
    """ "2 active, 5 stories held   monitor silence list"; "" where there is nothing to say."""
    if not counts.active:
        return ""
    held = f", {counted(counts.held, 'story', 'stories')} held" if counts.held else ""
    discarded = f", {counted(counts.discarded, 'story', 'stories')} discarded" if counts.discarded else ""
    return f"{counts.active:,} active{held}{discarded}   monitor silence list"


def silences_of_the_day(store: Store, digests: Sequence[str], clock: Clock) -> Callable[[Window], list[str]]:
    """What the health digest says of silences: one line, where there is any."""
    return lambda _window: [line] if (line := counts_line(silence_counts(store, digests, clock.now()))) else []


def counts_json(counts: SilenceCounts) -> dict[str, int]:
    """The same with stable keys."""
    return {"active": counts.active, "stories_held": counts.held, "stories_discarded": counts.discarded}
