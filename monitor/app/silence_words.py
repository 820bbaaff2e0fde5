"""Silences in words: lines at 80 columns for people, JSON with stable keys for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from monitor.app.counting import counted
from monitor.app.kept_out import Kept, moment_text, why_text
from monitor.app.silences import Added, Freed, ListedSilence
from monitor.app.times import iso_time
from monitor.core.text.columns import wrap
from monitor.model.silence import DiscardCount, NewSilence, Silence, SilenceMode

_INDENT = " " * 5


def what_text(silence: Silence | NewSilence) -> str:
    """What it silences: "rules torkham-*, tag border, in story s_1a, for digest morning"."""
    parts = []
    for name, names in (("rule", silence.rules), ("tag", silence.tags)):
        if names:
            parts.append(f"{name if len(names) == 1 else name + 's'} {' or '.join(names)}")
    said = ", ".join(parts)
    if silence.story is not None:
        said = f"{said}, in story {silence.story}" if said else f"story {silence.story}, whatever rule matches"
    if silence.digests:
        said += f", for {'digest' if len(silence.digests) == 1 else 'digests'} {' and '.join(silence.digests)}"
    return said


# ---- add


def question_text(new: NewSilence, rules: int) -> str:
    """What a person is asked before every rule is silenced."""
    where = f" of {' and '.join(new.digests)}" if new.digests else ""
    return f"That silences all {counted(rules, 'rule')}{where} until {moment_text(new.ends_at)}. Go on?"


def added_lines(added: Added, now: datetime) -> Iterator[str]:
    """What was written down, what it keeps out now, and how to undo it."""
    one, checked = added.silence, added.checked
    does = "holds" if one.mode is SilenceMode.HOLD else "discards"
    begins = f" from {moment_text(one.starts_at)}" if one.starts_at > now else ""
    head = f"Silence {one.id} {does} {what_text(one)},{begins} until {moment_text(one.ends_at)}: {why_text(one)}"
    yield from wrap(head, then="  ")
    for warning in checked.warnings:
        yield from wrap(f"Warning: {warning}", then="  ")
    if one.story is None and checked.all_rules:
        yield f"It reaches {checked.rules:,} of {counted(checked.all_rules, 'rule')}."
    if one.active(now):
        yield f"It keeps out now: {_kept_text(added.kept)}."
    if one.mode is SilenceMode.HOLD:
        yield "What it holds is told when it ends."
    else:
        yield from wrap("What it discards is kept on record and is told only when you ask for it:", then="  ")
        yield f"  monitor silence end {one.id} --tell"
    yield f"To undo: monitor silence end {one.id}"


def _kept_text(kept: Kept) -> str:
    if not kept.matches:
        return "nothing, no match that it reaches is waiting"
    stories = counted(len(kept.stories), "story", "stories")
    return f"{counted(len(kept.matches), 'waiting match', 'waiting matches')} of {stories}"


def added_json(added: Added, now: datetime) -> dict[str, Any]:
    """The same with stable keys."""
    return {
        **silence_json(added.silence, now),
        "keeps_out_now": _kept_json(added.kept),
        "reaches_rules": added.checked.rules,
        "warnings": list(added.checked.warnings),
    }


# ---- list


def state_of(silence: Silence, now: datetime) -> str:
    """active, to come, ended (by hand), or over."""
    if silence.ended_at is not None and silence.ended_at < silence.ends_at:
        return "ended"
    if silence.ends_at <= now:
        return "over"
    return "active" if silence.starts_at <= now else "to come"


def list_lines(found: Sequence[ListedSilence], now: datetime, *, every: bool) -> Iterator[str]:
    """The list for people."""
    for one in found:
        yield from _item(one, now)
        yield ""
    if not found:
        yield "No silence was ever written down." if every else "No silence is in force or to come."
    if not every:
        yield "Those that are over: monitor silence list --all"


def _item(listed: ListedSilence, now: datetime) -> Iterator[str]:
    one = listed.silence
    state = state_of(one, now)
    when = {
        "active": f"until {moment_text(one.ends_at)}",
        "to come": f"from {moment_text(one.starts_at)} until {moment_text(one.ends_at)}",
        "ended": f"by hand {moment_text(one.end)}",
        "over": f"since {moment_text(one.end)}",
    }[state]
    does = "holds" if one.mode is SilenceMode.HOLD else "discards"
    yield from wrap(f"{does} {what_text(one)}", f"{one.id:<3}  ", then=_INDENT)
    yield from wrap(f"{state} {when} · {why_text(one)}", _INDENT, then=_INDENT)
    if one.gone_into is not None:
        discards = "" if one.mode is SilenceMode.HOLD else ": it holds only"
        yield from wrap(f"its story went into {one.gone_into}{discards}", _INDENT, then=_INDENT)
    yield from wrap(_now_text(listed), _INDENT, then=_INDENT)


def _now_text(listed: ListedSilence) -> str:
    said = []
    if listed.held.matches:
        said.append(f"{_stories_text(len(listed.held.matches), len(listed.held.stories))} waiting")
    if listed.doomed.matches:
        doomed = _stories_text(len(listed.doomed.matches), len(listed.doomed.stories))
        said.append(f"{doomed} waiting, to be discarded when the digest is due")
    if listed.discarded.matches:
        discarded = _stories_text(listed.discarded.matches, listed.discarded.stories)
        said.append(f"{discarded} discarded; monitor silence end {listed.silence.id} --tell brings back")
    return " · ".join(said) or "nothing is kept out by it"


def _stories_text(matches: int, stories: int) -> str:
    return f"{counted(matches, 'match', 'matches')} of {counted(stories, 'story', 'stories')}"


def listed_json(listed: ListedSilence, now: datetime) -> dict[str, Any]:
    """One row with stable keys."""
    return {
        **silence_json(listed.silence, now),
        "held": _kept_json(listed.held),
        "to_discard": _kept_json(listed.doomed),
        "discarded": _discarded_json(listed.discarded),
    }


def silence_json(one: Silence, now: datetime) -> dict[str, Any]:
    """One silence with stable keys."""
    return {
        "id": one.id,
        "state": state_of(one, now).replace(" ", "_"),
        "mode": one.mode.value,
        "rules": list(one.rules),
        "tags": list(one.tags),
        "story": one.story,
        "gone_into": one.gone_into,
        "digests": list(one.digests),
        "starts_at": iso_time(one.starts_at),
        "ends_at": iso_time(one.ends_at),
        "ended_at": iso_time(one.ended_at),
        "author": one.author,
        "reason": one.reason,
        "created_at": iso_time(one.created_at),
    }


def _kept_json(kept: Kept) -> dict[str, int]:
    return {"matches": len(kept.matches), "stories": len(kept.stories)}


def _discarded_json(count: DiscardCount) -> dict[str, int]:
    return {"matches": count.matches, "stories": count.stories}


# ---- end


def freed_lines(freed: Freed, *, tell: bool) -> Iterator[str]:
    """What an end came to, for people."""
    ended, one = freed.ended, freed.ended.silence
    if ended.before is not None:
        yield f"Silence {one.id} was ended before, {moment_text(ended.before)}."
    else:
        yield from wrap(f"Silence {one.id} is ended: {what_text(one)}.", then="  ")
    if freed.kept.matches:
        stories = _stories_text(len(freed.kept.matches), len(freed.kept.stories))
        yield from wrap(f"Kept out no more: {stories}, told when their digests are due.", then="  ")
    if freed.still.matches:
        stories = _stories_text(len(freed.still.matches), len(freed.still.stories))
        yield from wrap(
            f"Kept out by another silence now: {stories}; monitor silence list says by which.", then="  "
        )
    for digest, matches in ended.told.items():
        yield f"Brought back in {digest}: {counted(matches, 'match', 'matches')}."
    if ended.gone:
        yield f"Not brought back: {counted(ended.gone, 'match', 'matches')}, whose text was removed by hand."
    if tell and not ended.told:
        yield "It had discarded nothing that could be brought back."
    elif freed.discarded.matches and not tell:
        discarded = _stories_text(freed.discarded.matches, freed.discarded.stories)
        yield from wrap(f"It has discarded {discarded}. To have them told after all:", then="  ")
        yield f"  monitor silence end {one.id} --tell"


def freed_json(freed: Freed, now: datetime) -> dict[str, Any]:
    """The same with stable keys."""
    return {
        **silence_json(freed.ended.silence, now),
        "was_ended_at": iso_time(freed.ended.before),
        "kept_out_no_more": _kept_json(freed.kept),
        "still_kept_out": _kept_json(freed.still),
        "brought_back": dict(freed.ended.told),
        "not_brought_back": freed.ended.gone,
        "discarded": _discarded_json(freed.discarded),
    }
