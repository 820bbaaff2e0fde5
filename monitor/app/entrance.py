"""Who may come in: tokens of the config, known by their hashes, and sessions that a browser keeps.

A token has 256 random bits, so that a plain SHA-256 of it tells nobody anything: there is no list of likely ones.
A session is what a visitor is called, which token it was opened with and when it ends, signed; a token that leaves
the config takes its sessions with it, and a restart ends none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.web import AccessToken, Role, Visitor
from monitor.ports import Clock

PREFIX = "mon_"  # a token that is found somewhere can be told for one
SESSION = timedelta(days=7)
TRIES = 5  # wrong tokens from one address within WITHIN, before it has to wait
ALL_TRIES = 50  # the same from all addresses
WITHIN = timedelta(minutes=1)
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


class Entrance:
    """Asked once a request, from any thread. `tokens` are those in force; without any all are let in, who can only
    be on this machine. `key` signs sessions."""

    def __init__(self, tokens: Callable[[], Sequence[AccessToken]], key: bytes, clock: Clock) -> None:
        self._tokens = tokens
        self._key = hmac.digest(key, b"sessions of the dashboard", "sha256")
        self._clock = clock
        self._wrong: deque[tuple[datetime, str]] = deque(maxlen=ALL_TRIES)

    @property
    def asks(self) -> bool:
        """Whether a visitor has to show a token."""
        return bool(self._tokens())

    def visitor_of(self, session: str, bearer: str) -> Visitor | None:
        """Who shows this session, or this token; None for nobody we know."""
        tokens = self._tokens()
        if not tokens:
            return _NOBODY
        if bearer:
            found = _known(tokens, bearer)
            return None if found is None else Visitor(found.name, found.role)
        return self._of_session(tokens, session)

    def admit(self, token: str, address: str) -> Admission:
        """The session for a token that somebody at that address typed."""
        now = self._clock.now()
        wait = self._wait(address, now)
        if wait:
            return Admission(refusal=Refusal.TOO_OFTEN, wait=wait)
        found = _known(self._tokens(), token.strip())
        if found is None:
            self._wrong.append((now, address))
            return Admission(refusal=Refusal.WRONG)
        return Admission(self._session(found, now + SESSION))

    def _wait(self, address: str, now: datetime) -> timedelta:
        recent = [(at, who) for at, who in tuple(self._wrong) if now - at < WITHIN]
        own = [at for at, who in recent if who == address]
        full = own[-TRIES:] if len(own) >= TRIES else [at for at, _ in recent] if len(recent) >= ALL_TRIES else []
        return WITHIN - (now - full[0]) if full else timedelta(0)

    def _session(self, token: AccessToken, ends: datetime) -> str:
        said = "\n".join((token.name, token.sha256[:_MARK], str(int(ends.timestamp())))).encode()
        return f"{_written(said)}.{_written(self._sign(said))}"

    def _of_session(self, tokens: Sequence[AccessToken], session: str) -> Visitor | None:
        body, _, signature = session[:_LONGEST].partition(".")
        said, signed = _read(body), _read(signature)
        if not hmac.compare_digest(self._sign(said), signed):
            return None
        name, mark, ends = said.decode().split("\n")
        if int(ends) <= self._clock.now().timestamp():
            return None
        found = next((one for one in tokens if one.name == name and one.sha256[:_MARK] == mark), None)
        return None if found is None else Visitor(found.name, found.role)

    def _sign(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, "sha256")


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
