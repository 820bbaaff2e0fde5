"""One story in words: lines at 80 columns for people, JSON with stable keys for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from monitor.app.counting import counted
from monitor.app.kept_out import StorySilence, moment_text, why_text
from monitor.app.stories import SharedWords, Shown, article_name
from monitor.app.stories_words import counts_json, headline, in_numbers, languages_of
from monitor.app.times import iso_time, shown_time
from monitor.core.digests.passages import one_line
from monitor.core.text.columns import COLUMNS, cut_to, wrap
from monitor.model.article import DuplicateReason, Quality
from monitor.model.story_member import Member
from monitor.model.story_view import StoryRule, Telling

_INDENT = " " * 7
_BESIDE = " " * 14  # as wide as a label

_COPY_REASONS = {
    DuplicateReason.SAME_URL: "same address",
    DuplicateReason.SAME_CONTENT: "same words",
    DuplicateReason.REVISION: "another wording",
    DuplicateReason.NEAR_DUPLICATE: "nearly the same words",
}


def show_lines(shown: Shown, limit: int) -> Iterator[str]:
    """One story for people; of more articles than `limit` the newest are listed."""
    view = shown.view
    yield from _label("Story", f"{view.id}: {headline(shown.lead)}")
    yield _BESIDE + in_numbers(shown.counts) + languages_of(view.members)
    if shown.is_large:
        yield from _label("", "so large that new articles are only put to it, and it is settled anew no more")
    if shown.found.alias:
        yield _BESIDE + f"{shown.found.alias} went into it"
    others = [one for one in view.former if one != shown.found.alias]
    if others:
        yield from _label("", f"was also {', '.join(others)}")
    yield from _timeline(view.members, limit)
    yield from _alike_lines(shown)
    yield from _rule_lines(view.rules)
    yield from _told_lines(view.told, bool(view.rules))
    yield from _silence_lines(shown.silences)
    yield from _apart_lines(shown)
    yield from _lookalike_lines(shown)
    yield from _elsewhere_lines(shown)


def _label(label: str, text: str) -> list[str]:
    return wrap(text, f"{label:<14}", then=_BESIDE)


def _timeline(members: Sequence[Member], limit: int) -> Iterator[str]:
    in_order = sorted(members, key=lambda one: (one.when, one.id))
    yield ""
    if len(in_order) > limit:
        yield f"The newest {limit:,} of {len(in_order):,} articles and wordings; all: --limit {len(in_order)}"
    day = ""
    for one in in_order[-limit:]:
        moment = one.when.astimezone()
        if f"{moment:%a %d %b %Y}" != day:
            day = f"{moment:%a %d %b %Y}"
            yield day
        yield cut_to(f"{moment:%H:%M}  {headline(one)}", COLUMNS)
        yield from wrap(" · ".join(_about(one)), _INDENT)
        yield _INDENT + one.url
        if one.duplicate_of is not None:
            yield from wrap(copy_text(one), _INDENT)


def _about(one: Member) -> Iterator[str]:
    yield article_name(one.id)
    yield one_line(one.publisher or one.feed)
    if one.language:
        yield one.language
    if one.wire:
        yield f"carries {one.wire}"
    if one.quality is Quality.TITLE:
        yield "title only"
    elif one.quality is Quality.STUB:
        yield "stub"
    if one.series:
        yield "one of a daily series"
    if one.published is None:
        yield "without a date: time first seen"


def copy_text(one: Member) -> str:
    """What an article is a copy or a wording of, and why."""
    assert one.duplicate_reason is not None
    what = "revises" if one.is_revision else "copy of"
    reason = "" if one.is_revision else f": {copy_reason(one.duplicate_reason, one.duplicate_why)}"
    return f"{what} {article_name(one.duplicate_of or 0)}{reason}"


def copy_reason(reason: DuplicateReason, figures: str) -> str:
    """Why a text is a copy, or another wording: with its figures, and nothing said twice."""
    said = _COPY_REASONS[reason]
    if not figures:
        return said
    return figures if said in figures else f"{said} ({figures})"


def _alike_lines(shown: Shown) -> Iterator[str]:
    if not shown.alike:
        return
    yield ""
    for place, one in enumerate(shown.alike):
        pair = f"{article_name(one.edge.one)} and {article_name(one.edge.other)} ({one.edge.weight:.2f})"
        both = "; ".join(part for part in (", ".join(one.names), ", ".join(one.words)) if part)
        yield from _label("" if place else "Alike", f"{pair}: {both}" if both else pair)
    left = shown.view.all_edges - len(shown.alike)
    if left > 0:
        yield f"{_BESIDE}and {counted(left, 'pair')} less alike"


def _rule_lines(rules: Sequence[StoryRule]) -> Iterator[str]:
    yield ""
    if not rules:
        yield from _label("Rules", "none matched")
    for place, one in enumerate(rules):
        of = f" ({counted(one.articles, 'article')})" if one.articles > 1 else ""
        yield from _label("" if place else "Rules", f"{one.first.rule}{of}: {one.first.because}")


def _told_lines(told: Sequence[Telling], matched: bool) -> Iterator[str]:
    if not told:
        if matched:
            yield from _label("Told", "in no digest yet")
        return
    for place, one in enumerate(told):
        at = shown_time(one.at) if one.at else "at a time no longer kept"
        carried = ", ".join(
            f"{receiver}: {state.value}{f' ({number})' if number > 1 else ''}"
            for receiver, state, number in one.deliveries
        )
        text = f"{at} in {one.digest}: {', '.join(one.rules)}"
        yield from _label("" if place else "Told", f"{text} → {carried}" if carried else text)


def _silence_lines(silences: Sequence[StorySilence]) -> Iterator[str]:
    for place, one in enumerate(silences):
        until = f" until {moment_text(one.silence.ends_at)}" if one.active else ", which is over"
        said = [f"by silence {one.silence.id}{until}: {why_text(one.silence)}"]
        said += [f"{counted(one.held, 'match', 'matches')} kept out"] if one.held else []
        if one.discarded:
            back = f"monitor silence end {one.silence.id} --tell brings back"
            said.append(f"{counted(one.discarded, 'match', 'matches')} discarded; {back}")
        yield from _label("" if place else "Silenced", "; ".join(said))


def _apart_lines(shown: Shown) -> Iterator[str]:
    for place, one in enumerate(shown.view.apart):
        mine, other = one.one, one.other
        if mine.story != shown.view.id:
            mine, other = other, mine
        text = f'{article_name(mine.id)} and {article_name(other.id)} "{headline(other)}" ({other.story}), said '
        text += f"by {one.link.author or 'somebody'} on {shown_time(one.link.at)}"
        text += f": {one.link.reason}" if one.link.reason else ""
        yield from _label("" if place else "Not the same", text)


def _lookalike_lines(shown: Shown) -> Iterator[str]:
    for place, one in enumerate(shown.view.lookalikes):
        mine, other = article_name(one.mine.id), article_name(one.other.id)
        text = f'{mine} and {other} "{headline(one.other)}" ({one.other.story}) read alike, but for numbers, '
        text += "names or days"
        yield from _label("" if place else "Told apart", text)


def _elsewhere_lines(shown: Shown) -> Iterator[str]:
    for place, one in enumerate(shown.elsewhere):
        newest = one.newest
        text = f'{newest.story} ({newest.language}) "{headline(newest)}" names {", ".join(one.names)} too'
        yield from _label("" if place else "See also", text)
    if shown.elsewhere:
        yield f"{_BESIDE}(in another language, perhaps of the same event; kept apart)"


def show_json(shown: Shown) -> dict[str, Any]:
    """One story with stable keys."""
    view = shown.view
    lead = shown.lead
    return {
        "id": view.id,
        "asked_as": shown.found.alias,
        "former_ids": list(view.former),
        "large": shown.is_large,
        "headline": headline(lead),
        "url": lead.url,
        **counts_json(shown.counts),
        "timeline": [_member_json(one) for one in sorted(view.members, key=lambda one: (one.when, one.id))],
        "alike": [_alike_json(one) for one in shown.alike],
        "edges": view.all_edges,
        "rules": [
            {"id": one.first.rule, "articles": one.articles, "because": one.first.because} for one in view.rules
        ],
        "told": [
            {
                "digest": one.digest,
                "batch": one.batch,
                "at": iso_time(one.at),
                "rules": list(one.rules),
                "deliveries": [
                    {"receiver": receiver, "state": state.value, "number": number}
                    for receiver, state, number in one.deliveries
                ],
            }
            for one in view.told
        ],
        "silences": [
            {"id": one.silence.id, "active": one.active, "held": one.held, "discarded": one.discarded}
            for one in shown.silences
        ],
        "not_the_same": [
            {
                "articles": [one.link.one, one.link.other],
                "stories": [one.one.story, one.other.story],
                "at": iso_time(one.link.at),
                "author": one.link.author,
                "reason": one.link.reason,
            }
            for one in view.apart
        ],
        "told_apart": [
            {"articles": [one.mine.id, one.other.id], "story": one.other.story, "headline": headline(one.other)}
            for one in view.lookalikes
        ],
        "see_also": [
            {
                "story": one.newest.story,
                "language": one.newest.language,
                "headline": headline(one.newest),
                "names": list(one.names),
            }
            for one in shown.elsewhere
        ],
    }


def _alike_json(one: SharedWords) -> dict[str, Any]:
    pair = [one.edge.one, one.edge.other]
    return {"articles": pair, "weight": one.edge.weight, "names": list(one.names), "words": list(one.words)}


def _member_json(one: Member) -> dict[str, Any]:
    return {
        "article": one.id,
        "title": one.title,
        "url": one.url,
        "publisher": one.publisher,
        "feed": one.feed,
        "language": one.language,
        "first_seen": one.first_seen.isoformat(),
        "published": iso_time(one.published),
        "quality": one.quality.value,
        "wire": one.wire or None,
        "duplicate_of": one.duplicate_of,
        "duplicate_reason": one.duplicate_reason.value if one.duplicate_reason else None,
        "duplicate_why": one.duplicate_why or None,
        "note": one.note,
        "series": one.series,
    }
