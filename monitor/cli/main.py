"""The command `monitor` and its groups. Each command imports what it needs: `--help` stays quick."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor import __version__
from monitor.cli.articles import articles
from monitor.cli.completion import completion
from monitor.cli.db import db
from monitor.cli.deliveries import deliveries
from monitor.cli.digest import digest
from monitor.cli.feeds import feeds
from monitor.cli.forgetting import forget
from monitor.cli.healthcheck import healthcheck
from monitor.cli.ingesting import ingest
from monitor.cli.matches import matches
from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import print_json, print_lines
from monitor.cli.receivers import receivers
from monitor.cli.rules import rules
from monitor.cli.search import search
from monitor.cli.service import service
from monitor.cli.silences import silence
from monitor.cli.stories import stories
from monitor.cli.web import web
from monitor.cli.why import why
from monitor.core.text.terminal import printable
from monitor.model.errors import ConfigInvalid, MonitorError

if TYPE_CHECKING:
    from monitor.model.web import ListenAddress

_SECTIONS = {
    "Start and look after": ("demo", "init", "check", "run", "service", "status", "healthcheck"),
    "Ask": ("why", "search", "stories", "matches", "digest"),
    "What comes in": ("feeds", "ingest", "articles", "rules"),
    "What goes out": ("receivers", "deliveries", "silence"),
    "The store and the shell": ("db", "forget", "web", "completion"),
}

_GOES_ON = "A daemon that runs goes on with the config that it has."


class Doors(click.Group):
    """A group whose errors of ours become one sentence, never a traceback."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands by what they are for."""
        widest = max(map(len, self.commands))
        room = formatter.width - formatter.current_indent - widest - 4
        for title, names in _SECTIONS.items():
            with formatter.section(title):
                rows = [(name.ljust(widest), self.commands[name].get_short_help_str(room)) for name in names]
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; exit 2 for files that do not hold, 1 for everything else of ours."""
        try:
            return super().invoke(ctx)
        except ConfigInvalid as error:
            click.echo(printable(str(error), keep_newlines=True), err=True)
            started = "Nothing was started." if ctx.invoked_subcommand == "run" else _GOES_ON
            click.echo(f"\n{started}", err=True)
            ctx.exit(2)
        except MonitorError as error:
            click.echo(f"monitor: {printable(str(error))}", err=True)
            ctx.exit(1)
        except BrokenPipeError:
            # The reader of our output has seen enough (`monitor why … | head`).
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)


@click.group(cls=Doors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="monitor")
def cli() -> None:
    """Polls news feeds, matches stories against your rules, sends digests that say why.

    \b
    First steps:
      monitor demo                 see the whole thing work on sample stories
      monitor init desk            write a config and rules to start from
      monitor check -c desk/config.toml
      monitor run --once -c desk/config.toml
    """


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path())
def init(directory: Path) -> None:
    """Write a config and rules to start from; never overwrites.

    \b
    Examples:
      monitor init
      monitor init ~/desk
    """
    from monitor.app.init import init as write
    from monitor.app.init import render_init

    report = write(directory)
    click.echo(render_init(report))
    sys.exit(0 if report.ok else 1)


@cli.command()
@CONFIG
@JSON
def check(config: Path, as_json: bool) -> None:
    """Check config and rules: every error of every file in one run.

    Every rule is tried on its own examples, too.

    Exit status 0 when the monitor would start, 2 when not.

    \b
    Examples:
      monitor check
      monitor check -c /etc/media-monitor/config.toml --json
    """
    from monitor.app.check import check as examine
    from monitor.app.check import render_report
    from monitor.app.renaming import with_renames

    report = with_renames(examine(config, environment=os.environ))
    if as_json:
        print_json(
            {"file": one.file, "line": one.line, "gravity": one.gravity.value, "message": one.message}
            for one in report.problems
        )
    else:
        click.echo(render_report(report))
    sys.exit(0 if report.ok else 2)


@cli.command()
@CONFIG
@click.option("--once", is_flag=True, help="One pass: poll every feed, send every digest with matches, exit.")
@click.option("--dry-run", is_flag=True, help="Send nothing: print deliveries and keep them as drafts.")
@click.option("--strict", is_flag=True, help="Refuse rule files with errors, also when there are last good rules.")
@click.option(
    "--role",
    type=click.Choice(["all", "dispatch", "work", "web"]),
    default="all",
    metavar="ROLE",
    help='all, dispatch, work or web: what it does, with [jobs] engine = "procrastinate".',
)
@click.option(
    "--probes",
    metavar="ADDRESS",
    help="Where a dispatcher or worker is asked how it is, as 127.0.0.1:8080.",
)
@click.option("-v", "--verbose", is_flag=True, help="Also log what came to nothing.")
def run(
    config: Path, once: bool, dry_run: bool, strict: bool, role: str, probes: str | None, verbose: bool
) -> None:
    """Run the daemon, or one pass with --once.

    It runs until SIGTERM or Ctrl-C, ends within 10 seconds, and loses nothing. SIGHUP has it read config and
    rules again; what does not hold is logged, and everything stays as it was.

    When the rule files have errors it starts with the rules it ran with last, and says so.

    With --once the exit status is 0 when all went well, 1 when a delivery failed or nothing could be polled,
    2 when the config does not hold.

    \b
    Examples:
      monitor run
      monitor run --dry-run            what would be sent, without sending
      monitor run --once -c desk/config.toml
      monitor run --role work          one of several workers on PostgreSQL
    """
    from monitor.cli.hangups import Hangups

    if os.getpid() == 1:
        # In a container: process 1 gets no signal that it has no handler for (pid_namespaces(7)), so that a stop
        # in the first second would end in a kill ten seconds later.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    if role != "all" and (once or dry_run):
        raise click.UsageError("--role is for a daemon that sends: not with --once or --dry-run")
    if probes is not None and role in ("all", "web"):
        raise click.UsageError("--probes is for --role dispatch and work: the others answer at [web] listen")
    hangups = Hangups()  # before the imports that take long: a SIGHUP must not end us
    from monitor.cli import logs
    from monitor.cli.running import run_daemon, run_pass
    from monitor.model.jobs import ProcessRole

    # One pass ends with a summary of all that went wrong: the log would only say it twice.
    logs.configure(verbose=verbose, environment_no_color="NO_COLOR" in os.environ, quiet=once and not verbose)
    if once:
        code = run_pass(config, dry_run=dry_run, strict=strict)
    else:
        code = run_daemon(
            config,
            hangups,
            dry_run=dry_run,
            strict=strict,
            role=ProcessRole(role),
            probes=_probes(probes) if probes else None,
        )
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: a stage that had to be left behind must not keep the process alive.
    os._exit(code)


def _probes(text: str) -> ListenAddress:
    from monitor.config.values import read_listen

    try:
        address = read_listen(text)
    except ValueError as error:
        raise click.UsageError(f"--probes: {error}") from None
    if not address.is_loopback:
        # Whoever reaches them needs no token: pages for others are a web process's.
        raise click.UsageError(f"--probes: {text}: this machine alone may ask, as at 127.0.0.1:8080")
    return address


@cli.command(short_help="How it does: feeds, work in hand, digests, outbox.")
@CONFIG
@JSON
def status(config: Path, as_json: bool) -> None:
    """Feeds ok, late, failing; work in hand; next digests; the outbox.

    \b
    Examples:
      monitor status
      monitor status --json
    """
    from monitor.app.questions import opened
    from monitor.app.status import status_lines
    from monitor.app.status_json import status_json

    with opened(config, os.environ) as house:
        found = house.status(failing=None) if as_json else house.status()
    if as_json:
        print_json([status_json(found)])
    else:
        print_lines(status_lines(found))


@cli.command()
@click.option(
    "--output", type=click.Path(path_type=Path), help="Where to keep the results; default: a new folder."
)
@click.option("--serve", is_flag=True, help="Then keep the monitor running, with its dashboard, until Ctrl-C.")
@click.option("-v", "--verbose", is_flag=True, help="Show the pipeline's log.")
def demo(output: Path | None, serve: bool, verbose: bool) -> None:
    """See the whole pipeline work on sample stories.

    Three feeds (RSS, Atom, JSON Feed) and their pages are served over local HTTP; the pipeline polls, reads,
    matches and delivers as it would in earnest, and the digest is printed.

    \b
    Examples:
      monitor demo
      monitor demo --output /tmp/demo
      monitor demo --serve
    """
    from monitor.app.demonstration import demonstrate
    from monitor.cli import logs

    logs.configure(verbose=verbose, environment_no_color="NO_COLOR" in os.environ, quiet=not verbose)

    def run(config: Path, environment: Mapping[str, str]) -> int:
        from monitor.cli.hangups import Hangups
        from monitor.cli.running import run_daemon

        os.environ.update(environment)
        return run_daemon(config, Hangups(), dry_run=False, strict=False)

    code = demonstrate(
        output, say=lambda line: click.echo(line), version=__version__, serve=run if serve else None
    )
    sys.exit(code)


for _command in (
    articles, completion, db, deliveries, digest, feeds, forget, healthcheck, ingest, matches, receivers, rules,
    search, service, silence, stories, web, why,
):  # fmt: skip
    cli.add_command(_command)
