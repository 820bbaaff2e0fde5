"""The answer of `monitor why --rule` in words, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from monitor.app.counting import counted
from monitor.app.kept_out import discarded_words, kept_words
from monitor.app.matches import match_json
from monitor.app.telling_words import too_few_words
from monitor.app.times import iso_time, shown_time
from monitor.app.why_rule import RuleWhy
from monitor.core.health.rules import SILENT_AFTER, Noise, noise, usual
from monitor.core.text.columns import COLUMNS, cut_to, wrap
from monitor.model.delivery import DeliveryState
from monitor.model.digest import AlreadySent
from monitor.model.entry import Fate
from monitor.model.ledger import RoutedCount, RoutingState, RuleRecord
from monitor.model.rule import Severity

_INDENT = " " * 14
_UNREAD = {
    Fate.SEEN_AT_SUBSCRIBE: "there before you subscribed",
    Fate.TOO_OLD: "too old at first sight",
    Fate.OLDER_PAGE: "on an older page of the feed, from before its last reading",
    Fate.WAITING: "waiting to be read",
    Fate.FORGOTTEN: "forgotten before they were read",
}


def why_rule_lines(answer: RuleWhy) -> list[str]:
    """The answer as lines of text."""
    record = answer.record
    entries = sum(record.fates.values())
    lines = [*_head(answer), ""]
    lines += _row("Since", f"{shown_time(answer.since.moment)}, the last {answer.since.text}")
    lines += _row("Entries", f"{entries:,} first seen{_left_out(answer)}")
    lines += _row("Read", f"{counted(answer.read, 'article')} by this rule{_not_read(answer)}")
    lines += _row("Matches", f"{record.matches:,}{_share(record, answer.read)}")
    for line in _ends(answer):
        lines += _row("", line)
    if record.failures:
        lines += _row("Failures", f"{counted(sum(count for _, count in record.failures), 'article')} it failed on")
        for why, count in record.failures:
            lines += _row("", f"{count:,}× {why}")
    for line in _loudness(answer):
        lines += _row("Rate", line)
    lines += ["", *_newest(answer)] if record.newest else ["", *wrap(_silence(answer))]
    return lines


def why_rule_json(answer: RuleWhy) -> dict[str, Any]:
    """The answer as one JSON object."""
    record = answer.record
    return {
        "rule": answer.rule,
        "version": answer.current.version if answer.current else None,
        "since": answer.since.moment.isoformat(),
        "entries": {
            "total": sum(record.fates.values()),
            **{fate.value: record.fates.get(fate.value, 0) for fate in Fate},
        },
        "articles": {
            "read_by_rule": answer.read,
            "read_without_rule": answer.without,
            "rules_unknown": answer.unknown,
            "waiting": record.unread,
            "stuck": record.stuck,
        },
        "matches": record.matches,
        "found_by_backtest": record.found_back,
        "no_digest": record.unrouted,
        "digests": [
            {
                "digest": one.digest,
                "state": one.state.value,
                "news": one.news,
                "delivery": one.delivery.value if one.delivery else None,
                "matches": one.matches,
                "silence": one.silence,
            }
            for one in record.routed
        ],
        "shown_short": [
            {"digest": one.digest, "shown": one.shown.value, "matches": one.matches} for one in record.short
        ],
        "unsubscribed": [
            {"digest": one.digest, "recipients": list(one.addresses), "matches": one.matches}
            for one in record.unsubscribed
        ],
        "rate": _rate_json(answer),
        "kept_out": [
            {"digest": digest, "silence": out.silence.id, "why": out.why.value, "matches": matches}
            for digest, out, matches in answer.kept_out
        ],
        "failures": [{"why": why, "articles": count} for why, count in record.failures],
        "last_match": iso_time(record.newest[0].matched_at if record.newest else record.last_match),
        "newest": [match_json(one) for one in record.newest],
    }


def _rate_json(answer: RuleWhy) -> dict[str, Any] | None:
    rate, now = answer.record.rate, answer.now
    if rate is None or now is None:
        return None
    day = now - timedelta(days=1)
    return {"last_day": rate.matches, "usual_a_day": round(usual(rate, day), 2), "noise": noise(rate, day).value}


def _head(answer: RuleWhy) -> list[str]:
    rule = answer.current
    if rule is None:
        why = "not among the rules in force" if answer.rules_hold else "the rule files do not hold: monitor check"
        return [f"{answer.rule}: {why}"]
    high = "HIGH · " if rule.severity is Severity.HIGH else ""
    was = f", was {', '.join(answer.was)}" if answer.was else ""
    return [
        f"{rule.id}{was} {rule.version} · {high}{rule.title}",
        cut_to("  " + " ".join(rule.query.split()), COLUMNS),
    ]


def _row(label: str, text: str) -> list[str]:
    return wrap(text, f"{label:<14}", then=_INDENT)


def _left_out(answer: RuleWhy) -> str:
    """Entries that never became an article, and why."""
    fates = answer.record.fates
    said = [f"{fates[fate.value]:,} {words}" for fate, words in _UNREAD.items() if fates.get(fate.value)]
    return f"; {', '.join(said)}" if said else ""


def _not_read(answer: RuleWhy) -> str:
    """Articles that the rule has not read, and why."""
    record = answer.record
    said = []
    if answer.without:
        said.append(f"{answer.without:,} when it was not among the rules")
    if answer.unknown:
        said.append(f"{answer.unknown:,} by rules that were not kept")
    if record.unread:
        stuck = f" ({record.stuck:,} after an error)" if record.stuck else ""
        said.append(f"{record.unread:,} waiting for the rules{stuck}")
    return f"; {', '.join(said)}" if said else ""


def _share(record: RuleRecord, read: int) -> str:
    at_reading = record.matches - record.found_back
    share = f"{100 * at_reading / read:.1f} % of the articles read" if at_reading and read else ""
    if not record.found_back:
        return f", {share}" if share else ""
    some = f"{record.found_back:,} of them " if at_reading else ""
    return f", {some}found by a backtest" + (f"; the others are {share}" if share else "")


def _ends(answer: RuleWhy) -> Iterator[str]:
    for one in answer.record.routed:
        yield f"{one.matches:,} {_end(one, answer)}"
    for digest, out, matches in answer.kept_out:
        yield f"{matches:,} {kept_words(out, digest)}"
    for short in answer.record.short:
        told = f"{short.matches:,} of those told in {short.digest}"
        yield f"{told} {_SHORT[short.shown]} for who had it from another digest"
    for left in answer.record.unsubscribed:
        whom = ", ".join(left.addresses[:3]) + (
            f" and {len(left.addresses) - 3} more" if len(left.addresses) > 3 else ""
        )
        yield f"{left.matches:,} of those told in {left.digest} not sent to {whom}: unsubscribed then"
    if answer.record.unrouted:
        yield f"{answer.record.unrouted:,} for no digest: none takes this rule"


def _loudness(answer: RuleWhy) -> Iterator[str]:
    """Whether the rule is noisy or silent, by the rule of the health digest; nothing of one as usual."""
    rate, now = answer.record.rate, answer.now
    if rate is None or now is None:
        return
    day = now - timedelta(days=1)
    said = f"{counted(rate.matches, 'match', 'matches')} in the last 24 h, usually {usual(rate, day):.1f} a day"
    match noise(rate, day):
        case Noise.NOISY:
            yield f"noisy: {said}"
        case Noise.USUAL:
            yield said
        case _:
            last = answer.record.newest[0].matched_at if answer.record.newest else answer.record.last_match
            if last is not None and now - last >= SILENT_AFTER:
                yield f"silent: no match for {(now - last).days} days"


def _end(one: RoutedCount, answer: RuleWhy) -> str:
    match one.state:
        case RoutingState.PENDING:
            gone = "" if one.digest in answer.digests else ", which the config no longer has"
            return f"pending: to be told in digest {one.digest}{gone or _quiet(one, answer)}"
        case RoutingState.MERGED if not one.news:
            return f"not told in {one.digest}: an earlier wording had matched in the same sentences"
        case RoutingState.MERGED:
            return f"merged in {one.digest}: it had told this rule on the story before"
        case RoutingState.PLANNED:
            return f"told in {one.digest}: {_DELIVERED[one.delivery]}"
        case RoutingState.TOO_FEW:
            return too_few_words(one.digest)
        case RoutingState.FORGOTTEN:
            return f"never told in {one.digest}: the text was removed by hand before"
        case RoutingState.SILENCED:
            return discarded_words(one.silence, answer.silences.get(one.silence or 0), one.digest)


def _quiet(one: RoutedCount, answer: RuleWhy) -> str:
    """What the digest waits for with all that it has, where that is quiet time or a window."""
    wait = None if answer.waiting is None else answer.waiting.of(one.digest, (), lambda: None, _severity(answer))
    return "" if wait is None else wait.words


def _severity(answer: RuleWhy) -> Severity:
    return Severity.NORMAL if answer.current is None else answer.current.severity


_SHORT = {AlreadySent.BRIEF: "in one line", AlreadySent.SKIP: "left out"}
_DELIVERED = {
    DeliveryState.SENT: "sent",
    DeliveryState.WAITING: "not sent to everybody yet; monitor status",
    DeliveryState.DEAD: "a delivery was given up; monitor status",
    DeliveryState.DRAFT: "drafted",
    DeliveryState.SUPPRESSED: "its reader unsubscribed before it was sent",
    None: "without a delivery: all had it from another digest or have unsubscribed, or it is pruned; monitor why",
}


def _newest(answer: RuleWhy) -> list[str]:
    lines = ["Newest"]
    for one in answer.record.newest:
        lines.append(cut_to(f"  {one.matched_at.astimezone():%a %d %b %H:%M}  {one.title}", COLUMNS))
        lines.append(f"  {one.url}")
    if answer.record.matches > len(answer.record.newest):
        more = answer.record.matches - len(answer.record.newest)
        lines.append(
            f"  … and {more:,} more: monitor matches list --rule {answer.rule} --since {answer.since.text}"
        )
    return lines


def _silence(answer: RuleWhy) -> str:
    record = answer.record
    if not sum(record.fates.values()):
        return f"No entry was first seen in the last {answer.since.text}: monitor status says how the feeds are."
    none = f"No match in the last {answer.since.text}"
    if not answer.read:
        return f"{none}, because the rule read no article: the lines above say where they are."
    last = f"the last one was on {shown_time(record.last_match)}" if record.last_match else "nor ever before"
    return f"{none}, {last}. Try it on a text: monitor rules explain {answer.rule} --text FILE"
