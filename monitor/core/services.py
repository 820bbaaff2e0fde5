"""Which addresses of Apprise may be used: (address) → what is wrong with it. Pure.

Apprise knows some 170 services. Left out are those that are no service over TLS (`syslog`, `dbus`, `amqp`, `irc`,
media players in the living room), run programs or read files, or need a person's own password instead of a token.
Listed is by scheme what a newsroom uses; a scheme that is missing is a line here, once somebody has looked at it.
"""

from __future__ import annotations

from difflib import get_close_matches
from urllib.parse import parse_qs, urlsplit

# The other side is a fixed host that Apprise reaches by https.
HOSTED = frozenset(
    {
        "bluesky", "bsky", "discord", "flock", "gchat", "guilded", "ifttt", "incidentio", "jira", "line",
        "msgbird", "notifiarr", "opsgenie", "pagerduty", "pbul", "pover", "resend", "revolt",
        "ryver", "sendgrid", "signl4", "slack", "splunk", "spush", "telnyx", "tgram", "threema", "twilio", "twist",
        "vonage", "webex", "whatsapp", "workflow", "workflows", "wxteams", "zulip",
    }
)  # fmt: skip
# A server of one's own, by https or another protocol over TLS; the same without its last letter is plain text.
OWN = frozenset(
    {
        "apprises", "barks", "forms", "gotifys", "hassios", "jsons", "mailtos", "mastodons", "matrixs", "misskeys",
        "mmosts", "nctalks", "nclouds", "ntfys", "pushdeers", "rockets", "signals", "synologys", "toots", "xmls",
    }
)  # fmt: skip
_PLAIN = frozenset(scheme[:-1] for scheme in OWN)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def problem_with(address: str) -> str | None:
    """Why the address is not used, in words that hold nothing of it but its scheme; None when it is."""
    try:
        parts = urlsplit(address)
        scheme, host = parts.scheme.lower(), parts.hostname
    except ValueError:
        return "is no address of a service"
    if not scheme or "://" not in address:
        return 'is no address of a service, such as "ntfys://server/topic"'
    # The one way in which the query of such an address turns encryption off (Apprise 2.3).
    if scheme == "mailtos" and "insecure" in (mode.strip().lower() for mode in _modes(parts.query)):
        return "turns encryption off (mode=insecure), and would send a password in plain text"
    if scheme in HOSTED or scheme in OWN:
        return None
    if scheme in _PLAIN:
        if host in _LOOPBACK:
            return None
        return f"{scheme}:// is plain text, which is for this machine only; use {scheme}s://"
    near = get_close_matches(scheme[:40], sorted(HOSTED | OWN), n=3, cutoff=0.65)
    hint = f"; near it: {', '.join(near)}" if near else ", such as discord, ntfys, slack and tgram"
    return f"{scheme[:40]}:// is not among the services that are used{hint}"


def _modes(query: str) -> list[str]:
    given = parse_qs(query, keep_blank_values=True)
    return [value for name, values in given.items() if name.strip().lower() == "mode" for value in values]
