"""`monitor db …`: the store itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import print_json, print_lines, progress_bar
from monitor.cli.progress import phases

if TYPE_CHECKING:
    from monitor.app.upkeep import Done


@click.group()
def db() -> None:
    """The store: its schema, backups, soundness."""


@db.command()
@click.option("--no-copy", is_flag=True, help="Do not copy a SQLite file before it is changed.")
@CONFIG
@JSON
def upgrade(no_copy: bool, config: Path, as_json: bool) -> None:
    """Bring the store to this version's schema.

    All in one transaction: a failure leaves everything as it was. `monitor run` does the same when it starts; here
    a SQLite file is copied before. Nothing must run on the store.

    \b
    Examples:
      monitor db upgrade
      monitor db upgrade -c /etc/media-monitor/config.toml
    """
    from monitor.app.check import settings_of
    from monitor.app.upkeep import upgrade_store

    settings = settings_of(config, os.environ, secrets=False)
    with progress_bar("Copying") as progress:
        done = upgrade_store(
            settings.store_url,
            copy=not no_copy,
            progress=progress,
            environment=os.environ,
            engine=settings.engine,
        )
    _say(done, as_json)


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@CONFIG
@JSON
def backup(file: Path, config: Path, as_json: bool) -> None:
    """Copy the store into FILE while the daemon works on.

    FILE is the state of one moment, checked, and whole or not there; it is never overwritten. For a PostgreSQL
    store pg_dump makes it. Config and rules are files of their own: back them up, too.

    \b
    Examples:
      monitor db backup monitor-2026-11-26.db
      monitor db backup /backup/monitor-$(date +%F).db -c /etc/media-monitor/config.toml
    """
    from monitor.app.upkeep import backup_store, store_url_of

    url = store_url_of(config, os.environ)
    with progress_bar("Copying") as progress:
        done = backup_store(url, file, progress, os.environ)
    _say(done, as_json)


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@CONFIG
@JSON
def restore(file: Path, yes: bool, config: Path, as_json: bool) -> None:
    """Put the backup FILE in the place of the store.

    The backup is checked first. A SQLite store that is there is moved aside, not deleted; a PostgreSQL one is
    replaced in one transaction. Nothing must run on the store.

    What happened after the backup is not known then: what feeds still list is read again, and may be sent again.

    \b
    Examples:
      monitor db restore monitor-2026-11-26.db
      monitor db restore monitor-2026-11-26.db --yes
    """
    from monitor.app.upkeep import restore_store, store_url_of

    url = store_url_of(config, os.environ)
    if not yes:
        click.confirm(f"Replace the store of {config} by {file}?", abort=True, err=True)
    with progress_bar("Copying") as progress:
        done = restore_store(url, file, progress=progress, environment=os.environ)
    _say(done, as_json)


@db.command(short_help="Is the store sound?")
@CONFIG
@JSON
def check(config: Path, as_json: bool) -> None:
    """Is the store sound? Pages, references, and what must hold between rows.

    Reads all of it, beside a running daemon too. Exit status 0 when all is well, 1 when not.

    \b
    Examples:
      monitor db check
      monitor db check --json
    """
    from monitor.app.upkeep import finding_line, looks, store_url_of

    sound, count = True, 0
    with looks(store_url_of(config, os.environ)) as made:
        for name, findings in made:
            count += 1
            sound = sound and not findings
            if as_json:
                print_json(one.as_row() for one in findings)
            elif findings:
                print_lines(finding_line(one) for one in findings)
            elif sys.stderr.isatty():
                click.echo(f"ok: {name}", err=True)
    if not as_json:
        print_lines([f"All is well: {count} looks at the store found nothing wrong."] if sound else _ADVICE)
    sys.exit(0 if sound else 1)


@db.command(short_help="Copy the store to PostgreSQL, or back.")
@click.option(
    "--to",
    "given",
    required=True,
    metavar="URL",
    help="The database to copy to: postgresql://…, sqlite:///FILE, or env:NAME, file:PATH, credential:NAME.",
)
@click.option("--verify-only", is_flag=True, help="Copy nothing: compare the store with a finished copy.")
@CONFIG
@JSON
def copy(given: str, verify_only: bool, config: Path, as_json: bool) -> None:
    """Copy the store into another database, from SQLite to PostgreSQL or back.

    The database must be empty, and nothing must run on the store, which is not changed. What was broken off goes
    on where it stopped when the command is given again. At the end all tables are compared by counts and hashes;
    until then no daemon starts on the copy. Then the index of the archive is filled, which need not be waited for.

    Exit status 0 when both are equal, 1 when not.

    \b
    Examples:
      monitor db copy --to postgresql://desk@db.example.org/monitor
      monitor db copy --to env:DATABASE_URL -c /etc/media-monitor/config.toml
      monitor db copy --to env:DATABASE_URL --verify-only
    """
    from monitor.app.copying import PHASES, NoTarget, compare, index, target_url
    from monitor.app.copying import copy as copy_to
    from monitor.app.upkeep import store_url_of

    url = store_url_of(config, os.environ)
    try:
        to = target_url(given, config, os.environ)
    except NoTarget as error:
        raise click.BadParameter(str(error), param_hint="--to") from None
    with phases(PHASES) as tell:
        if verify_only:
            done, equal = compare(url, to, tell)
        else:
            done, equal = copy_to(url, to, given, config, tell), True
    _say(done, as_json)
    if not verify_only:  # said before: the daemon need not wait for it
        with phases(PHASES) as tell:
            index(to, tell)
    sys.exit(0 if equal else 1)


_ADVICE = (
    "",
    "The store is not sound. Keep it as it is with monitor db backup, or by copying the file;",
    "monitor db restore FILE puts an earlier backup in its place.",
)


def _say(done: Done, as_json: bool) -> None:
    if as_json:
        print_json([done.row])
    else:
        print_lines(done.lines)
