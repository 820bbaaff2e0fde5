"""`monitor run`: signals at the door, the service behind it."""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor import __version__
from monitor.app.check import Ready
from monitor.app.counting import counted
from monitor.app.deliveries import message_text
from monitor.app.heap import keep_heap_small
from monitor.app.last_good import open_or_last_good, when
from monitor.app.one_pass import Pass
from monitor.app.reload import Reloader
from monitor.app.service import Service
from monitor.app.supervision import Supervisor, supervisor_of
from monitor.app.watch import Watch
from monitor.app.wiring import Monitor, build
from monitor.cli.hangups import Hangups
from monitor.core.text.terminal import printable
from monitor.model.jobs import Engine, ProcessRole
from monitor.model.ledger import Plan
from monitor.model.problem import Gravity
from monitor.model.web import ListenAddress

if TYPE_CHECKING:
    from monitor.app.pushing import Pushing
    from monitor.app.vitals import Vitals
    from monitor.web import WebDoor

_MOST_PAGES = 5  # named in the summary of a pass


def run_daemon(
    config: Path,
    hangups: Hangups,
    *,
    dry_run: bool,
    strict: bool,
    role: ProcessRole = ProcessRole.ALL,
    probes: ListenAddress | None = None,
) -> int:
    """Runs until SIGTERM or SIGINT; the exit status.

    `probes` is where a process without pages is asked how it is.
    """
    keep_heap_small()
    supervisor = supervisor_of(os.environ, os.getpid())
    if supervisor.watchdog is not None:
        faulthandler.enable()  # its SIGABRT leaves in the log where each thread hung
    supervisor.starting("reading config and rules")
    watch = Watch(config)
    ready = _ready(config, strict)
    _check_role(role, ready)
    address = ready.settings.web_listen if role.shows else probes
    listener = _listener(address)  # an address that is taken is told before anything else is started
    supervisor.starting("opening the store")
    monitor = _opened(ready, supervisor, dry_run, role)
    reloader = Reloader(config, os.environ, ready, version=__version__, stdout=sys.stdout, watch=watch)
    vitals, door, pushing = None, None, None
    if address is not None and listener is not None:
        vitals, door, pushing = _watched(monitor, ready, address, listener, reloader, config)
    service = _service(monitor, dry_run, vitals, reloader, supervisor)
    if pushing is not None:
        pushing.wake = service.read_pushes
        pushing.settings = lambda: service.generations.current.websub.settings
    if vitals is not None:
        _watch_service(vitals, service, reloader)
    hangups.listen(service.reload)
    return _served(service, door, role)


def _opened(ready: Ready, supervisor: Supervisor, dry_run: bool, role: ProcessRole) -> Monitor:
    """A monitor that holds its store, of which the supervisor hears when that takes long."""

    def upgrading() -> None:
        supervisor.upgrading()
        _say_upgrade()

    def carrying() -> None:
        supervisor.upgrading()
        _say_carrying()

    return build(
        ready,
        version=__version__,
        stdout=sys.stdout,
        draft=dry_run,
        upgrading=upgrading,
        carrying=carrying,
        shares=not dry_run,  # what it took would not be sent
        role=role,
    )


def _served(service: Service, door: WebDoor | None, role: ProcessRole) -> int:
    """Runs the service, behind its door, until it is told to stop; the exit status."""
    where = ""
    if door is not None:
        door.start()
        where = f", {door.address.url}"
    part = "" if role is ProcessRole.ALL else f" ({role.value})"
    click.echo(
        f"monitor {__version__}: running{part}, pid {os.getpid()}{where}; stop with Ctrl-C or SIGTERM", err=True
    )
    try:
        finished = service.run_forever()
    finally:
        if door is not None:
            door.stop()  # before the store is closed: a page may be reading it
    if finished:
        service.close()
        click.echo("monitor: stopped", err=True)
    else:
        # Nothing is closed under a stage at work; what it did not commit is taken up at the next start.
        click.echo("monitor: stopped; a stage was left behind, its work is taken up at the next start", err=True)
    return 0


def run_pass(config: Path, *, dry_run: bool, strict: bool) -> int:
    """One pass; the exit status of the interface contract."""
    ready = _ready(config, strict)
    monitor = build(
        ready,
        version=__version__,
        stdout=sys.stdout,
        draft=dry_run,
        upgrading=_say_upgrade,
        carrying=_say_carrying,
    )
    service = _service(monitor, dry_run)
    done = service.run_once(lambda line: click.echo(line, err=True))
    service.close()
    for line in pass_lines(done, dry_run):
        click.echo(printable(line), err=True)
    return done.exit_code


def _say_upgrade() -> None:
    said = "monitor: an older version wrote the store; it is brought up to date first, which may take a while."
    click.echo(f'{said}\nIt changes whole or not at all. "monitor db upgrade" keeps a copy as well.', err=True)


def _say_carrying() -> None:
    said = "monitor: something has a new name; its history goes along first, which may take a while."
    click.echo(f"{said} All of it or nothing.", err=True)


def _ready(config: Path, strict: bool) -> Ready:
    ready = open_or_last_good(config, os.environ, strict=strict)
    for problem in ready.warnings:
        click.echo(printable(str(problem), keep_newlines=True), err=True)
    if ready.rules_of is not None:
        click.echo("\n".join(last_good_lines(ready, config)), err=True)
    return ready


def _check_role(role: ProcessRole, ready: Ready) -> None:
    if role is ProcessRole.ALL:
        return
    if ready.settings.engine is Engine.IN_PROCESS:
        raise click.UsageError(
            f'--role {role.value} is for a monitor of several processes: [jobs] engine = "procrastinate" in '
            f"{ready.settings.source}"
        )
    if role is ProcessRole.WEB and ready.settings.web_listen is None:
        raise click.UsageError(f"--role web shows pages: [web] listen in {ready.settings.source} says where")


def _service(
    monitor: Monitor,
    dry_run: bool,
    vitals: Vitals | None = None,
    reloader: Reloader | None = None,
    supervisor: Supervisor | None = None,
) -> Service:
    service = Service(
        monitor,
        on_plan=_print_drafts if dry_run else _ignore,
        sends=not dry_run,
        meter=vitals.meter if vitals else None,
        pulse=vitals.pulse if vitals else None,
        reloader=reloader,
        supervisor=supervisor,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    return service


def _listener(address: ListenAddress | None) -> socket.socket | None:
    if address is None:
        return None
    from monitor.web import listen  # here: who has no [web] needs no web server in memory

    return listen(address)


def _watched(
    monitor: Monitor,
    ready: Ready,
    address: ListenAddress,
    listener: socket.socket,
    reloader: Reloader,
    config: Path,
) -> tuple[Vitals, WebDoor, Pushing | None]:
    """The vitals of a daemon to be, the door that shows them on that socket, and what hubs send through it."""
    from monitor.app.in_force import InForceOf
    from monitor.app.open_house import entrance_of, has_dashboard, open_house_of
    from monitor.app.pushing import Pushing
    from monitor.app.unsubscribing import unsubscribing_of
    from monitor.app.vitals import Vitals, config_findings
    from monitor.web import Reach, Views, WebDoor, build_pages, warming_of

    vitals = Vitals(
        monitor.store,
        monitor.clock,
        version=__version__,
        warnings=lambda: config_findings(reloader),
        in_force=InForceOf(reloader, monitor.clock.now()),
        unindexed=lambda: monitor.index.progress.waiting,
        queued=monitor.store.facts.queued if monitor.jobs is not None else lambda: None,
    )
    shows = monitor.role.shows  # else the probes alone
    public_url = ready.settings.public_url if shows else ""
    pushing = None
    if public_url:
        dice, settings = monitor.websub.dice, lambda: monitor.websub.settings
        pushing = Pushing(monitor.store.hubs, monitor.clock, dice, settings, public_url, vitals.meter)
    dashboard = shows and has_dashboard(ready.settings)
    views = Views(
        alive=vitals.alive,
        ready=vitals.ready,
        metrics=vitals.metrics,
        unsubscribing=unsubscribing_of(monitor.store, monitor.clock, public_url) if public_url else None,
        pushing=pushing,
        open_house=open_house_of(config, reloader, monitor) if dashboard else None,
        entrance=entrance_of(lambda: reloader.ready, monitor) if dashboard else None,
    )
    reach = Reach(ready.settings.allowed_hosts, ready.settings.trusted_proxies)
    return vitals, WebDoor(build_pages(views, address, reach), listener, warming_of(views)), pushing


def _watch_service(vitals: Vitals, service: Service, reloader: Reloader) -> None:
    from monitor.app.vitals import config_findings, heartbeat_findings

    vitals.hangs = service.hangs
    vitals.warnings = lambda: [*config_findings(reloader), *heartbeat_findings(service.heartbeat)]


def last_good_lines(ready: Ready, config: Path) -> list[str]:
    """That the rule files above do not hold, and which rules are in force in their place."""
    assert ready.rules_of is not None
    errors = sum(problem.gravity is Gravity.ERROR for problem in ready.warnings)
    rules = counted(len(ready.ruleset.rules), "rule")
    then = "" if ready.settings.watch_rules else ", and SIGHUP or a restart"
    return [
        "",
        f"THE RULE FILES DO NOT HOLD ({counted(errors, 'error')}, see above).",
        f"In force are the last good rules, {rules}, read on {when(ready.rules_of)}.",
        f"Mend the files, then: monitor check -c {config}{then}.",
        "",
    ]


def _ignore(_plan: Plan) -> None:
    """In earnest the channels speak."""


def _print_drafts(plan: Plan) -> None:
    shown: set[tuple[str, str, int]] = set()
    for one in plan.deliveries:
        to = f"{one.receiver} ({one.recipient})"
        click.echo(f"---- draft: {plan.digest} to {to}: {one.message.subject}")
        text = (one.message.text, one.channel.value, one.message.part)
        if text not in shown:
            shown.add(text)
            click.echo(message_text(one.message))


def pass_lines(done: Pass, dry_run: bool) -> list[str]:
    """What one pass came to, for people."""
    found = f"{counted(done.new, 'new entry', 'new entries')}, {counted(done.matches, 'match', 'matches')}"
    made = f"{counted(done.plans, 'digest')} " + (
        "drafted" if dry_run else f"planned, {counted(done.sent, 'message')} sent"
    )
    lines = [f"Polled {done.polled:,} of {counted(done.feeds, 'feed')}: {found}, {made}"]
    lines += [f"  failing: {name}: {why}" for name, why in done.failing]
    if done.not_asked:
        hosts = "its host" if done.not_asked == 1 else "their hosts"
        feeds = counted(done.not_asked, "feed was", "feeds were")
        lines.append(f"  {feeds} not asked: {hosts} asked to be left alone for now")
    if done.seen:
        lines.append(
            f"  {counted(done.seen, 'entry was', 'entries were')} there before you subscribed: stored as seen, "
            "not alerted. To look at them: monitor feeds show NAME. To alert such entries, too, "
            'give the feed backfill = "24h" before its first poll'
        )
    if done.too_old:
        old = counted(done.too_old, "entry is", "entries are")
        lines.append(f"  {old} older than max_entry_age: stored, not alerted")
    if done.fallback:
        pages = counted(len(done.fallback), "page")
        lines.append(f"  {pages} could not be read: the feed's own text was matched instead")
        lines += [f"    {url}: {why}" for url, why in done.fallback[:_MOST_PAGES]]
    if done.postponed:
        pages = counted(done.postponed, "page did", "pages did")
        lines.append(f"  {pages} not answer: asked again in the next pass")
    lines += [f"  not delivered to {name}: {why}; kept and tried again" for name, why in done.failed]
    if done.waiting:
        lines.append(
            f"  {counted(done.waiting, 'message waits', 'messages wait')} for the next attempt: monitor status"
        )
    return lines
