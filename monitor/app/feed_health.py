"""`monitor feeds health`: what is wrong or odd with which feed, worst first, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.app.counting import counted, span_text
from monitor.app.feed_list import next_json
from monitor.app.hub_words import HubView, hub_trouble
from monitor.app.known_feeds import KnownFeeds
from monitor.core.feeds.gaps import gap_words
from monitor.core.feeds.health import FAILURES, Finding, HealthReason, findings, gravity, may_be_silent
from monitor.core.feeds.politeness import NOT_SOONER
from monitor.core.feeds.why_next import why_next
from monitor.core.text.columns import wrap
from monitor.model.feed import SUBSCRIBED, Feed, FeedStatus, Listing, PollOutcome
from monitor.model.gap import Gap
from monitor.ports import FeedStore

_MOST_SHOWN = 5  # a screen; --json has them all
_LABELS = {
    HealthReason.NOT_A_FEED: "NO FEED",
    HealthReason.IDS_CHANGE: "NEW IDS",
    HealthReason.IDS_REUSED: "SAME IDS",
    HealthReason.NEVER_WORKED: "NEVER WORKED",
    HealthReason.LEFT_ALONE: "LEFT ALONE",
    HealthReason.MAY_HAVE_LOST: "MAY HAVE LOST",
    HealthReason.GAP_FILLED: "GAP FILLED",
}


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """One feed that is not well, and why; the worst finding first."""

    feed: Feed
    findings: tuple[Finding, ...]
    listing: Listing | None
    declared: str | None = None  # its place in the config
    hub: str = ""  # what is odd about its hub


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The feeds that are not well, worst first. `holder` is the pid of the daemon at work, if one is."""

    total: int
    unasked: int  # not polled yet
    paused: int  # by hand; they count nowhere else
    ill: tuple[FeedHealth, ...]
    holder: int | None
    now: datetime


def health_of(
    store: FeedStore,
    known: KnownFeeds,
    *,
    gaps: Mapping[int, Gap],
    holder: int | None,
    now: datetime,
    hubs: HubView | None = None,
) -> HealthReport:
    """Asks the store; changes nothing. Without a daemon no feed is called overdue: all of them are.

    `gaps` are the last ones of the feeds that had one.
    """
    feeds = [feed for feed in known.feeds if feed.status in SUBSCRIBED]
    listings = store.listings()
    arrivals = store.arrivals([feed.id for feed in feeds if may_be_silent(feed, listings.get(feed.id))])
    subscriptions = (hubs or HubView()).by_feed
    ill = []
    for feed in feeds:
        listing = listings.get(feed.id)
        found = findings(feed, listing, arrivals.get(feed.id, ()), now, gaps.get(feed.id))
        if holder is None:
            found = tuple(one for one in found if one.reason is not HealthReason.OVERDUE)
        hub = subscriptions.get(feed.id)
        trouble = hub_trouble(hub, now) if hub is not None else None
        if trouble is not None:
            found = (*found, Finding(HealthReason.HUB, trouble[1]))
        if found:
            place = known.place(feed.settings.url)
            ill.append(FeedHealth(feed, found, listing, place, trouble[0] if trouble is not None else ""))
    ill.sort(key=lambda one: (gravity(one.findings), one.findings[0].since or now, one.feed.name.casefold()))
    unasked = sum(feed.last_polled_at is None for feed in feeds)
    paused = sum(feed.status is FeedStatus.PAUSED for feed in known.feeds)
    return HealthReport(len(feeds), unasked, paused, tuple(ill), holder, now)


def health_lines(report: HealthReport) -> Iterator[str]:
    """At most a screen of text: the answer first, then the worst feeds, each with what to do."""
    if report.holder is None:
        yield "monitor is not running: nothing is polled."
    if report.paused:
        yield f"{counted(report.paused, 'feed')} paused: monitor feeds resume URL"
    if not report.total:
        yield "No feeds. Add one: monitor feeds add URL"
        return
    failing = sum(one.findings[0].reason in FAILURES for one in report.ill)
    odd = len(report.ill) - failing
    if not report.ill:
        new = f"; {report.unasked:,} not asked yet" if report.unasked else ""
        yield f"All {report.total:,} feeds are well{new}." if report.total > 1 else f"The one feed is well{new}."
        return
    well = report.total - len(report.ill)
    yield f"{counted(report.total, 'feed')}: {failing:,} failing, {odd:,} odd, {well:,} well"
    for one in report.ill[:_MOST_SHOWN]:
        yield ""
        yield from _feed_lines(one, report.now)
    rest = report.ill[_MOST_SHOWN:]
    if rest:
        counts = Counter(one.findings[0].reason for one in rest)
        parts = ", ".join(
            f"{counts[reason]:,} {_label(reason).lower()}" for reason in HealthReason if counts[reason]
        )
        yield ""
        yield from wrap(f"… and {len(rest):,} more: {parts}. All of them: monitor feeds health --json")


def _feed_lines(one: FeedHealth, now: datetime) -> Iterator[str]:
    feed = one.feed
    yield from wrap(f"{_label(one.findings[0].reason)}  {feed.name}", then="  ")
    for finding in one.findings:
        yield from wrap(_why(one, finding, now), "  ")
    yield from wrap(f"→ {_advice(one)}", "  ", then="    ")
    if feed.name != feed.settings.url:
        yield f"  {feed.settings.url}"


def _label(reason: HealthReason) -> str:
    return _LABELS.get(reason, reason.value.upper())


def _why(one: FeedHealth, finding: Finding, now: datetime) -> str:
    feed, listing = one.feed, one.listing or Listing(0)
    ago = span_text(now - finding.since) if finding.since else "an unknown time"
    tries = f"{counted(feed.failures, 'failure')} in a row: {feed.last_error}"
    left = span_text(feed.next_poll_at - now)
    # Of a wait that doubles enough is said.
    reason = f": {why_next(feed)}" if feed.last_reason in NOT_SOONER else ""
    again = f"; asked again in {left}{reason}"
    match finding.reason:
        case HealthReason.GONE:
            return f"the server said {ago} ago that it is gone for good (410): polled no more"
        case HealthReason.NEVER_WORKED:
            return f"no success since it was subscribed to {ago} ago; {tries}{again}"
        case HealthReason.OVERDUE:
            return f"should have been polled {ago} ago"
        case HealthReason.LEFT_ALONE:
            return f"not asked for {ago}, and for {left} to come{reason}"
        case HealthReason.SILENT:
            usual, longest = (span_text(one) if one else "?" for one in (finding.usual, finding.longest))
            return f"nothing new for {ago}; usually an entry every {usual}, and no pause longer than {longest}"
        case HealthReason.MAY_HAVE_LOST:
            pages = f"; {gap_words(finding.gap)}" if finding.gap else ""
            return f"{ago} ago all that it listed was new: entries may have come and gone between two polls{pages}"
        case HealthReason.GAP_FILLED if finding.gap is not None:
            return f"{ago} ago all that it listed was new; {gap_words(finding.gap)}, nothing was lost"
        case HealthReason.IDS_CHANGE:
            return f"{listing.repeated:,} of {listing.entries:,} entries have the words of another under a new id"
        case HealthReason.IDS_REUSED:
            return f"ids are reused: {listing.reused:,} of {listing.entries:,} entries have the id of another one"
        case HealthReason.UNDATED:
            return f"{listing.undated:,} of {listing.entries:,} entries have no date"
        case HealthReason.MOVED:
            return f"redirects for good to {feed.url}"
        case HealthReason.HUB:
            return one.hub
        case _:
            return f"no success for {ago}, {tries}{again}"


def _advice(one: FeedHealth) -> str:
    remove = f"delete it in {one.declared}" if one.declared else "monitor feeds remove URL"
    match one.findings[0].reason:
        case HealthReason.GONE:
            return f"look on the site for its new address, and {remove}"
        case HealthReason.NEVER_WORKED if one.feed.last_outcome is PollOutcome.RATE_LIMITED:
            return "nothing yet: its server is busy, or finds that we ask too often"
        case HealthReason.NEVER_WORKED if one.feed.last_outcome is not PollOutcome.AUTH_ERROR:
            return f"open the address in a browser: is it a feed? If not, {remove}"
        case HealthReason.DEAD | HealthReason.NOT_A_FEED:
            return "open the address in a browser: the site may have moved its feed"
        case HealthReason.NEVER_WORKED | HealthReason.REFUSED:
            return "say who you are in user_agent of [poll], or ask the publisher to let you in"
        case HealthReason.FAILING:
            return "nothing yet: most failures pass by themselves"
        case HealthReason.OVERDUE:
            return "the daemon is behind: monitor status"
        case HealthReason.LEFT_ALONE:
            return "nothing: it is asked then; give the feeds of a host longer intervals if it says so often"
        case HealthReason.SILENT:
            return "look on the site: has it stopped, or moved its feed?"
        case HealthReason.MAY_HAVE_LOST | HealthReason.GAP_FILLED:
            return 'poll it more often: give it interval = "5m", or less than it has now'
        case HealthReason.IDS_CHANGE:
            return "the publisher should know; until then copies of a text alert once"
        case HealthReason.IDS_REUSED:
            return "nothing: its entries are told apart by address, title and date; the publisher should know"
        case HealthReason.UNDATED:
            return "backfill and max_entry_age cannot tell its old entries from new ones"
        case HealthReason.HUB:
            return "nothing: the feed is polled as if it had no hub"
        case HealthReason.MOVED:
            return f"write the new address into {one.declared}" if one.declared else "nothing: it is asked there"


def gap_json(gap: Gap | None) -> dict[str, Any] | None:
    """How far older pages of a feed were read."""
    if gap is None:
        return None
    ended = gap.ended.value if gap.ended else None
    return {"pages": gap.pages, "entries": gap.entries, "ended": ended, "filled": gap.filled}


def health_json(report: HealthReport) -> Iterator[dict[str, Any]]:
    """One object a feed that is not well, worst first."""
    for one in report.ill:
        feed = one.feed
        yield {
            "feed": feed.name,
            "url": feed.settings.url,
            "address": feed.url,
            "declared": one.declared,
            "status": feed.status.value,
            "reasons": [
                {
                    "reason": finding.reason.value,
                    "since": finding.since.isoformat() if finding.since else None,
                    "why": _why(one, finding, report.now),
                    "gap": gap_json(finding.gap),
                }
                for finding in one.findings
            ],
            "advice": _advice(one),
            "failures": feed.failures,
            "error": feed.last_error,
            "last_success_at": feed.last_success_at.isoformat() if feed.last_success_at else None,
            "next_poll_at": feed.next_poll_at.isoformat(),
            **next_json(feed, report.now),
        }
