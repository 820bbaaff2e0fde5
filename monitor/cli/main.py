"""The command `monitor` and its groups. Each command imports what it needs: `--help` stays quick."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from monitor import __version__
from monitor.core.text.terminal import printable
from monitor.model.errors import ConfigInvalid, MonitorError

CONFIG = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config.toml"),
    show_default=True,
    help="The config file.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="JSON lines instead of text.")


class Doors(click.Group):
    """A group whose errors of ours become one sentence, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; exit 2 for files that do not hold, 1 for everything else of ours."""
        try:
            return super().invoke(ctx)
        except ConfigInvalid as error:
            click.echo(printable(str(error), keep_newlines=True), err=True)
            click.echo("\nNothing was started.", err=True)
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

    report = examine(config, environment=os.environ)
    if as_json:
        _print_json(
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
@click.option("-v", "--verbose", is_flag=True, help="Also log what came to nothing.")
def run(config: Path, once: bool, dry_run: bool, verbose: bool) -> None:
    """Run the daemon, or one pass with --once.

    It runs until SIGTERM or Ctrl-C, ends within 10 seconds, and loses nothing.

    With --once the exit status is 0 when all went well, 1 when a delivery failed or nothing could be polled,
    2 when the config does not hold.

    \b
    Examples:
      monitor run
      monitor run --dry-run            what would be sent, without sending
      monitor run --once -c desk/config.toml
    """
    from monitor.cli import logs
    from monitor.cli.running import run_daemon, run_pass

    # One pass ends with a summary of all that went wrong: the log would only say it twice.
    logs.configure(verbose=verbose, environment_no_color="NO_COLOR" in os.environ, quiet=once and not verbose)
    code = run_pass(config, dry_run=dry_run) if once else run_daemon(config, dry_run=dry_run)
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: a stage that had to be left behind must not keep the process alive.
    os._exit(code)


@cli.command()
@click.argument("url")
@click.option("--rule", help="Only what this rule said.")
@CONFIG
@JSON
def why(url: str, rule: str | None, config: Path, as_json: bool) -> None:
    """Why did I (not) get this? The fate of one entry.

    From the feed it was seen in to the inboxes it reached, with each rule's answer.

    \b
    Examples:
      monitor why https://www.dawn.com/news/1234567
      monitor why https://www.dawn.com/news/1234567 --rule torkham-closed
    """
    from monitor.app.questions import opened
    from monitor.app.why import why as ask
    from monitor.app.why_words import why_json, why_lines

    url = url.encode("utf-8", "replace").decode()  # half a character is no part of an address
    with opened(config, os.environ) as house:
        names = [digest.name for digest in house.settings.digests]
        answer = ask(house.store, url, house.ruleset, rule=rule, digests=names)
    if as_json:
        _print_json(why_json(answer))
    else:
        _print(why_lines(answer))
    sys.exit(0 if answer.fates else 1)


@cli.command()
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
    from monitor.app.status import status_json, status_lines

    with opened(config, os.environ) as house:
        found = house.status()
    if as_json:
        _print_json([status_json(found)])
    else:
        _print(status_lines(found))


@cli.group()
def digest() -> None:
    """Digests: what would be sent now."""


@digest.command()
@click.argument("name")
@click.option(
    "--as",
    "form",
    type=click.Choice(["text", "html", "slack", "json"]),
    default="text",
    show_default=True,
    help="What the digest is rendered as.",
)
@CONFIG
def preview(name: str, form: str, config: Path) -> None:
    """Print what digest NAME would say now, without sending anything.

    \b
    Examples:
      monitor digest preview border-morning
      monitor digest preview border-morning --as html > digest.html
    """
    from monitor.app.questions import opened, preview_of

    with opened(config, os.environ) as house:
        for text in preview_of(house, name, form):
            click.echo(text)


@cli.group()
def rules() -> None:
    """Rules: try them on documents."""


@rules.command("match")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True), default="-")
@click.option("--rules", "directory", type=click.Path(path_type=Path), help="A folder of rule files, or one file.")
@CONFIG
def match_documents(file: Path, directory: Path | None, config: Path) -> None:
    """Match documents (JSON lines) against rules; matches come out as JSON lines.

    A document needs "id", "title" and "body"; a line that is no document is reported on standard error with
    its number, the others go on, and the exit status is 1.

    \b
    Examples:
      monitor rules match --rules rules/ documents.jsonl
      echo '{"id": "1", "title": "Torkham closed", "body": ""}' | monitor rules match --rules rules/
    """
    from monitor.app.offline import match_lines, rules_from

    ruleset = rules_from(directory, config, os.environ)
    problems = 0
    with click.open_file(str(file), encoding="utf-8", errors="replace") as lines:
        for one in match_lines(ruleset, lines):
            if one.problem is not None:
                problems += 1
                click.echo(f"{'standard input' if str(file) == '-' else file}:{one.problem}", err=True)
            else:
                _print_json([one.match or {}])
    sys.exit(1 if problems else 0)


@cli.command()
@click.option(
    "--output", type=click.Path(path_type=Path), help="Where to keep the results; default: a new folder."
)
@click.option("-v", "--verbose", is_flag=True, help="Show the pipeline's log.")
def demo(output: Path | None, verbose: bool) -> None:
    """See the whole pipeline work on sample stories.

    Three feeds (RSS, Atom, JSON Feed) and their pages are served over local HTTP; the pipeline polls, reads,
    matches and delivers as it would in earnest, and the digest is printed.

    \b
    Examples:
      monitor demo
      monitor demo --output /tmp/demo
    """
    from monitor.app.demonstration import demonstrate
    from monitor.cli import logs

    logs.configure(verbose=verbose, environment_no_color="NO_COLOR" in os.environ, quiet=not verbose)
    code = demonstrate(output, say=lambda line: click.echo(line), version=__version__)
    sys.exit(code)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(printable(line))


def _print_json(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        line = json.dumps(row, ensure_ascii=False)
        try:
            line.encode()
        except UnicodeEncodeError:  # half a character, from a document that has one: written as \ud83d
            line = json.dumps(row)
        click.echo(line)
