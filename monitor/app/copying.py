"""`monitor db copy`: a store moves into another database."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from monitor.adapters.store.copying import COMPARING, COPYING, Copied, Tell, compare_stores, copy_store
from monitor.adapters.store.sql import SqlStore
from monitor.app.counting import counted
from monitor.app.files import secrets_from
from monitor.app.search import catch_up
from monitor.app.upkeep import Done
from monitor.config.shape import SECRET_PREFIXES
from monitor.config.values import read_postgresql_url
from monitor.model.errors import SecretUnavailable

_INDEXING = "indexing"
PHASES = {COPYING: "rows copied", COMPARING: "rows compared", _INDEXING: "articles indexed for search"}
"""What the numbers of each phase of a copy count."""


class NoTarget(ValueError):
    """What `--to` says names no database; the message never repeats what may hold a password."""


def target_url(given: str, config: Path, environment: Mapping[str, str]) -> str:
    """The database that `--to` names: `postgresql://…`, `sqlite:///FILE`, or a secret reference to such a URL.

    References are read as those of the config file. Raises NoTarget.
    """
    reference = given.startswith(SECRET_PREFIXES)
    try:
        url = secrets_from(environment, config.absolute().parent)(given) if reference else given
        if url.startswith(("postgresql", "postgres:")):
            url = read_postgresql_url(url, literal=False)
            parsed = sa.make_url(url)
            if not reference and (parsed.password is not None or "password" in parsed.query):
                why = "others on this machine see a password on a command line; put the URL into the environment, "
                raise NoTarget(f"{why}and say --to env:NAME")
            return url
    except (ValueError, SecretUnavailable, sa.exc.ArgumentError) as error:
        raise error if isinstance(error, NoTarget) else NoTarget(str(error)) from None
    path = url.removeprefix("sqlite:///")
    if path in (url, "", ":memory:") or "?" in path or "\0" in path:
        raise NoTarget('must be "postgresql://USER@HOST/DATABASE", "sqlite:///FILE", or env:NAME that holds one')
    return f"sqlite:///{Path(path).absolute()}"


def copy(url: str, to: str, given: str, config: Path, tell: Tell) -> Done:
    """Copies the store at `url` to `to`, written as `given`, and says what is next. Raises StoreError."""
    copied = copy_store(url, to, pid=os.getpid(), tell=tell)
    rows = sum(one.rows for one in copied.tables)
    lines = [
        f"Copied {copied.source}",
        f"    to {copied.target}",
        f"{counted(rows, 'row')} of {counted(len(copied.tables), 'table')}: counts and hashes are equal",
    ]
    if copied.begun_anew:
        lines.append("An earlier run had begun it; the store was changed since, and all was copied anew.")
    elif copied.resumed:
        lines.append("An earlier run had begun it; this one went on where that stopped.")
    lines += [
        "",
        "Next:",
        f'  1. in {config}: url = "{given}" in [store]',
        f"  2. monitor db check -c {shlex.quote(str(config))}",
        "  3. start the daemon; it goes on where the old store was left",
        "The old store is unchanged. Start nothing on it any more: it would send again what the new one has sent.",
    ]
    return Done(tuple(lines), _row(copied))


def index(to: str, tell: Tell) -> None:
    """Fills the full-text index of a copy. May be left at any time: the next search does what is left of it.

    A daemon may be at work on the copy. Raises StoreError when it cannot be opened.
    """
    store = SqlStore(to, ask_only=True)
    try:
        catch_up(store.archive, lambda done, of: tell(_INDEXING, done, of))
    finally:
        store.close()


def compare(url: str, to: str, tell: Tell) -> tuple[Done, bool]:
    """Compares both stores: what was found, and whether they are equal. Raises StoreError."""
    found = compare_stores(url, to, pid=os.getpid(), tell=tell)
    rows = sum(one.rows for one in found.tables)
    lines = [
        f"{one.table}: {counted(one.rows, 'row')} in the store, {one.target_rows:,} in the copy"
        + ("" if one.rows != one.target_rows else ", not all of them equal")
        for one in found.tables
        if not one.equal
    ]
    if found.equal:
        lines = [f"Equal: {counted(rows, 'row')} of {counted(len(found.tables), 'table')}, by count and hash"]
    return Done(tuple(lines), _row(found)), found.equal


def _row(found: Copied) -> dict[str, object]:
    return {
        "source": found.source,
        "target": found.target,
        "rows": sum(one.rows for one in found.tables),
        "equal": found.equal,
        "resumed": found.resumed,
        "begun_anew": found.begun_anew,
        "tables": [
            {"table": one.table, "rows": one.rows, "target_rows": one.target_rows, "equal": one.equal}
            for one in found.tables
        ],
    }
