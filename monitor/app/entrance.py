"""Who may come in: tokens of the config, known by their hashes, and sessions that a browser keeps.

A token has 256 random bits, so that a plain SHA-256 of it tells nobody anything: there is no list of likely ones.
A session is what a visitor is called, which token it was opened with, when it ends and a name of its own, signed;
a token that leaves the config takes its sessions with it, and a restart ends none. Of one whose visitor logged out
the store keeps the name until the session would have ended by itself.

A right token is always let in. Wrong ones are counted for each address, and only they wait: nobody can lock out
anybody else, also not from behind the same address.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_bytes

from monitor.model.web import AccessToken, Role, Visitor
from monitor.ports import Clock, EndedSessions

PREFIX = "mon_"  # a token that is found somewhere can be told for one
SESSION = timedelta(days=7)
TRIES = 5  # wrong tokens from one address within WITHIN, before the next ones have to wait
ADDRESSES = 1_000  # that are counted at once; of more the one that was quiet for longest is forgotten
WITHIN = timedelta(minutes=1)
_NAME = 16  # random bytes of a session's own name
_NETWORK = 64  # bits of an IPv6 address that one customer of a provider has to himself (RFC 6177)
_MARK = 16  # letters of a token's hash that a session holds
_LONGEST = 1_000  # characters of a token or session; ours are shorter
_NOBODY = Visitor("", Role.OPERATOR)


class Refusal(StrEnum):
    """Why a token opens nothing."""

    WRONG = "wrong"
    TOO_OFTEN = "too_often"


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to a token: the session to keep, or why not, and how long to wait."""

    session: str = ""
    refusal: Refusal | None = None
    wait: timedelta = timedelta(0)
    name: str = ""  # of who is let in


class Entrance:
    """Asked once a request, from any thread. `tokens` are those in force; without any all are let in where the
    house is `free`, else nobody. `key` signs sessions; `ended` remembers those whose visitors logged out, without
    it this process does."""

    def __init__(
        self,
        tokens: Callable[[], Sequence[AccessToken]],
        key: bytes,
        clock: Clock,
        free: Callable[[], bool] = lambda: True,
        *,
        ended: EndedSessions | None = None,
        dice: Callable[[int], bytes] = token_bytes,
    ) -> None:
        self._tokens = tokens
        self._free = free
        self._key = hmac.digest(key, b"sessions of the dashboard", "sha256")
        self._clock = clock
        self._ended = ended or _EndedHere()
        self._dice = dice
        self._wrong = _WrongTokens()

    def visitor_of(self, session: str, bearer: str) -> Visitor | None:
        """Who shows this session, or this token; None for nobody we know."""
        tokens = self._tokens()
        if not tokens:
            return _NOBODY if self._free() else None
        if bearer:
            found = _known(tokens, bearer)
            return None if found is None else Visitor(found.name, found.role)
        return self._of_session(tokens, session)

    def admit(self, token: str, address: str) -> Admission:
        """The session for a token that somebody at that address typed."""
        found = _known(self._tokens(), token.strip())
        if found is None:
            return self.turn_away(address)
        return Admission(self._session(found, self._clock.now() + SESSION), name=found.name)

    def turn_away(self, address: str) -> Admission:
        """Why a wrong token from that address is not let in."""
        wait = self._wrong.note(_whose(address), self._clock.now())
        return Admission(refusal=Refusal.TOO_OFTEN if wait else Refusal.WRONG, wait=wait)

    def log_out(self, visitor: Visitor) -> None:
        """Ends the session by which they came, wherever its cookie is; of others nothing. Raises StoreError."""
        now = self._clock.now()
        if visitor.session:  # twice as long as needed: the clock may have been set back since it began
            self._ended.end(visitor.session, now + 2 * SESSION, now)

    def has_left(self, visitor: Visitor) -> bool:
        """Whether the session by which they come was ended. Asks the store, and raises StoreError."""
        return bool(visitor.session) and self._ended.has_ended(visitor.session)

    def _session(self, token: AccessToken, ends: datetime) -> str:
        own = _written(self._dice(_NAME))
        said = "\n".join((token.name, token.sha256[:_MARK], str(int(ends.timestamp())), own)).encode()
        return f"{_written(said)}.{_written(self._sign(said))}"

    def _of_session(self, tokens: Sequence[AccessToken], session: str) -> Visitor | None:
        body, _, signature = session[:_LONGEST].partition(".")
        said, signed = _read(body), _read(signature)
        if not hmac.compare_digest(self._sign(said), signed):
            return None
        name, mark, ends, *own = said.decode().split("\n")
        if int(ends) <= self._clock.now().timestamp() or not own:  # without a name: of an older version
            return None
        found = next((one for one in tokens if one.name == name and one.sha256[:_MARK] == mark), None)
        return None if found is None else Visitor(found.name, found.role, own[0])

    def _sign(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, "sha256")


class _WrongTokens:
    """When the last wrong tokens came, by whose they were. Asked from any thread."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, whose: str, now: datetime) -> timedelta:
        """How long this one has to wait for the next try; it is counted only where it has not to."""
        with self._lock:
            times = self._times.setdefault(whose, deque(maxlen=TRIES))
            self._times.move_to_end(whose)
            if len(times) == TRIES and timedelta(0) <= now - times[0] < WITHIN:
                return WITHIN - (now - times[0])
            times.append(now)
            if len(self._times) > ADDRESSES:
                self._times.popitem(last=False)
            return timedelta(0)


class _EndedHere:
    """`ports.EndedSessions` for as long as the process runs."""

    def __init__(self) -> None:
        self._sessions: dict[str, datetime] = {}

    def end(self, session: str, until: datetime, now: datetime) -> None:
        """Remembers that it ended."""
        self._sessions = {one: end for one, end in self._sessions.items() if end > now} | {session: until}

    def has_ended(self, session: str) -> bool:
        """Whether its visitor logged out."""
        return session in self._sessions


def _whose(address: str) -> str:
    """The address, or of IPv6 the network, that one visitor has; whatever is no address is that of one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.version == 6:
        return str(found.ipv4_mapped or ipaddress.ip_network((int(found), _NETWORK), strict=False))
    return str(found)


def new_token(fresh: bytes) -> tuple[str, str]:
    """A token and the hash for the config. `fresh` are 32 random bytes."""
    token = PREFIX + _written(fresh)
    return token, hash_of(token)


def hash_of(token: str) -> str:
    """How the config knows it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _known(tokens: Sequence[AccessToken], token: str) -> AccessToken | None:
    """All are compared, each in the same time."""
    hashed = hash_of(token[:_LONGEST])
    found = None
    for one in tokens:
        if hmac.compare_digest(one.sha256, hashed):
            found = one
    return found


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _read(text: str) -> bytes:
    """What was written; nothing for what nobody wrote."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
