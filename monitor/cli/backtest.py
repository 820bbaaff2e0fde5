"""`monitor rules backtest`: a rule, or a draft of one, over the stored archive."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.completion import complete_digests, complete_rules
from monitor.cli.options import CONFIG, JSON, times_of
from monitor.cli.output import print_json, print_lines
from monitor.cli.progress import INTERRUPTED, Progress
from monitor.core.text.terminal import printable
from monitor.model.errors import ConfigInvalid

if TYPE_CHECKING:
    from monitor.app.backtest import Answer, Backtest, Trial
    from monitor.app.backtest_sending import Sending
    from monitor.app.questions import House


@click.command(short_help="Try a rule or a draft on the stored articles.")
@click.option("--rule", metavar="ID", help="A rule as the rule files have it.", shell_complete=complete_rules)
@click.option("--query", metavar="QUERY", help="A draft; with --rule a draft of that rule.")
@click.option(
    "--since",
    default="7d",
    show_default=True,
    metavar="TIME",
    help="First seen then or later: 30d, 2023-02-22, or a time with offset.",
)
@click.option("--until", metavar="TIME", help="First seen before: 7d, or a time; a day counts as a whole.")
@click.option(
    "--limit", type=click.IntRange(0), help="List at most so many: 10 as text, else all unless given; 0 counts."
)
@click.option("--rules", "directory", type=click.Path(path_type=Path), help="A folder of rule files, or one file.")
@click.option(
    "--send",
    "digest",
    metavar="DIGEST",
    shell_complete=complete_digests,
    help="Send what was found to the receivers of this digest, once.",
)
@click.option("--dry-run", is_flag=True, help="With --send: show what would be sent; send nothing.")
@click.option("--yes", is_flag=True, help="With --send: do not ask.")
@CONFIG
@JSON
def backtest(
    rule: str | None,
    query: str | None,
    since: str,
    until: str | None,
    limit: int | None,
    directory: Path | None,
    digest: str | None,
    dry_run: bool,
    yes: bool,
    config: Path,
    as_json: bool,
) -> None:
    """Try a rule or a draft on the stored articles: what it would have matched, per day, and what that changes.

    A rule as the files have it is compared with the version last in force, a draft of it with that of the files,
    both with what was recorded. Changes nothing without --send. Ctrl-C ends it with what it has, exit status 130.

    \b
    Examples:
      monitor rules backtest --rule torkham-closed
      monitor rules backtest --query '@torkham NEAR/5 shut' --since 30d
      monitor rules backtest --rule torkham-closed --send border-morning --dry-run
    """  # fmt: skip
    if rule is None and query is None:
        raise click.UsageError("Name a --rule, or write a --query.")
    if digest is None and (dry_run or yes):
        raise click.UsageError("--dry-run and --yes go with --send.")
    from zoneinfo import ZoneInfo

    from monitor.app.backtest import Backtest, zone_of
    from monitor.app.backtest_words import SHOWN, backtest_lines, summary_json
    from monitor.app.questions import opened
    from monitor.app.search import Asked, prepare

    with opened(config, os.environ) as house:
        house.expect(digest=digest)
        zone = ZoneInfo(zone_of(house.settings))
        begins, ends = times_of(since, until, zone)
        trial = _trial(house, config, rule, query, directory)
        shown = SHOWN if limit is None and not as_json else limit
        asked = Asked(trial.tried.rule.query, begins, ends, shown)
        test = Backtest(house.store.archive, house.store.ledger, trial, asked, zone, 0 if as_json else shown or 0)
        begun = time.monotonic()
        progress = Progress()
        stopped = False
        found: list[Answer] = []
        try:
            if behind := prepare(house.store.archive, house.store.holder(), progress.of("articles indexed, once")):
                click.echo(behind, err=True)
            _run(test, progress, as_json, found if digest else None)
        except KeyboardInterrupt:
            stopped = True
        progress.hide()
        now = house.clock.now()
        if not as_json:
            print_lines(backtest_lines(test, now, time.monotonic() - begun, stopped=stopped))
        sent = None
        if digest is not None and not stopped:
            sent = _send(house, test, found, digest, dry_run=dry_run, yes=yes, as_json=as_json)
        if as_json:
            print_json([{**summary_json(test, now, stopped=stopped), "sending": sent}])
    sys.exit(INTERRUPTED if stopped else 1 if test.tally.failures else 0)


def _trial(house: House, config: Path, rule: str | None, query: str | None, directory: Path | None) -> Trial:
    """What is tried; its warnings, or what is wrong with it, go to standard error."""
    from monitor.app.backtest import trial_of

    try:
        trial = trial_of(house, config, os.environ, rule=rule, query=query, directory=directory)
    except ConfigInvalid as error:
        click.echo(printable(str(error), keep_newlines=True), err=True)
        sys.exit(2)
    for problem in trial.warnings:
        click.echo(printable(str(problem), keep_newlines=True), err=True)
    return trial


def _run(test: Backtest, progress: Progress, as_json: bool, found: list[Answer] | None) -> None:
    """All of it; each article as soon as it is found, for programs. What matches is kept for who wants it."""
    from monitor.app.backtest_words import answer_json

    printed = 0
    for answer in test.run(progress.of("candidates read")):
        if found is not None and answer.match is not None:
            found.append(answer)
        if as_json and (test.asked.limit is None or printed < test.asked.limit):
            printed += 1
            progress.hide()
            print_json([answer_json(test, answer)])


def _send(
    house: House, test: Backtest, found: list[Answer], digest: str, *, dry_run: bool, yes: bool, as_json: bool
) -> dict[str, object]:
    """Sends it unless somebody says no, and says what came of it."""
    from monitor.app import backtest_sending as app

    sending: Sending = app.prepare(house, test, found, digest)
    if not as_json:
        click.echo()
    if dry_run and not as_json:
        for text in app.sending_text(sending):
            click.echo(text)
    if sending.plan is not None and not dry_run:
        if not yes:
            sys.stdout.flush()
            click.confirm(app.question(sending), abort=True, err=True)
        app.send(house, sending)
    if not as_json:
        print_lines(app.sending_lines(sending, house.store.holder(), dry_run=dry_run))
    return app.sending_json(sending, sent=not dry_run)
