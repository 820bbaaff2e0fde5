"""Where the web pages are served, and to whom."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import ip_address

PublicUrl = str
"""`[web].public_url` without a slash at its end: where the pages are reached from outside."""

_SELF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what stands for every address, and how it is asked here


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """`[web].listen`: an IP address of this machine and a port; port 0 lets the system choose one."""

    host: str  # "127.0.0.1", "::1"
    port: int

    @property
    def netloc(self) -> str:
        """The host as a URL and a Host header write it (RFC 3986 §3.2.2): an IPv6 address in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def url(self) -> str:
        """What one types into a browser on this machine."""
        return f"http://{self if not self.is_every else replace(self, host=_SELF[self.host])}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ip_address(self.host).is_loopback

    @property
    def is_every(self) -> bool:
        """Whether it stands for every address of this machine."""
        return self.host in _SELF

    def __str__(self) -> str:
        return f"{self.netloc}:{self.port}"


class Role(StrEnum):
    """What a visitor of the dashboard may do."""

    READER = "reader"  # looks, and tries drafts of rules
    OPERATOR = "operator"  # also acts: silences, tries deliveries again


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One `[[web.tokens]]`: who has it, what they may do, and the hash by which it is known."""

    name: str
    role: Role
    sha256: str = field(repr=False)  # 64 hexadecimal digits, lower case


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks for a page. `name` is "" where nobody has to say it: on this machine, without tokens.

    `session` names the session by which they came; "" for a program with its token, and for nobody in particular.
    """

    name: str
    role: Role
    session: str = field(default="", repr=False)

    @property
    def acts(self) -> bool:
        """Whether they may change anything."""
        return self.role is Role.OPERATOR
