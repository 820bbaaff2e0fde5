"""Names that a config declares, for the completion of a shell: read in a blink, and never an error."""

from __future__ import annotations

import glob
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_MOST_BYTES = 3_000_000  # of all rule files together, half a second of reading; the rest is typed by hand
_LONGEST_CONFIG = 1_000_000


def rule_ids(config: Path) -> list[str]:
    """The ids of the rules in the config's files, in file order; empty when nothing can be read."""
    return [one["id"] for table in _rule_tables(config) for one in _tables(table, "rules") if _is_text(one, "id")]


def digest_names(config: Path) -> list[str]:
    """The names of the config's digests."""
    return [one["name"] for one in _tables(_read(config), "digests") if _is_text(one, "name")]


def receiver_names(config: Path) -> list[str]:
    """The names of the config's receivers."""
    receivers = _read(config).get("receivers")
    return list(receivers) if isinstance(receivers, dict) else []


def _rule_tables(config: Path) -> Iterator[dict[str, Any]]:
    rules = _read(config).get("rules")
    patterns = rules.get("files") if isinstance(rules, dict) else None
    left = _MOST_BYTES
    # The default of the config reference, where the config says nothing.
    for pattern in patterns if isinstance(patterns, list) else ["rules/*.toml", "rules/entities/*.toml"]:
        if not isinstance(pattern, str):
            continue
        absolute = str(config.absolute().parent / pattern)
        for found in sorted(glob.glob(absolute, recursive=True)):  # noqa: PTH207 - Path.glob takes no absolute pattern
            left -= Path(found).stat().st_size
            if left < 0:
                return
            yield _read(Path(found))


def _read(file: Path) -> dict[str, Any]:
    """A TOML file; empty when it is none, or not there."""
    try:
        if not file.is_file() or file.stat().st_size > _LONGEST_CONFIG:
            return {}
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}


def _tables(top: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = top.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _is_text(table: dict[str, Any], key: str) -> bool:
    return isinstance(table.get(key), str)
