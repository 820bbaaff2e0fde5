"""A value that must never be shown."""

from __future__ import annotations


class Secret:
    """Holds a secret string; `repr`, `str` and pickles of other code never show it.

    `reference` is where it came from ("env:SMTP_PASSWORD"), which may be shown.
    """

    __slots__ = ("_value", "reference")

    def __init__(self, value: str, reference: str = "") -> None:
        self._value = value
        self.reference = reference

    def reveal(self) -> str:
        """The secret itself: call it where it is sent, keep it nowhere."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.reference or '***'})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))
