"""`monitor rules …`: rules tried on documents."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.completion import complete_rules
from monitor.cli.options import CONFIG, JSON, times_of
from monitor.cli.output import print_json, print_lines
from monitor.cli.progress import INTERRUPTED, Progress
from monitor.core.text.terminal import printable
from monitor.model.errors import ConfigInvalid

if TYPE_CHECKING:
    from monitor.app.backtest import Backtest


@click.group()
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
    from monitor.cli.streams import lines_of

    ruleset = rules_from(directory, config, os.environ)
    problems = 0
    for one in match_lines(ruleset, lines_of(file)):
        if one.problem is not None:
            problems += 1
            click.echo(f"{'standard input' if str(file) == '-' else file}:{one.problem}", err=True)
        else:
            print_json([one.match or {}])
    sys.exit(1 if problems else 0)


@rules.command()
@click.argument("rule", required=False, shell_complete=complete_rules)
@click.option(
    "--query", help="A query to explain instead of a rule; it may use the entities and terms of the rules."
)
@click.option(
    "--text",
    "file",
    type=click.Path(allow_dash=True),
    help="A text, or documents (JSON lines); - is standard input.",
)
@click.option("--url", help="A stored article by its URL.")
@click.option("--title", help="The title of a plain text, or a title alone.")
@click.option("--rules", "directory", type=click.Path(path_type=Path), help="A folder of rule files, or one file.")
@CONFIG
@JSON
def explain(
    rule: str | None,
    query: str | None,
    file: str | None,
    url: str | None,
    title: str | None,
    directory: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    """Explain why RULE matches a text or not: operand by operand, with the words found.

    The text comes from a file or from the store; the rules are those of today.

    \b
    Examples:
      monitor rules explain torkham-closed --text story.txt
      monitor rules explain torkham-closed --url https://www.dawn.com/news/1234567
      monitor rules explain --query '@torkham NEAR/5 shut' --title 'Torkham shut again'
    """
    from monitor.app.explain_words import explained_json, explained_lines
    from monitor.app.explaining import Question, answers
    from monitor.cli.streams import standard_input
    from monitor.model.problem import Gravity, Problem

    _check_question(rule, query, file, url, title)
    url = url and url.encode("utf-8", "replace").decode()  # half a character is no part of an address
    question = Question(config, directory, rule, query, file, title, url)
    failed = shown = False
    for one in answers(question, os.environ, standard_input()):
        if isinstance(one, Problem):
            failed = failed or one.gravity is Gravity.ERROR
            click.echo(printable(str(one), keep_newlines=True), err=True)
        elif as_json:
            print_json([explained_json(one)])
        else:
            print_lines(["", *explained_lines(one)] if shown else explained_lines(one))
            shown = True
    sys.exit(1 if failed else 0)


@rules.command()
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
@CONFIG
@JSON
def backtest(
    rule: str | None,
    query: str | None,
    since: str,
    until: str | None,
    limit: int | None,
    directory: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    """Try a rule or a draft on the stored articles: what it would have matched, per day, and what that changes.

    A rule as the files have it is compared with the version last in force, a draft of it with that of the files,
    both with what was recorded. Sends nothing. Ctrl-C ends it with what it has, and exit status 130.

    \b
    Examples:
      monitor rules backtest --rule torkham-closed
      monitor rules backtest --query '@torkham NEAR/5 shut' --since 30d
      monitor rules backtest --rule torkham-closed --query 'SENTENCE(@torkham AND $closed)' --json
    """
    if rule is None and query is None:
        raise click.UsageError("Name a --rule, or write a --query.")
    from zoneinfo import ZoneInfo

    from monitor.app.backtest import Backtest, trial_of, zone_of
    from monitor.app.backtest_words import SHOWN, backtest_lines, summary_json
    from monitor.app.questions import opened
    from monitor.app.search import Asked, catch_up

    with opened(config, os.environ) as house:
        zone = ZoneInfo(zone_of(house.settings))
        begins, ends = times_of(since, until, zone)
        try:
            trial = trial_of(house, config, os.environ, rule=rule, query=query, directory=directory)
        except ConfigInvalid as error:
            click.echo(printable(str(error), keep_newlines=True), err=True)
            sys.exit(2)
        for problem in trial.warnings:
            click.echo(printable(str(problem), keep_newlines=True), err=True)
        shown = SHOWN if limit is None and not as_json else limit
        asked = Asked(trial.tried.rule.query, begins, ends, shown)
        keep = 0 if as_json or shown is None else shown
        test = Backtest(house.store.archive, house.store.ledger, trial, asked, zone, keep)
        begun = time.monotonic()
        progress = Progress()
        stopped = False
        try:
            catch_up(house.store.archive, progress.of("articles indexed, once"))
            _run(test, progress, as_json)
        except KeyboardInterrupt:
            stopped = True
        progress.hide()
        now = house.clock.now()
        if as_json:
            print_json([summary_json(test, now, stopped=stopped)])
        else:
            print_lines(backtest_lines(test, now, time.monotonic() - begun, stopped=stopped))
    sys.exit(INTERRUPTED if stopped else 1 if test.tally.failures else 0)


def _run(test: Backtest, progress: Progress, as_json: bool) -> None:
    """All of it; each article as soon as it is found, for programs."""
    from monitor.app.backtest_words import answer_json

    printed = 0
    for answer in test.run(progress.of("candidates read")):
        if as_json and (test.asked.limit is None or printed < test.asked.limit):
            printed += 1
            progress.hide()
            print_json([answer_json(test, answer)])


def _check_question(
    rule: str | None, query: str | None, file: str | None, url: str | None, title: str | None
) -> None:
    if (rule is None) == (query is None):
        raise click.UsageError("Name a RULE, or write a --query.")
    if url is not None and (file is not None or title is not None):
        raise click.UsageError("--url is an article with its own words: leave --text and --title out.")
    if url is None and file is None and title is None:
        raise click.UsageError(
            "Say what to explain it on: --text FILE (- is standard input), --title TEXT, "
            "or --url URL of a stored article."
        )
