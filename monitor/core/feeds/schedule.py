"""When to ask a feed again, why, and what to remember: pure decisions with named reasons.

Rules: polling design "When to poll", after RFC 9110, RFC 9111 and Rachel Kroll's feed reader tests.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.core.feeds.politeness import host_pause
from monitor.core.feeds.rhythm import NO_NEWS, Learned, News, learn
from monitor.core.feeds.server_wishes import AGES, freshness, retry_after
from monitor.model.cadence import Boost, Cadence
from monitor.model.entry import Fate, ParsedEntry
from monitor.model.feed import (
    POLL_SUCCESS,
    Feed,
    FeedStatus,
    PollDecision,
    PollOutcome,
    PollReason,
    PollSettings,
    Validators,
)
from monitor.model.fetch import FetchResponse

LONGEST_WAIT = timedelta(hours=24)  # polling design: nothing makes us ask less than daily
OUR_NETWORK_WAIT = timedelta(minutes=15)  # ours: an outage of our own line must not leave us blind for long
MAYBE_OUR_NETWORK = frozenset({PollOutcome.UNREACHABLE, PollOutcome.TIMEOUT})
_REFUSALS_BELIEVED = 3  # failures in a row: bot walls send a 403 in passing
_JITTER = 0.1
_MOVE_DOUBTED = 5  # failures in a row at the address to which a feed moved for good
_MAX_DOUBLINGS = 20  # 2**20 minutes are two years: far over the cap, and no overflow
# What a server asked for: never cut short by jitter.
_ASKED = frozenset({PollReason.FRESHNESS, PollReason.RETRY_AFTER, PollReason.SKIPPED})
# What we chose ourselves: never beyond `max_interval`, jitter included.
CHOSEN = frozenset(
    {
        PollReason.INTERVAL,
        PollReason.RATE,
        PollReason.MOSTLY_NEW,
        PollReason.ALL_NEW,
        PollReason.QUIET,
        PollReason.PERIOD,
    }
)
FIRST_AT_ONCE = 100
"""So many new feeds are asked at once: a desk sees them in seconds, and no server takes it for a burst."""
_FIRST_APART = timedelta(milliseconds=50)  # the others


def decide_next_poll(
    feed: Feed,
    settings: PollSettings,
    response: FetchResponse,
    *,
    cadence: Cadence,
    unchanged: bool,
    problem: str | None,
    parse_outcome: PollOutcome | None,
    now: datetime,
    dice: float,
    news: News = NO_NEWS,
) -> PollDecision:
    """When to ask next and what to keep of this answer.

    `cadence` is what the feed says of itself, `news` what the answer brought, `unchanged`: the body's hash is the
    stored one. `parse_outcome` is NOT_A_FEED or PARSE_FAILED, with `problem` as its one line, when a 200's body
    could not be used; else None. `dice` in [0, 1).

    A feed that answers is asked again after what its polls taught (`core.feeds.rhythm`), or after its own
    interval, which is a promise: only Retry-After stretches it, and a boost shortens it.

    A failing feed is asked again after its base interval, doubled with each further failure up to
    `settings.max_interval`, or 15 minutes where the fault may be our own network's (UNREACHABLE, TIMEOUT), and
    never sooner than its base. Exceptions: a longer Retry-After is kept to; 401, 403 and 451 mean daily from the
    third failure in a row, when the one before was such a refusal, too; 410 ends the polling. Nothing waits longer
    than a day or the feed's own interval. Never raises, whatever the headers say.
    """
    outcome = _outcome(response, unchanged, parse_outcome)
    succeeded = outcome in POLL_SUCCESS
    failures = 0 if succeeded else feed.failures + 1
    learned = None
    if succeeded:
        learned = _learned(feed, settings, response, outcome, news, now)
        wait, reason = _wait_of_good(feed, settings, response, cadence, learned, now)
    else:
        wait, reason = _wait_of_failing(feed, settings, response, outcome, failures, now)
    longest = _longest(feed, settings, outcome, reason)
    # Cut before the jitter too: feeds at the longest wait are spread, and no ttl overflows the arithmetic.
    most = longest / (1 + _JITTER) if reason in CHOSEN else longest
    wait = min(_jittered(min(wait, most), reason, dice), longest)
    if reason in CHOSEN or reason is PollReason.PROMISED:
        wait = _back_in_step(feed, wait, now, dice)
    if reason in CHOSEN:
        wait = max(wait, min(settings.min_interval, longest))
    wait = max(wait, _least(response, cadence, learned, reason, now))
    if boost_at(feed, now) is None:
        wait, reason = _without_skipped(cadence, wait, reason, now, dice)
    return PollDecision(
        next_poll_at=now + wait,
        reason=reason,
        outcome=outcome,
        failures=failures,
        validators=_validators(feed.validators, response, outcome),
        url=response.permanent_url or response.request.url if succeeded else feed.url,
        status=FeedStatus.GONE if outcome is PollOutcome.GONE else feed.status,
        error=None if succeeded else _error(response, problem, outcome),
        # What comes by a hub is no news at the daily poll, which teaches nothing then.
        rhythm=learned.rhythm if learned and not _is_pushed(feed, now) else None,
        pause=host_pause(response, now),
    )


def first_poll_at(now: datetime, index: int, interval: timedelta) -> datetime:
    """When the feed at this place of many new ones is due: 100 at once, then 20 a second, within the interval.

    A list that was imported is spread over the whole interval (`app.opml_files.spread`): nobody waits for it.
    """
    late = max(0, index - FIRST_AT_ONCE) * _FIRST_APART
    return now + (late if late < interval else late % interval)


def address_to_ask(feed: Feed) -> tuple[str, Validators]:
    """Where to ask a feed now, with the validators that belong there.

    One that moved for good and then failed five times in a row is asked at its declared address every other time:
    the new one may have died, or the move was a mistake. What answers there is its address from then on.
    """
    if feed.url != feed.settings.url and feed.failures >= _MOVE_DOUBTED and feed.failures % 2:
        return feed.settings.url, Validators()
    return feed.url, feed.validators


def entry_fate(
    entry: ParsedEntry,
    *,
    last_success_at: datetime | None,
    subscribed_at: datetime,
    backfill: timedelta,
    max_entry_age: timedelta,
    now: datetime,
) -> Fate:
    """What becomes of an entry never seen before: WAITING, SEEN_AT_SUBSCRIBE or TOO_OLD.

    `last_success_at` is None at the feed's first poll that brings entries. What was published after the
    subscription, or after the feed was last read, alerts even if the feed could only be read much later:
    `max_entry_age` is there for archives that come up again, not for a feed or a daemon that was down for
    long. The age of an entry is that of its publication; its update counts only where nothing else is known,
    since re-edited archives are not news.
    """
    date = entry.published or entry.updated
    if last_success_at is None:
        if date is None:
            # Nothing tells a feed's old stock from today's: the user's wish for a backfill decides.
            return Fate.WAITING if backfill else Fate.SEEN_AT_SUBSCRIBE
        if date <= subscribed_at - backfill:
            return Fate.SEEN_AT_SUBSCRIBE
    read_until = last_success_at or subscribed_at
    if date is not None and date < now - max_entry_age and date <= read_until:
        return Fate.TOO_OLD
    return Fate.WAITING


def _outcome(response: FetchResponse, unchanged: bool, parse_outcome: PollOutcome | None) -> PollOutcome:
    if response.outcome is not PollOutcome.OK:
        return response.outcome
    if parse_outcome is not None:
        return parse_outcome
    return PollOutcome.UNCHANGED if unchanged else PollOutcome.OK


def _learned(
    feed: Feed, settings: PollSettings, response: FetchResponse, outcome: PollOutcome, news: News, now: datetime
) -> Learned:
    learned = learn(feed.rhythm, news, feed.last_success_at, now, settings)
    fresh = freshness(response, now)
    if fresh is None:
        # A 304 updates what was said before and may leave the rest out (RFC 9111 §3.2).
        kept = outcome is PollOutcome.NOT_MODIFIED and feed.rhythm is not None
        fresh = feed.rhythm.fresh if kept and feed.rhythm is not None else timedelta(0)
    return replace(learned, rhythm=replace(learned.rhythm, fresh=min(fresh, AGES)))


def _wait_of_good(
    feed: Feed, settings: PollSettings, response: FetchResponse, cadence: Cadence, learned: Learned, now: datetime
) -> tuple[timedelta, PollReason]:
    wait, reason = _usual_wait(feed, settings, cadence, learned, now)
    boost = boost_at(feed, now)
    if boost is not None and boost.interval < wait:
        wait, reason = boost.interval, PollReason.BOOSTED
    asked = retry_after(response, now)
    return (asked, PollReason.RETRY_AFTER) if asked is not None and asked > wait else (wait, reason)


def _usual_wait(
    feed: Feed, settings: PollSettings, cadence: Cadence, learned: Learned, now: datetime
) -> tuple[timedelta, PollReason]:
    """Without a boost, and before a server asks for rest."""
    if feed.settings.interval is not None:
        return feed.settings.interval, PollReason.PROMISED
    wait, reason = learned.interval, learned.reason
    if reason is PollReason.INTERVAL and not learned.rhythm.hours and cadence.period is not None:
        # WordPress says hourly of every feed: it is believed only where nothing better is known.
        period = min(cadence.period, settings.max_interval)
        if period > wait:
            wait, reason = period, PollReason.PERIOD
    if _is_pushed(feed, now) and feed.pushed_until is not None:
        announced = min(LONGEST_WAIT, feed.pushed_until - now)
        if announced > wait:
            return announced, PollReason.PUSHED
    fresh = max(learned.rhythm.fresh, cadence.ttl or timedelta(0))
    return (fresh, PollReason.FRESHNESS) if fresh > wait else (wait, reason)


def _wait_of_failing(
    feed: Feed,
    settings: PollSettings,
    response: FetchResponse,
    outcome: PollOutcome,
    failures: int,
    now: datetime,
) -> tuple[timedelta, PollReason]:
    wait = _base(feed, settings, now)
    asked = retry_after(response, now)
    if outcome is PollOutcome.GONE:
        return LONGEST_WAIT, PollReason.GONE
    # Once in the middle of other failures says nothing: a wall may come up before its server does.
    refused_again = outcome is PollOutcome.AUTH_ERROR and feed.last_outcome is PollOutcome.AUTH_ERROR
    if refused_again and failures >= _REFUSALS_BELIEVED:
        return LONGEST_WAIT, PollReason.DAILY
    if asked is not None and asked >= wait:
        return asked, PollReason.RETRY_AFTER
    # The first failure costs no extra wait (a hiccup); a bare 429 or 503 always means "slower".
    doublings = failures if outcome is PollOutcome.RATE_LIMITED and asked is None else failures - 1
    return wait * 2 ** min(max(doublings, 0), _MAX_DOUBLINGS), PollReason.BACK_OFF


def _base(feed: Feed, settings: PollSettings, now: datetime) -> timedelta:
    """The interval that failures double."""
    base = feed.settings.interval or settings.interval
    boost = boost_at(feed, now)
    return min(base, boost.interval) if boost is not None else base


def boost_at(feed: Feed, now: datetime) -> Boost | None:
    """The boost in force: it ends by itself."""
    return feed.boost if feed.boost is not None and feed.boost.until > now else None


def _is_pushed(feed: Feed, now: datetime) -> bool:
    return feed.pushed_until is not None and feed.pushed_until > now


def _longest(feed: Feed, settings: PollSettings, outcome: PollOutcome, reason: PollReason) -> timedelta:
    """The cap of a wait, jitter included."""
    longest = max(LONGEST_WAIT, feed.settings.interval or LONGEST_WAIT)
    if reason in CHOSEN:
        return min(longest, settings.max_interval)
    if reason is not PollReason.BACK_OFF:
        return longest
    patience = settings.max_interval
    if outcome in MAYBE_OUR_NETWORK:
        patience = min(patience, OUR_NETWORK_WAIT)
    return min(longest, max(feed.settings.interval or settings.interval, patience))


def _least(
    response: FetchResponse, cadence: Cadence, learned: Learned | None, reason: PollReason, now: datetime
) -> timedelta:
    """What a server asked for, where we chose to wait for longer: chance does not cut it short."""
    least = retry_after(response, now) or timedelta(0)
    if learned is not None and reason in CHOSEN:
        least = max(least, learned.rhythm.fresh, cadence.ttl or timedelta(0))
    return min(least, LONGEST_WAIT)


def _jittered(wait: timedelta, reason: PollReason, dice: float) -> timedelta:
    """±10 %, so that feeds added together do not stay together; never sooner than a server asked."""
    if reason in _ASKED:
        return wait * (1 + _JITTER * dice)
    return wait * (1 - _JITTER + 2 * _JITTER * dice)


def _back_in_step(feed: Feed, wait: timedelta, now: datetime, dice: float) -> timedelta:
    """A feed that was asked long after its time comes again sooner, by chance.

    A daemon that was down asks all that is overdue as soon as hosts and `concurrency` allow, since every further
    delay is an alert's; then the feeds would stay together at each later round. So they part within the first.
    """
    if feed.last_polled_at is None or now - feed.next_poll_at < wait:
        return wait
    return wait * (0.5 + 0.5 * dice)


def _without_skipped(
    cadence: Cadence, wait: timedelta, reason: PollReason, now: datetime, dice: float
) -> tuple[timedelta, PollReason]:
    """The wait, longer where it ends in the hours or days in which the feed asks not to be read (RSS 2.0).

    Not beyond a day, and not against a promise.
    """
    if reason not in CHOSEN and reason is not PollReason.FRESHNESS:
        return wait, reason
    due = (now + wait).astimezone(UTC)
    free = due
    while free < now + LONGEST_WAIT and _is_skipped(cadence, free):
        free = free.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if free == due:
        return wait, reason
    # By chance within that hour: all feeds of one kind of server skip the same hours.
    return min(free + dice * timedelta(hours=1) - now, LONGEST_WAIT), PollReason.SKIPPED


def _is_skipped(cadence: Cadence, at: datetime) -> bool:
    # All hours, or all days, are a form filled in by mistake.
    hours = cadence.skip_hours if len(cadence.skip_hours) < 24 else ()
    days = cadence.skip_days if len(cadence.skip_days) < 7 else ()
    return at.hour in hours or at.weekday() in days


def _validators(stored: Validators, response: FetchResponse, outcome: PollOutcome) -> Validators:
    """The pair to send next time: only from an answer that was understood, so that no 304 hides unread news."""
    if outcome not in POLL_SUCCESS:
        return stored
    given = Validators(response.headers.get("etag"), response.headers.get("last-modified"))
    if outcome is not PollOutcome.NOT_MODIFIED:
        return given
    same_etag = given.etag in (None, stored.etag)
    same_date = given.last_modified in (None, stored.last_modified)
    # A 304 may repeat only a part (RFC 9110 §15.4.5): a part that agrees leaves the stored pair whole.
    return stored if same_etag and same_date else given


def _error(response: FetchResponse, problem: str | None, outcome: PollOutcome) -> str:
    if problem:
        return problem
    if response.error:
        return response.error
    return f"HTTP {response.status}" if response.status else outcome.value.replace("_", " ")
