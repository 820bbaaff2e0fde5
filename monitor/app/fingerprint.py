"""What all daemons on one store must agree on, in short: two that do not would undo each other's feeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

from monitor.app.check import Ready
from monitor.model.secret import Secret

_DIGITS = 6  # of 16 million
# Each machine's own: where the files lie and the pages are shown, how it reaches the store and a mail server.
_OWN = frozenset(
    {
        *("store_url", "rule_files", "smtp", "web_listen", "allowed_hosts", "trusted_proxies"),
        *("source", "warnings", "watch_rules"),
    }
)


def fingerprint(ready: Ready) -> str:
    """Six hexadecimal digits, the same in every process; of a secret only where it comes from is in them."""
    agreed = _chosen(ready.settings, besides=_OWN)
    rules = sorted(ready.ruleset.sources.values())
    return sha256(repr((agreed, rules)).encode()).hexdigest()[:_DIGITS]


def _chosen(value: Any, besides: frozenset[str] = frozenset()) -> tuple[Any, ...]:
    """What is not at its default: the next version may have more settings, and is put in beside this one."""
    said = ((one, getattr(value, one.name)) for one in fields(value) if one.name not in besides)
    return tuple((one.name, _plain(here)) for one, here in said if here != _default(one))


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


def _plain(value: Any) -> Any:
    """The value in tuples and texts, whose order no process chooses for itself."""
    if isinstance(value, Secret):
        return value.reference
    if isinstance(value, Enum):
        return _plain(value.value)
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value).__name__, *_chosen(value))
    if isinstance(value, Mapping):
        return tuple(sorted(((repr(_plain(key)), _plain(kept)) for key, kept in value.items()), key=repr))
    if isinstance(value, (set, frozenset)):
        return tuple(sorted((_plain(one) for one in value), key=repr))
    if isinstance(value, (list, tuple)):
        return tuple(_plain(one) for one in value)
    return repr(value)
