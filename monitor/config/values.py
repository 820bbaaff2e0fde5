"""Texts of the config file read as values: durations, sizes, schedules, time zones, addresses.

Every reader raises ValueError whose text completes the sentence "digests[0].timezone: …"; values are quoted and
cut, and values that may hide a password are never quoted.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
import unicodedata
import zoneinfo
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from email.utils import getaddresses
from urllib.parse import parse_qs, urlsplit, urlunsplit

from cronsim import CronSim, CronSimError

from monitor.core.text.urls import host_of
from monitor.model.digest import Cron, Every, Immediate, Schedule
from monitor.model.web import ListenAddress

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)
_LONGEST = timedelta(days=3660)
_SIZES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3}
_SIZE = re.compile(r"(\d{1,9})\s?([KMG]?I?B)", re.ASCII | re.IGNORECASE)
_QUIET = re.compile(r"(\d{1,2}:\d{2})\s?[-–]\s?(\d{1,2}:\d{2})", re.ASCII)
_LONGEST_PAUSE = 366
# docs.slack.dev: names are lower case, of at most 80 characters, without spaces or full stops.
_SLACK_CHANNEL = re.compile(r"#[^\s#.,A-Z]{1,80}|[CGD][A-Z0-9]{8,}")
# With it and the longest token a link still fits into one line of a mail's header (RFC 5322 §2.1.1).
_LONGEST_PUBLIC_URL = 200
_LONGEST_URL = 2_000  # what an index of PostgreSQL takes; no feed or webhook has a longer one
_NAME = re.compile(r"\w[\w.-]{0,63}")
_LISTEN = re.compile(r"(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9.-]{1,64})):(\d{1,5})", re.ASCII | re.IGNORECASE)
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*", re.ASCII)  # RFC 1035 §2.3.4
_ADDRESS = re.compile(
    r"([a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)",
    re.ASCII | re.IGNORECASE,
)
# Names and ranges of the five cron fields, crontab(5).
_CRON_FIELDS = {
    "minute": ("minute", "0-59"),
    "hour": ("hour", "0-23"),
    "day-of-month": ("day of the month", "1-31"),
    "month": ("month", "1-12 or JAN-DEC"),
    "day-of-week": ("day of the week", "0-7 or SUN-SAT, Sunday is 0 and 7"),
}
_SCHEDULES = 'write a cron time ("0 8 * * *"), "every 30m" or "immediate"'


def quoted(value: str) -> str:
    """A user's own text for a message: on one line, at most 60 characters of it."""
    return json.dumps(value if len(value) <= 60 else value[:59] + "…", ensure_ascii=False)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "interval"?`, or nothing when no known word is near."""
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word[:100].casefold(), by_folded, n=1, cutoff=0.6)
    return f"; did you mean {quoted(by_folded[close[0]])}?" if close else ""


def read_duration(text: str) -> timedelta:
    """`"30s"`, `"15m"`, `"24h"`, `"7d"`, `"2w"`, or `"0"`; at most ten years."""
    if text == "0":
        return timedelta(0)
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(f"{quoted(text)} is no duration; write a whole number and s, m, h or d, as in 15m")
    number, unit = found.groups()
    if int(number) * timedelta(**{_UNITS[unit]: 1}).total_seconds() > _LONGEST.total_seconds():
        raise ValueError(f"{quoted(text)} is longer than ten years")
    return timedelta(**{_UNITS[unit]: int(number)})


def duration_text(value: timedelta) -> str:
    """The shortest way to write a duration in the config file."""
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s" if seconds else "0"


def read_size(text: str) -> int:
    """`"512KB"`, `"10MB"` (powers of 1,000) or `"10MiB"` (powers of 1,024) in bytes."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError(f"{quoted(text)} is no size; write a whole number and KB, MB or GB, as in 10MB")
    return int(found[1]) * _SIZES[found[2].upper()]


def read_schedule(text: str) -> Schedule:
    """Five cron fields, `"every 30m"` or `"immediate"`."""
    words = text.split()
    if words == ["immediate"]:
        return Immediate()
    if words[:1] == ["every"]:
        if len(words) != 2:
            raise ValueError(f'{quoted(text)} is no schedule; write "every 30m"')
        period = read_duration(words[1])
        if period < timedelta(minutes=1):
            raise ValueError(f"{quoted(text)} is too often; a minute is the least")
        return Every(period)
    if len(words) < 2:
        raise ValueError(f"{quoted(text)} is no schedule{did_you_mean(text, ['immediate'])}; {_SCHEDULES}")
    _check_cron(text, words)
    return Cron(" ".join(words))


def _check_cron(text: str, words: list[str]) -> None:
    if len(words) != 5:
        raise ValueError(
            f"{quoted(text)} is no cron time: it has {len(words)} fields, and cron has five "
            "(minute, hour, day of the month, month, day of the week)"
        )
    why = _cron_fault(words)
    if not why:
        return
    if why == "day-of-month" and not _cron_fault([*words[:3], "*", words[4]]):
        why = "never"
    if why == "never":
        raise ValueError(f"{quoted(text)} never comes: no month {words[3]} has a day {words[2]}")
    name, possible = _CRON_FIELDS[why]
    written = words[list(_CRON_FIELDS).index(why)]
    raise ValueError(f"{quoted(text)} is no cron time: its {name} is {quoted(written)}, possible is {possible}")


def _cron_fault(words: list[str]) -> str:
    """The field that is wrong, in cronsim's words, "never" for a time without a date, "" when all is well."""
    try:
        next(CronSim(" ".join(words), datetime(2024, 1, 1, tzinfo=UTC)))
    except StopIteration:
        return "never"
    except CronSimError as error:
        return str(error).removeprefix("Bad ")
    except (AssertionError, ValueError, OverflowError):  # cronsim on combinations it does not know ("L/2")
        return "day-of-month"
    return ""


def read_quiet_hours(text: str) -> tuple[time, time]:
    """`"22:00-06:00"`: from a time of day to another, over midnight where the second is the earlier."""
    found = _QUIET.fullmatch(text)
    if not found:
        raise ValueError(f'{quoted(text)} is no span of a day; write "22:00-06:00"')
    begin, end = (_time_of_day(text, part) for part in found.groups())
    if begin == end:
        raise ValueError(f"{quoted(text)} is empty, or a whole day; pause holds whole days")
    return begin, end


def _time_of_day(text: str, part: str) -> time:
    hour, minute = (int(number) for number in part.split(":"))
    if hour == 24 and not minute:
        hour = 0
    if hour > 23 or minute > 59:
        raise ValueError(f"{quoted(text)} has a time that no day has: {part}")
    return time(hour, minute)


def read_days(text: str) -> tuple[date, date]:
    """`"2026-12-25"`, or first and last day: `"2026-12-24/2027-01-02"`."""
    first, slash, last = text.partition("/")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last if slash else first)
    except ValueError:
        raise ValueError(f'{quoted(text)} is no day; write "2026-12-25" or "2026-12-24/2027-01-02"') from None
    if days[0] > days[1]:
        raise ValueError(f"{quoted(text)} ends before it begins")
    if (days[1] - days[0]).days >= _LONGEST_PAUSE:
        raise ValueError(f"{quoted(text)} is longer than {_LONGEST_PAUSE} days")
    return days


def read_public_url(url: str) -> str:
    """Where the pages are reached from outside: http or https, without query; a slash at its end goes.

    Only what stands in a header of a mail as it is: a link that does not fit there would be missing in silence.
    """
    read_http_url(url)
    parts = urlsplit(url)
    if "?" in url or "#" in url:
        raise ValueError(f"{quoted(url)} must end with its path")
    if not url.isascii() or set(url) & set('<>"\\'):
        raise ValueError(f"{quoted(url)} must be ASCII: write the name as xn--… and the path percent-encoded")
    if len(url) > _LONGEST_PUBLIC_URL:
        raise ValueError(f"is longer than {_LONGEST_PUBLIC_URL} characters")
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"{quoted(url)} is plain http, which mail programs do not unsubscribe by; write https")
    return url.rstrip("/")


def read_slack_channel(text: str) -> str:
    """`"#press"`, or the id that Slack shows under a channel's details (`"C0123456789"`)."""
    if not _SLACK_CHANNEL.fullmatch(text):
        raise ValueError(f'{quoted(text)} is no channel of Slack; write "#press" or its id, "C0123456789"')
    return text


def read_api_url(url: str) -> str:
    """Where the methods of Slack's Web API are: https, or http on this machine; a slash at its end goes."""
    read_http_url(url)
    parts = urlsplit(url)
    if "?" in url or "#" in url:
        raise ValueError(f"{quoted(url)} must end with its path, as https://slack.com/api does")
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"{quoted(url)} is plain http; only https keeps a token secret")
    return url.rstrip("/")


def read_timezone(name: str) -> str:
    """An IANA time zone by its exact name."""
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = did_you_mean(name, sorted(zoneinfo.available_timezones()))
        raise ValueError(f"{quoted(name)} is no IANA time zone{near}") from None
    return name


def read_http_url(url: str) -> str:
    """An absolute http or https URL without user name, password or spaces."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        secretive = parts.username is not None or parts.password is not None
    except ValueError:
        raise ValueError("is no URL that can be fetched") from None
    if secretive:
        raise ValueError("a URL with a user name or a password in it is refused")
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{quoted(url)} is no http or https URL")
    if len(url) > _LONGEST_URL:
        raise ValueError(f"is longer than {_LONGEST_URL:,} characters")
    if not host or not url.isprintable() or " " in url:
        raise ValueError(f"{quoted(url)} is no URL that can be fetched")
    return url


def read_listen(text: str) -> ListenAddress:
    """`"127.0.0.1:8080"`, `"localhost:8080"`, `"[::1]:8080"` or `"0.0.0.0:8080"`: an IP address and a port."""
    found = _LISTEN.fullmatch(text)
    host = (found[1] or found[2]) if found else ""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host.lower() == "localhost" else host)
    except ValueError:
        raise ValueError(
            f'{quoted(text)} is no IP address and port; write "127.0.0.1:8080" or "[::1]:8080"'
        ) from None
    if found is None or int(found[3]) > 65535:
        raise ValueError(f"{quoted(text)} has no port from 0 to 65535")
    # An IPv4 address written as IPv6 is loopback for some versions of Python only, and can be had without.
    if getattr(address, "ipv4_mapped", None) is not None:
        raise ValueError(f"{quoted(text)} is an IPv4 address: write it as one")
    return ListenAddress(str(address), int(found[3]))


def read_host(text: str) -> str:
    """A name by which the pages are reached, as a Host header has it: `"news.example.org"`, `"192.0.2.7"`."""
    name = text[1:-1] if text.startswith("[") and text.endswith("]") else text.lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        return f"[{address}]" if address.version == 6 else str(address)
    try:
        name = name.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not _HOST.fullmatch(name):
        why = 'is no host name; write it without scheme, port and path, as "news.example.org"'
        raise ValueError(f"{quoted(text)} {why}")
    return name


def read_network(text: str) -> str:
    """An IP address or a network of such: `"10.0.0.5"`, `"10.0.0.0/24"`."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f'{quoted(text)} is no IP address or network; write "10.0.0.5" or "10.0.0.0/24"'
        ) from None
    if not network.prefixlen:
        raise ValueError(f"{quoted(text)} is every address there is: anybody could then say to be anybody")
    if "/" in text and str(network) != text.lower():
        raise ValueError(f"{quoted(text)} has bits behind its prefix; write {quoted(str(network))}")
    return str(network)


def read_sha256(text: str) -> str:
    """The hash of a token, as `monitor web token` writes it."""
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("is no SHA-256 in 64 hexadecimal digits; monitor web token NAME makes token and hash")
    return text


def read_postgresql_url(url: str, *, literal: bool) -> str:
    """A PostgreSQL URL with the driver we use written out. No message repeats any of it: it may hold a password.

    `literal`: it stands in the file itself, where a password is refused.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no PostgreSQL URL") from None
    if parts.scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ValueError("PostgreSQL is reached by psycopg only: write postgresql://USER@HOST/DATABASE")
    options = parse_qs(parts.query)
    if literal and (parts.password is not None or "password" in options):
        raise ValueError('a password in this file is refused; write url = "env:DATABASE_URL"')
    if not (host or "host" in options) or not parts.path.strip("/"):
        raise ValueError("must name a host and a database: postgresql://USER@HOST/DATABASE")
    return urlunsplit(parts._replace(scheme="postgresql+psycopg"))


def read_secret_url(url: str) -> str:
    """An address that is a secret or holds one: https, or http on this machine. No message repeats any of it."""
    try:
        parts = urlsplit(url)
        personal = "@" in parts.netloc
        read_http_url(url.replace(f"{parts.netloc.rpartition('@')[0]}@", "", 1) if personal else url)
    except ValueError:
        raise ValueError("is no https URL") from None
    if personal:
        raise ValueError("is a URL with a user name or a password in it, which is refused")
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("is a plain http URL; only https keeps it secret")
    return url


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3)."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def read_address(text: str) -> str:
    """One plain ASCII e-mail address: dot-atom, "@", domain (RFC 5322 §3.4.1, lengths of RFC 5321 §4.5.3.1).

    Quoted local parts and address literals are refused: hardly anybody has one, and slips of the pen look
    like them.
    """
    found = _ADDRESS.fullmatch(text)
    if not found or len(found[1]) > 64 or len(found[2]) > 255:
        raise ValueError(f"{quoted(text)} is no e-mail address")
    if "." not in found[2] and not is_loopback(found[2]):
        raise ValueError(f"{quoted(text)} is no e-mail address: its domain has no dot")
    return text


def read_sender(text: str) -> str:
    """`"Border desk <monitor@example.org>"` or a plain address."""
    read_line(text)
    found = getaddresses([text])
    name, address = found[0]
    if len(found) != 1 or not address or (not name and address != text.strip().strip("<>")):
        raise ValueError(f'{quoted(text)} is no sender; write "Border desk <monitor@example.org>"')
    read_address(address)
    return text


def read_name(text: str) -> str:
    """A name people type on the command line and that ends up in file names."""
    if not _NAME.fullmatch(text):
        raise ValueError(f'{quoted(text)} is no name; letters, digits, ".", "-" and "_" make one, 64 at most')
    return text


def read_domain(text: str) -> str:
    """The domain of a publisher: a host name of two parts and more, in lower case, without `www.`.

    What is pasted as an address is refused with the domain in it.
    """
    plain = text.strip().lower().rstrip(".")
    host = host_of(plain if "//" in plain else f"https://{plain}")
    if host != plain or not _ADDRESS.fullmatch(f"x@{host}") or "." not in host or is_address(host):
        near = f'; write "{host}"' if "." in host and host != text and not is_address(host) else ""
        raise ValueError(f"{quoted(text)} is no domain such as example.org{near}")
    return host


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def read_line(text: str) -> str:
    """A text on one line that is not empty."""
    if not text.strip():
        raise ValueError("must not be empty")
    # Not str.isprintable: the zero-width non-joiner belongs to Urdu and Persian spelling.
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise ValueError(f"{quoted(text)} must be one line without control characters")
    return text


def read_tag(text: str) -> str:
    """A tag: one word, because a space separates the words of a selector and of a query."""
    read_line(text)
    if len(text.split()) != 1 or text != text.strip():
        raise ValueError(f"{quoted(text)} must be one word")
    return text


def read_user_agent(text: str) -> str:
    """A User-Agent value (RFC 9110 §10.1.5): visible ASCII; `{version}` is the only place to fill in."""
    read_line(text)
    if not text.isascii():
        raise ValueError(f"{quoted(text)} must be ASCII: it is an HTTP header")
    if set("{}") & set(text.replace("{version}", "")):
        raise ValueError(f"{quoted(text)}: {{version}} is all that may stand in braces")
    return text


def read_path(text: str) -> str:
    """A path of this machine; `~` is refused because nothing here expands it."""
    read_line(text)
    if text.startswith("~"):
        raise ValueError(f'{quoted(text)}: "~" is not expanded here; write the whole path')
    return text
