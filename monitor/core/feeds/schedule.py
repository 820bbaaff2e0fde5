"""When to ask a feed again, why, and what to remember: pure decisions with named reasons.

Rules: polling design "When to poll", after RFC 9110, RFC 9111 and Rachel Kroll's feed reader tests.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

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
_OUR_NETWORK_WAIT = timedelta(minutes=15)  # ours: an outage of our own line must not leave us blind for long
_MAYBE_OUR_NETWORK = frozenset({PollOutcome.UNREACHABLE, PollOutcome.TIMEOUT})
_REFUSALS_BELIEVED = 3  # failures in a row: bot walls send a 403 in passing
_JITTER = 0.1
_MAX_DOUBLINGS = 20  # 2**20 minutes are two years: far over the cap, and no overflow


def decide_next_poll(
    feed: Feed,
    settings: PollSettings,
    response: FetchResponse,
    *,
    ttl: timedelta | None,
    unchanged: bool,
    problem: str | None,
    parse_outcome: PollOutcome | None,
    now: datetime,
    dice: float,
) -> PollDecision:
    """When to ask next and what to keep of this answer.

    `unchanged`: the body's hash is the stored one. `parse_outcome` is NOT_A_FEED or PARSE_FAILED, with
    `problem` as its one line, when a 200's body could not be used; else None. `dice` in [0, 1).

    A failing feed is asked again after its base interval, doubled with each further failure up to
    `settings.max_interval`, or 15 minutes where the fault may be our own network's (UNREACHABLE, TIMEOUT), and
    never sooner than its base. Exceptions: Retry-After is kept to; 401, 403 and 451 mean daily from the third
    failure in a row; 410 ends the polling. Nothing waits longer than a day or the feed's own interval. Never
    raises, whatever the headers say.
    """
    outcome = _outcome(response, unchanged, parse_outcome)
    succeeded = outcome in POLL_SUCCESS
    failures = 0 if succeeded else feed.failures + 1
    wait, reason = _wait(feed, settings, response, outcome, failures, ttl, now)
    longest = _longest(feed, settings, outcome, reason)
    return PollDecision(
        # Cut before the jitter too: feeds at the longest wait are spread, and no ttl overflows the arithmetic.
        next_poll_at=now + min(_jittered(min(wait, longest), reason, dice), longest),
        reason=reason,
        outcome=outcome,
        failures=failures,
        validators=_validators(feed.validators, response, outcome),
        url=response.permanent_url or feed.url if succeeded else feed.url,
        status=FeedStatus.GONE if outcome is PollOutcome.GONE else feed.status,
        error=None if succeeded else _error(response, problem, outcome),
    )


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


def _wait(
    feed: Feed,
    settings: PollSettings,
    response: FetchResponse,
    outcome: PollOutcome,
    failures: int,
    ttl: timedelta | None,
    now: datetime,
) -> tuple[timedelta, PollReason]:
    promised = feed.settings.interval
    wait = promised or settings.interval
    asked = retry_after(response, now)
    if outcome is PollOutcome.GONE:
        return LONGEST_WAIT, PollReason.GONE
    if outcome is PollOutcome.AUTH_ERROR and failures >= _REFUSALS_BELIEVED:
        return LONGEST_WAIT, PollReason.DAILY
    if outcome not in POLL_SUCCESS:
        if asked is not None:
            return max(wait, asked), PollReason.RETRY_AFTER
        # The first failure costs no extra wait (a hiccup); a bare 429 or 503 always means "slower".
        doublings = failures if outcome is PollOutcome.RATE_LIMITED else failures - 1
        return wait * 2 ** min(max(doublings, 0), _MAX_DOUBLINGS), PollReason.BACK_OFF
    reason = PollReason.PROMISED if promised else PollReason.INTERVAL
    if asked is not None and asked > wait:
        return asked, PollReason.RETRY_AFTER
    fresh = max(_freshness(response, now), ttl or timedelta(0))
    if not promised and fresh > wait:
        return fresh, PollReason.FRESHNESS
    return wait, reason


def _longest(feed: Feed, settings: PollSettings, outcome: PollOutcome, reason: PollReason) -> timedelta:
    """The cap of a wait, jitter included."""
    longest = max(LONGEST_WAIT, feed.settings.interval or LONGEST_WAIT)
    if reason is not PollReason.BACK_OFF:
        return longest
    patience = settings.max_interval
    if outcome in _MAYBE_OUR_NETWORK:
        patience = min(patience, _OUR_NETWORK_WAIT)
    return min(longest, max(feed.settings.interval or settings.interval, patience))


def _jittered(wait: timedelta, reason: PollReason, dice: float) -> timedelta:
    """±10 %, so that feeds added together do not stay together; never sooner than a server asked."""
    if reason in (PollReason.FRESHNESS, PollReason.RETRY_AFTER):
        return wait * (1 + _JITTER * dice)
    return wait * (1 - _JITTER + 2 * _JITTER * dice)


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


def _freshness(response: FetchResponse, now: datetime) -> timedelta:
    """How long the answer is fresh (RFC 9111 §4.2.1): max-age, else Expires minus Date; never negative."""
    directives = [part.strip().lower() for part in response.headers.get("cache-control", "").split(",")]
    if "no-cache" in directives or "no-store" in directives:
        return timedelta(0)
    for directive in directives:
        name, _, value = directive.partition("=")
        if name.strip() == "max-age":
            return _seconds(value.strip().strip('"')) or timedelta(0)
    expires = _http_date(response.headers.get("expires"))
    if expires is None:
        return timedelta(0)
    return max(expires - (_http_date(response.headers.get("date")) or now), timedelta(0))


def retry_after(response: FetchResponse, now: datetime) -> timedelta | None:
    """Retry-After (RFC 9110 §10.2.3): seconds or an HTTP date; None when missing, unreadable or past."""
    value = response.headers.get("retry-after", "").strip()
    wait = _seconds(value)
    if wait is None and (date := _http_date(value)):
        wait = date - now
    return wait if wait is not None and wait > timedelta(0) else None


def _seconds(value: str) -> timedelta | None:
    if not (value.isascii() and value.isdigit()):
        return None
    # Longer numbers are nonsense or an attack on the date arithmetic; both mean "very long".
    return timedelta(seconds=int(value)) if len(value) < 10 else timedelta(days=365)


def _http_date(value: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(value or "")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _error(response: FetchResponse, problem: str | None, outcome: PollOutcome) -> str:
    if problem:
        return problem
    if response.error:
        return response.error
    return f"HTTP {response.status}" if response.status else outcome.value.replace("_", " ")
