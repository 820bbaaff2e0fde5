"""What spans several keys or tables of config.toml, read from the raw TOML.

Raw, because a file with a wrong type in one table still gets all its other errors told in the same run. So
everything here is lenient: what has the wrong type was reported by its shape and is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import time, timedelta
from typing import Any

from monitor.config.access import check_access
from monitor.config.faults import Notes, Step
from monitor.config.old_names import KEY as RENAMED_FROM
from monitor.config.old_names import check_old_names
from monitor.config.shape import ReceiverTable
from monitor.config.values import (
    did_you_mean,
    duration_text,
    is_loopback,
    quoted,
    read_duration,
    read_listen,
    read_name,
    read_quiet_hours,
    read_schedule,
)
from monitor.core.digests.quiet import never_heard
from monitor.core.stories.publishers import Publishers
from monitor.core.text.urls import feed_key
from monitor.model.digest import Cron
from monitor.model.feed import PollSettings
from monitor.model.health import HEALTH

Raw = Mapping[str, Any]
_LEAST = timedelta(minutes=1)


def cross_check(raw: Raw, notes: Notes) -> None:
    """Notes what is wrong between keys and between tables."""
    _check_poll(raw, notes)
    _check_feeds(raw, notes)
    _check_smtp(raw, notes)
    _check_receivers(raw, notes)
    _check_digests(raw, notes)
    _check_stories(raw, notes)
    _check_web(raw, notes)
    _check_publishers(raw, notes)
    _check_health(raw, notes)
    check_old_names(raw, notes)


def tables_of(raw: Raw, name: str) -> Iterator[tuple[int, Raw]]:
    """The tables of a `[[name]]` list with their positions; anything else is passed over."""
    found = raw.get(name)
    if isinstance(found, list):
        yield from ((index, table) for index, table in enumerate(found) if isinstance(table, dict))


def texts_of(table: Raw, key: str) -> list[tuple[int, str]]:
    """The texts of a list with their positions; anything else is passed over."""
    found = table.get(key)
    return [(i, item) for i, item in enumerate(found) if isinstance(item, str)] if isinstance(found, list) else []


def table_of(raw: Raw, name: str) -> Raw:
    """The table `[name]`, empty when it is none."""
    found = raw.get(name)
    return found if isinstance(found, dict) else {}


def _duration(table: Raw, key: str, otherwise: timedelta | None = None) -> timedelta | None:
    written = table.get(key)
    try:
        return read_duration(written) if isinstance(written, str) else otherwise
    except ValueError:
        return None


def _check_poll(raw: Raw, notes: Notes) -> None:
    poll = table_of(raw, "poll")
    usual = PollSettings()
    shortest = _duration(poll, "min_interval", usual.min_interval)
    longest = _duration(poll, "max_interval", usual.max_interval)
    interval = _duration(poll, "interval", usual.interval)

    def wrong(what: str) -> None:
        key = next((key for key in ("interval", "min_interval", "max_interval") if key in poll), "interval")
        notes.error(("poll", key), what)

    if shortest is not None and longest is not None and shortest > longest:
        wrong(f"min_interval ({duration_text(shortest)}) is longer than max_interval ({duration_text(longest)})")
    elif interval is not None and shortest is not None and interval < shortest:
        wrong(f"interval ({duration_text(interval)}) is shorter than min_interval ({duration_text(shortest)})")
    elif interval is not None and longest is not None and interval > longest:
        wrong(f"interval ({duration_text(interval)}) is longer than max_interval ({duration_text(longest)})")
    for key in ("interval", "min_interval", "max_interval"):
        _check_politeness(raw, ("poll", key), _duration(poll, key), notes)


def _check_politeness(raw: Raw, path: tuple[Step, ...], interval: timedelta | None, notes: Notes) -> None:
    allowed = table_of(raw, "poll").get("allow_private_addresses") is True
    if interval is not None and (why := too_often(interval, allowed)):
        notes.error(path, why)


def too_often(interval: timedelta, allow_private_addresses: bool) -> str | None:
    """Why an interval is impolite; None when it is not.

    Servers of others are asked once a minute at most; tests and intranets may do as they like.
    """
    if allow_private_addresses or interval >= _LEAST:
        return None
    return f"{quoted(duration_text(interval))} is too often; a minute is the least"


def _check_feeds(raw: Raw, notes: Notes) -> None:
    age = _duration(table_of(raw, "poll"), "max_entry_age", PollSettings().max_entry_age)
    seen: dict[str, int] = {}
    count = 0
    for index, feed in tables_of(raw, "feeds"):
        count += 1
        _check_politeness(raw, ("feeds", index, "interval"), _duration(feed, "interval"), notes)
        check_access(("feeds", index), feed, notes)
        backfill = _duration(feed, "backfill")
        if backfill is not None and age is not None and backfill > age:
            message = f"{duration_text(backfill)} reaches further back than poll.max_entry_age"
            message += f" ({duration_text(age)}), and older entries are stored without an alert"
            notes.warning(("feeds", index, "backfill"), message)
        url = feed.get("url")
        if not isinstance(url, str):
            continue
        first = seen.setdefault(feed_key(url), index)
        if first != index:
            line = notes.line(("feeds", first, "url"))
            notes.error(("feeds", index, "url"), f"the same feed as feeds[{first}] in line {line}")
    if not count and not raw.get("feeds"):
        notes.warning((), "no [[feeds]]: nothing will be polled")


def _check_smtp(raw: Raw, notes: Notes) -> None:
    smtp = table_of(raw, "smtp")
    has_user, has_password = "username" in smtp, "password" in smtp
    if has_user and not has_password:
        notes.error(("smtp", "username"), "has no password beside it")
    if has_password and not has_user:
        notes.error(("smtp", "password"), "has no username beside it")
    host = smtp.get("host")
    if has_user and smtp.get("security") == "none" and not (isinstance(host, str) and is_loopback(host)):
        notes.error(
            ("smtp", "security"),
            '"none" would send the password in clear over the network; use starttls or tls',
        )


def _check_receivers(raw: Raw, notes: Notes) -> None:
    channels = set(ReceiverTable.model_fields) - {RENAMED_FROM}
    for name, receiver in table_of(raw, "receivers").items():
        path = ("receivers", name)
        try:
            read_name(name)
        except ValueError as error:
            notes.error(path, str(error), line=notes.key_line(path))
        if not isinstance(receiver, dict):
            continue
        if not receiver.keys() - {RENAMED_FROM}:
            notes.error(path, f"has no channel; give it one of: {', '.join(sorted(channels))}")
        if isinstance(slack := receiver.get("slack"), dict):
            _check_slack((*path, "slack"), slack, notes)
        if "email" in receiver and "smtp" not in raw:
            notes.error((*path, "email"), "e-mail needs an [smtp] table with host and from")
        seen: dict[str, int] = {}
        for index, address in texts_of(receiver, "email"):
            if seen.setdefault(address.lower(), index) != index:
                notes.error((*path, "email", index), f"{quoted(address)} is there twice")


def _check_slack(path: tuple[Step, ...], slack: Raw, notes: Notes) -> None:
    """Either a webhook, which knows its channel, or a token and the channel."""
    if "webhook_url" in slack and ("token" in slack or "to" in slack):
        notes.error(path, "has a webhook_url and a token: one of the two is enough")
    elif "token" in slack and "to" not in slack:
        notes.error((*path, "token"), 'has no channel beside it: write to = "#press"')
    elif "to" in slack and "token" not in slack:
        notes.error((*path, "to"), "has no token beside it; a webhook knows its channel")
    elif "token" not in slack and "webhook_url" not in slack:
        notes.error(path, "needs a webhook_url, or a token and a channel", line=notes.key_line(path))
    if "api_url" in slack and "webhook_url" in slack:
        notes.error((*path, "api_url"), "is for a token; a webhook_url is an address of its own")


def _check_health(raw: Raw, notes: Notes) -> None:
    health = table_of(raw, "health")
    _check_names_of_receivers(raw, ("health", "receivers"), health, notes)
    schedule = health.get("schedule")
    if isinstance(schedule, str) and schedule.split() == ["immediate"]:
        message = "what is urgent is told at once anyway; this is for the daily overview"
        notes.error(("health", "schedule"), message)


def _check_digests(raw: Raw, notes: Notes) -> None:
    names: dict[str, int] = {}
    for index, digest in tables_of(raw, "digests"):
        name = digest.get("name")
        # File systems and people read "Border" and "border" as one.
        if isinstance(name, str) and (first := names.setdefault(name.casefold(), index)) != index:
            line = notes.line(("digests", first, "name"))
            message = f"{quoted(name)} is the name of digests[{first}] in line {line} too"
            notes.error(("digests", index, "name"), message)
        if isinstance(name, str) and name.casefold() == HEALTH:
            notes.error(("digests", index, "name"), f"{quoted(name)} is the name of the monitor's own messages")
        _check_names_of_receivers(raw, ("digests", index, "to"), digest, notes)
        _check_quiet(index, digest, notes)
        _check_schedule(index, digest, notes)
    if not raw.get("digests"):
        notes.warning((), "no [[digests]]: nothing will be sent")


def _check_quiet(index: int, digest: Raw, notes: Notes) -> None:
    if "quiet_override" in digest and not ("quiet_hours" in digest or digest.get("pause")):
        message = "there are no quiet_hours and no pause that it could break"
        notes.warning(("digests", index, "quiet_override"), message)
    if "quiet_hours" in digest and "timezone" not in digest:
        message = 'no timezone is set, so these are hours of UTC; write timezone = "UTC" if it is meant'
        notes.warning(("digests", index, "quiet_hours"), message)
    if (schedule := _cron(digest)) and (hours := _hours(digest)) and never_heard(schedule, hours):
        until = f"{hours[1]:%H:%M}"
        message = f"{quoted(schedule.text)} is always within the quiet hours, so the digest comes at {until}"
        notes.warning(("digests", index, "schedule"), message)


def _cron(digest: Raw) -> Cron | None:
    try:
        found = read_schedule(str(digest.get("schedule", "")))
    except ValueError:
        return None  # an error already
    return found if isinstance(found, Cron) else None


def _hours(digest: Raw) -> tuple[time, time] | None:
    try:
        return read_quiet_hours(str(digest.get("quiet_hours", "")))
    except ValueError:
        return None  # none, or an error already


def _check_names_of_receivers(raw: Raw, path: tuple[Step, ...], table: Raw, notes: Notes) -> None:
    receivers = table_of(raw, "receivers")
    seen: dict[str, int] = {}
    for position, name in texts_of(table, str(path[-1])):
        if seen.setdefault(name, position) != position:
            notes.error((*path, position), f"{quoted(name)} is there twice")
        if name in receivers or seen[name] != position:
            continue
        known = sorted(receivers)
        there = f"; there are: {', '.join(known)}" if known else "; there are no [receivers] yet"
        if len(known) > 20:
            there = did_you_mean(name, known) or f"; there are {len(known)} others"
        notes.error(path, f"no receiver is called {quoted(name)}{there}", line=notes.line((*path, position)))


def _check_schedule(index: int, digest: Raw, notes: Notes) -> None:
    schedule = digest.get("schedule")
    if not isinstance(schedule, str):
        return
    immediate = schedule.split() == ["immediate"]
    if "group_wait" in digest and not immediate:
        notes.error(("digests", index, "group_wait"), 'is for schedule = "immediate" only')
    if immediate and digest.get("send_when_empty") is True:
        message = "an immediate digest has no window that could be empty"
        notes.error(("digests", index, "send_when_empty"), message)
    if len(schedule.split()) == 5 and "timezone" not in digest:
        message = 'no timezone is set, so this is UTC; write timezone = "UTC" if it is meant'
        notes.warning(("digests", index, "schedule"), message)


def _check_web(raw: Raw, notes: Notes) -> None:
    """A session names whose token opened it: two of one name could not be told apart."""
    seen: set[str] = set()
    web = table_of(raw, "web")
    for index, token in tables_of(web, "tokens"):
        name = token.get("name")
        if isinstance(name, str) and name in seen:
            notes.error(("web", "tokens", index, "name"), f"{quoted(name)} has a token already")
        elif isinstance(name, str):
            seen.add(name)
    _check_reach(web, notes)


def _check_reach(web: Raw, notes: Notes) -> None:
    """Who is let in from elsewhere says who they are."""
    try:
        listen = read_listen(str(web.get("listen")))
    except ValueError:
        listen = None
    if not web.get("tokens"):
        make = "needs [[web.tokens]], to tell who asks: monitor web token NAME makes one"
        if listen is not None and not listen.is_loopback:
            notes.error(("web", "listen"), f"{quoted(str(listen))} can be reached from other machines, and {make}")
        for key in ("allowed_hosts", "trusted_proxies"):
            if web.get(key):
                notes.error(("web", key), f"lets in who comes from elsewhere, and {make}")
    elif listen is not None and listen.is_every and not web.get("allowed_hosts"):
        answered = "is every address of this machine; its dashboard is shown to no name but this machine's own"
        notes.warning(("web", "listen"), f"{quoted(str(listen))} {answered}: write others in allowed_hosts")


def _check_stories(raw: Raw, notes: Notes) -> None:
    window = _duration(table_of(raw, "stories"), "window")
    kept = _duration(table_of(raw, "store"), "retention")
    if window is not None and kept is not None and window > kept:
        message = f"{duration_text(window)} is longer than store.retention ({duration_text(kept)}) keeps texts"
        notes.error(("stories", "window"), message)


def _check_publishers(raw: Raw, notes: Notes) -> None:
    seen: dict[str, str] = {}
    for name, publisher in table_of(raw, "publishers").items():
        try:
            read_name(name)
        except ValueError as error:
            notes.error(("publishers", name), str(error), line=notes.key_line(("publishers", name)))
        if not isinstance(publisher, dict):
            continue
        if "domains" not in publisher and "names" not in publisher:
            notes.error(("publishers", name), "needs domains or names", line=notes.key_line(("publishers", name)))
        _check_joined(name, [("domains", *one) for one in texts_of(publisher, "domains")], str.lower, seen, notes)
        _check_joined(
            name, [("names", *one) for one in texts_of(publisher, "names")], Publishers.named, seen, notes
        )


def _check_joined(
    name: str,
    written: Sequence[tuple[str, int, str]],
    known_as: Callable[[str], str],
    seen: dict[str, str],
    notes: Notes,
) -> None:
    """Each domain, and each name, is of one publisher and stands there once."""
    own: set[str] = set()
    for key, position, text in written:
        one = known_as(text)
        owner = seen.setdefault(one, name)
        path = ("publishers", name, key, position)
        if owner != name:
            notes.error(path, f"{quoted(text)} belongs to publishers.{owner} already")
        elif one in own:
            notes.error(path, f"{quoted(text)} is there twice")
        own.add(one)
