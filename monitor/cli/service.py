"""`monitor service`: installs it under systemd, and removes it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from monitor.cli.output import print_lines

_USER = click.option("--user", is_flag=True, help="A service of your own, without root.")
_ROOT = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write below this folder, for packages; paths inside the files stay as they are.",
)
_DRY = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.group()
def service() -> None:
    """Run the monitor under systemd."""


@service.command("install")
@_USER
@_ROOT
@click.option(
    "--program",
    type=click.Path(path_type=Path),
    help="The monitor to run; default: this one.",
)
@_DRY
def install_service(user: bool, root: Path | None, program: Path | None, dry_run: bool) -> None:
    """Write a systemd unit, its folders and an example config.

    A file that is there is never overwritten, but for a unit that "monitor service install" wrote and nobody
    changed since. Nothing is started: what to type next is printed.

    \b
    Examples:
      sudo monitor service install
      monitor service install --user
      monitor service install --dry-run
      monitor service install --root build/package --program /usr/bin/monitor
    """
    from monitor.app import service_install, service_words

    places = service_install.places_of(os.environ, user=user, root=root)
    chosen = program or service_install.program_at_work()
    try:
        steps = service_install.install(places, chosen, writes=not dry_run)
    except service_install.InstallRefused as refused:
        print_lines(service_words.step_lines(refused.steps, writes=True))
        raise
    blocked = [] if user or root else service_install.blocked_name_servers()
    print_lines(service_words.install_lines(steps, places, chosen, writes=not dry_run, blocked=blocked))
    if dry_run:
        click.echo(f"\n{places.unit}:\n")
        click.echo(service_install.unit_text(places, chosen), nl=False)


@service.command("uninstall")
@_USER
@_ROOT
@_DRY
def uninstall_service(user: bool, root: Path | None, dry_run: bool) -> None:
    """Remove the unit; config, rules and everything stored stay.

    A unit that was changed is left alone, and one that is enabled has to be disabled first.

    \b
    Examples:
      sudo monitor service uninstall
      monitor service uninstall --user
    """
    from monitor.app import service_install, service_words

    places = service_install.places_of(os.environ, user=user, root=root)
    steps = service_install.uninstall(places, writes=not dry_run)
    print_lines(service_words.uninstall_lines(steps, places, writes=not dry_run))
